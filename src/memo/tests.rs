use super::key::{MemoId, MemoKey};

#[test]
fn a_key_comes_back_from_its_text() {
    let key = MemoKey::generate();
    let text = key.to_text();
    assert_eq!(text.len(), 44);
    assert!(MemoKey::from_text(&text).is_ok_and(|again| again.bytes() == key.bytes()));
}

#[test]
fn an_id_comes_back_from_its_text() {
    let id = MemoId::generate();
    assert_eq!(id.to_string().len(), 22);
    assert_eq!(id.to_string().parse(), Ok(id));
}
