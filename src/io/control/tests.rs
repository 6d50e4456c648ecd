use super::*;
use crate::limits;
use crate::memo::record::Facts;
use crate::memo::store::NewMemo;
use futures_util::future::BoxFuture;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

fn store_with(folder: &Path, mailboxes: &[&str]) -> Store {
    let store = Store::open(folder).expect("the store opens");
    for (second, mailbox) in (1u64..).zip(mailboxes) {
        let (sealed, _) = crate::memo::seal::seal(crate::memo::wav::encode(vec![vec![0i16; 8_000].into()]));
        let facts = Facts {
            mailbox: Some((*mailbox).to_owned()),
            trunk: Some("voip-ms".into()),
            call_id: Some("a84b4c76e66710".into()),
            ..Facts::at("localhost", UNIX_EPOCH + Duration::from_secs(second))
        };
        let stored = store.insert(vec![NewMemo { sealed, facts }]);
        assert!(stored.iter().all(Result::is_ok), "{stored:?}");
    }
    store
}

struct Answers;

impl Switch for Answers {
    fn status(&self) -> BoxFuture<'static, Value> {
        Box::pin(async { json!({"calls": 3}) })
    }

    fn reload(&self) -> BoxFuture<'static, Value> {
        Box::pin(async { json!({"calls": null}) })
    }
}

fn switch() -> Control {
    Arc::new(Answers)
}

/// Asks from a thread of its own, as another process would.
async fn ask(folder: &Path, request: Request) -> Result<Vec<Value>, String> {
    let folder = folder.to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        let client = Client::connect(&folder)
            .expect("the socket may be opened")
            .expect("a switch runs");
        let mut lines = Vec::new();
        client
            .ask(&request, |line| lines.push(line))
            .map_err(|error| error.to_string())?;
        Ok(lines)
    });
    asked.await.expect("the client does not panic")
}

#[tokio::test]
async fn memos_are_listed_shown_and_deleted() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = store_with(folder.path(), &["main", "sales", "main"]);
    let _server = serve(folder.path(), store.clone(), switch()).expect("the socket can be made");

    let all = ask(folder.path(), Request::MemoList { mailbox: None })
        .await
        .expect("the list comes");
    let times: Vec<&Value> = all.iter().map(|memo| &memo["created_at"]).collect();
    assert_eq!(
        times,
        [
            "1970-01-01T00:00:03.000Z",
            "1970-01-01T00:00:02.000Z",
            "1970-01-01T00:00:01.000Z"
        ]
    );
    assert_eq!(all[0]["seconds"], 1.0);
    let sales = ask(
        folder.path(),
        Request::MemoList {
            mailbox: Some("sales".into()),
        },
    )
    .await
    .expect("the list comes");
    assert_eq!(sales, all[1..2]);

    let id = all[1]["id"].as_str().expect("an id").to_owned();
    let shown = ask(folder.path(), Request::MemoShow { id: id.clone() })
        .await
        .expect("the memo comes");
    assert_eq!(shown, all[1..2]);
    assert_eq!(
        ask(folder.path(), Request::MemoDelete { id: id.clone() }).await,
        Ok(vec![])
    );
    assert_eq!(store.count(), 2);
    let gone = Err(format!("there is no memo {id:?}"));
    assert_eq!(
        ask(folder.path(), Request::MemoShow { id: id.clone() }).await,
        gone
    );
    assert_eq!(ask(folder.path(), Request::MemoDelete { id }).await, gone);
    let strange = ask(
        folder.path(),
        Request::MemoShow {
            id: "../../etc".into(),
        },
    )
    .await;
    assert_eq!(strange, Err("there is no memo \"../../etc\"".into()));
}

#[tokio::test]
async fn a_long_list_is_told_whole() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = store_with(folder.path(), &["main"]);
    let mut count = 0;
    // The server pages through the store; the pages' seams are where a memo could be lost.
    let facts = |second| Facts {
        ..Facts::at("localhost", UNIX_EPOCH + Duration::from_secs(second))
    };
    let batch = (0..2 * PAGE as u64).map(|second| NewMemo {
        sealed: crate::memo::seal::seal(crate::memo::wav::encode(vec![])).0,
        facts: facts(second),
    });
    assert!(store.insert(batch.collect()).iter().all(Result::is_ok));
    let listed = perform(&Request::MemoList { mailbox: None }, &store, &mut |_| {
        count += 1;
        true
    });
    assert_eq!((listed, count), (Ok(()), 2 * PAGE + 1));
}

#[tokio::test]
async fn the_status_is_what_the_switch_says() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let _server =
        serve(folder.path(), store_with(folder.path(), &[]), switch()).expect("the socket can be made");
    assert_eq!(
        ask(folder.path(), Request::Status).await,
        Ok(vec![json!({"calls": 3})])
    );
}

#[tokio::test]
async fn only_the_owner_may_ask_and_a_dead_switchs_socket_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = store_with(folder.path(), &[]);
    let socket = path(folder.path());
    // A process that was killed leaves its socket behind. This one never listened: what another test starts meanwhile
    // has a copy of ours for a moment, and would listen on it.
    let dead = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)
        .expect("a socket can be made");
    let address = socket2::SockAddr::unix(&socket).expect("the path is short");
    dead.bind(&address).expect("the path is free");
    drop(dead);
    assert!(Client::connect(folder.path()).expect("nobody listens").is_none());
    let server = serve(folder.path(), store.clone(), switch()).expect("the stale socket is replaced");
    let mode = std::fs::metadata(&socket)
        .expect("the socket is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let second = serve(folder.path(), store, switch()).expect_err("somebody listens");
    assert_eq!(second.kind(), std::io::ErrorKind::AddrInUse);
    assert_eq!(
        ask(folder.path(), Request::Status).await,
        Ok(vec![json!({"calls": 3})])
    );
    server.stop();
    assert!(!socket.exists());
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("the folder is there")
        .flatten()
        .collect();
    assert!(
        left.iter()
            .all(|entry| !entry.file_name().to_string_lossy().starts_with(".ctl")),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_is_reached_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let deep = folder.path().join("d".repeat(120)).join("e".repeat(120));
    std::fs::create_dir_all(&deep).expect("the folders can be made");
    let _server = serve(&deep, store_with(&deep, &[]), switch()).expect("the socket can be made");
    assert_eq!(ask(&deep, Request::Status).await, Ok(vec![json!({"calls": 3})]));
    assert!(Client::connect(&folder.path().join("absent"))
        .expect("nobody listens")
        .is_none());
}

#[tokio::test]
async fn nonsense_is_refused_and_the_next_client_served() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let _server =
        serve(folder.path(), store_with(folder.path(), &[]), switch()).expect("the socket can be made");
    let endless = "x".repeat(limits::CONTROL_REQUEST_BYTES + 1);
    for nonsense in ["x\n", "{}\n", "{\"request\":\"format-disk\"}\n", &endless] {
        let (socket, nonsense) = (path(folder.path()), nonsense.to_owned());
        let is_endless = nonsense.len() > limits::CONTROL_REQUEST_BYTES;
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = std::os::unix::net::UnixStream::connect(socket).expect("the switch listens");
            // The server may hang up before it has all of an endless line.
            let _ = stream.write_all(nonsense.as_bytes());
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer);
            answer
        });
        let answer = answer.await.expect("the client does not panic");
        let refused =
            answer.starts_with("{\"done\":false,\"error\":\"this switch does not know the request: ");
        assert!(refused || (is_endless && answer.is_empty()), "{answer}");
    }
    assert_eq!(
        ask(folder.path(), Request::Status).await,
        Ok(vec![json!({"calls": 3})])
    );
}
