#[test]
fn parses() {
    let s = super::Sdp::parse(b"v=0\no=- 1 1 IN IP4 192.0.2.1\n").expect("minimal");
    assert!(s.media.is_empty());
}
