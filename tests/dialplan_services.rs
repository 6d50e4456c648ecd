//! What dialplans reach on the machine, tried with a real store, real programs and real sockets on the loopback.

#[path = "common/program.rs"]
mod program;

use obelus::config::{Config, Dialplan};
use obelus::dialplan::services::{AgiError, AgiPeer, AgiTarget, Fetch, Services};
use obelus::io::services::Machine;
use obelus::limits;
use obelus::memo::store::Store;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Nothing here takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a test in a folder of its own, within the bound.
fn within<F: std::future::Future<Output = ()>>(test: impl FnOnce(tempfile::TempDir) -> F) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime can be made");
    let done = runtime.block_on(async { tokio::time::timeout(PATIENCE, test(folder)).await });
    done.expect("it is done in time");
}

fn machine(store: &Store, config: &Dialplan) -> Machine {
    Machine::new(config, store.database())
}

fn open(folder: &Path) -> Store {
    Store::open(&folder.join("data")).expect("the store opens")
}

fn plain() -> Dialplan {
    Config::default().dialplan
}

fn script(folder: &Path, name: &str, text: &str) {
    program::write(&folder.join(name), text);
}

fn program_of(name: &str, arguments: &[&str]) -> AgiTarget {
    AgiTarget::Program {
        name: name.into(),
        arguments: arguments.iter().map(|argument| (*argument).into()).collect(),
    }
}

#[test]
fn the_database_survives_a_restart() {
    within(|folder| async move {
        {
            let store = open(folder.path());
            let machine = machine(&store, &plain());
            machine.db_put("a", "b", "1").expect("a value is set");
            machine.db_put("a", "c/d", "zwei").expect("a value is set");
            machine.db_put("ab", "x", "3").expect("a value is set");
            machine.db_put("a", "gone", "4").expect("a value is set");
            assert_eq!(machine.db_delete("a", "gone"), Ok(true));
            assert_eq!(machine.db_delete("a", "gone"), Ok(false));
            store.database().sync().expect("it is made durable");
        }
        let store = reopened(folder.path()).await;
        let machine = machine(&store, &plain());
        assert_eq!(machine.db_get("a", "b").as_deref(), Some("1"));
        assert_eq!(machine.db_get("a", "gone"), None);
        assert_eq!(machine.db_keys(""), ["a/b", "a/c/d", "ab/x"]);
        assert_eq!(machine.db_keys("a/"), ["a/b", "a/c/d"]);
        assert_eq!(machine.db_delete_tree("a", ""), Ok(2));
        assert_eq!(machine.db_keys(""), ["ab/x"]);
        // Memos are not among them, nor it among memos.
        assert_eq!(store.count(), 0);
        let long = "k".repeat(limits::DATABASE_KEY_BYTES);
        assert!(machine.db_put("a", &long, "1").is_err());
        assert!(machine
            .db_put("a", "b", &"v".repeat(limits::VARIABLE_BYTES + 1))
            .is_err());
    });
}

/// A store is free once the last handle is gone, which a task that ends may hold a moment longer.
async fn reopened(folder: &Path) -> Store {
    loop {
        match Store::open(&folder.join("data")) {
            Ok(store) => return store,
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

#[test]
fn a_command_answers_within_its_time() {
    within(|folder| async move {
        let store = open(folder.path());
        let machine = machine(&store, &plain());
        let ran = machine
            .run("printf '%s' \"$HOME$PATH\"; exit 3", PATIENCE)
            .await
            .expect("it runs");
        assert_eq!(
            (
                ran.status,
                ran.output.contains("/usr/bin"),
                ran.output.contains("root")
            ),
            (3, true, false)
        );
        let ran = machine.run("kill -9 $$", PATIENCE).await.expect("it runs");
        assert_eq!(ran.status, -9);
        // What is left in the background holds nobody up, and lives on.
        let marker = folder.path().join("done");
        let line = format!("(sleep 0.3; touch {}) & echo begun", marker.display());
        assert_eq!(
            machine.run(&line, PATIENCE).await.expect("it runs").output,
            "begun\n"
        );
        while !marker.exists() {
            tokio::task::yield_now().await;
        }
        // More than a variable holds is read to its end, and cut.
        let ran = machine
            .run("head -c 300000 /dev/zero | tr '\\0' x; exit 5", PATIENCE)
            .await
            .expect("it runs");
        assert_eq!((ran.status, ran.output.len()), (5, limits::VARIABLE_BYTES));
    });
}

/// The clock stands still, and goes on only where everybody waits for it.
#[tokio::test(start_paused = true)]
async fn a_command_that_takes_too_long_is_ended_with_all_that_it_started() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = open(folder.path());
    let pid = folder.path().join("pid");
    let line = format!("sleep 1000 & echo $! > {}; wait", pid.display());
    // Its time does not pass before it has begun.
    let number = async {
        loop {
            match std::fs::read_to_string(&pid) {
                Ok(number) if number.ends_with('\n') => return number,
                _ => tokio::task::yield_now().await,
            }
        }
    };
    let machine = machine(&store, &plain());
    let (ran, number) = tokio::join!(machine.run(&line, Duration::from_secs(30)), number);
    let error = ran.expect_err("it takes too long");
    assert!(error.contains("not done after 30 s"), "{error}");
    gone(&number).await;
}

/// Waits until a process is no more, or a zombie that somebody else is to reap.
async fn gone(pid: &str) {
    let stat = format!("/proc/{}/stat", pid.trim());
    while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        tokio::task::yield_now().await;
    }
}

#[test]
fn files_stay_in_their_folder() {
    within(|folder| async move {
        let store = open(folder.path());
        let files = folder.path().join("files");
        std::fs::create_dir_all(files.join("sub")).expect("a folder can be made");
        std::fs::write(folder.path().join("secret"), "s").expect("a file can be written");
        std::os::unix::fs::symlink(folder.path().join("secret"), files.join("link"))
            .expect("a link can be made");
        std::os::unix::fs::symlink(folder.path(), files.join("up")).expect("a link can be made");
        nix::unistd::mkfifo(&files.join("pipe"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe can be made");
        let config = Dialplan {
            files: Some(files.clone()),
            ..plain()
        };
        let machine = machine(&store, &config);
        machine.write_file("sub/a", "one", false).expect("it is written");
        machine.write_file("sub/a", "two", true).expect("it is written");
        assert_eq!(machine.read_file("sub/a").as_deref(), Ok("onetwo"));
        let absolute = files.join("sub/a").display().to_string();
        assert_eq!(machine.read_file(&absolute).as_deref(), Ok("onetwo"));
        machine.write_file("sub/a", "x", false).expect("it is written");
        assert_eq!(
            machine
                .file_facts("sub/a")
                .map(|facts| (facts.is_file, facts.size, facts.mode)),
            Some((true, 1, 0o600))
        );
        assert_eq!(machine.file_facts("sub").map(|facts| facts.is_folder), Some(true));
        for path in [
            "../secret",
            "link",
            "up/secret",
            "/etc/passwd",
            "sub/../../secret",
            "pipe",
            "sub",
            "",
            "a\0b",
            "none/a",
        ] {
            assert!(machine.read_file(path).is_err(), "{path:?}");
            assert!(machine.write_file(path, "x", false).is_err(), "{path:?}");
        }
        assert_eq!(
            std::fs::read_to_string(folder.path().join("secret"))
                .as_deref()
                .ok(),
            Some("s")
        );
        assert!(machine.file_facts("up/secret").is_none() && machine.file_facts("../secret").is_none());
        let none = Machine::new(&plain(), store.database());
        assert!(none.read_file("sub/a").is_err() && none.file_facts("/etc/passwd").is_none());
    });
}

#[test]
fn the_environment_is_what_the_configuration_read() {
    within(|folder| async move {
        let store = open(folder.path());
        let value = obelus::secret::Secret::new("paris".into());
        let config = Dialplan {
            environment: vec![("SITE".into(), value)],
            ..plain()
        };
        let machine = machine(&store, &config);
        assert_eq!(machine.environment("SITE").as_deref(), Some("paris"));
        assert_eq!(machine.environment("PATH"), None);
    });
}

/// A web server that gives each request, as it came, to `answer`.
async fn web(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a socket can be bound");
    let address = listener.local_addr().expect("it has an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            let mut piece = [0; 4_096];
            while let Ok(length @ 1..) = stream.read(&mut piece).await {
                request.extend_from_slice(&piece[..length]);
                let text = String::from_utf8_lossy(&request);
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                let lines = head.lines().filter_map(|line| line.split_once(": "));
                let length = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
                let length = length
                    .filter_map(|(_, length)| length.parse::<usize>().ok())
                    .next();
                if body.len() >= length.unwrap_or(0) {
                    let _ = stream.write_all(answer(&text).as_bytes()).await;
                    break;
                }
            }
        }
    });
    address
}

fn answer(status: &str, extra: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{extra}\r\n{body}",
        body.len()
    )
}

#[test]
fn curl_asks_what_it_may() {
    within(|folder| async move {
        let store = open(folder.path());
        let other = web(|_| answer("200 OK", "", "stolen")).await;
        let address = web(move |request| {
            let path = request.split(' ').nth(1).unwrap_or_default();
            match path {
                "/echo" => answer("200 OK", "", request),
                "/big" => answer("200 OK", "", &"x".repeat(300_000)),
                "/missing" => answer("404 Not Found", "x-why: gone\r\n", "no such thing"),
                "/again" => answer("302 Found", "location: /echo\r\n", ""),
                "/loop" => answer("302 Found", "location: /loop\r\n", ""),
                "/away" => answer("302 Found", &format!("location: http://{other}/\r\n"), ""),
                "/localhost" => answer(
                    "302 Found",
                    &format!("location: http://localhost:{}/\r\n", other.port()),
                    "",
                ),
                _ => answer("500 Error", "", path),
            }
        })
        .await;
        let config = Dialplan {
            curl: vec![
                format!("http://{address}/"),
                format!("http://localhost:{}/", address.port()),
                format!("http://localhost:{}/", other.port()),
            ],
            ..plain()
        };
        let machine = machine(&store, &config);
        let get = |path: &str| Fetch {
            url: format!("http://{address}{path}"),
            ..Fetch::default()
        };
        let request = Fetch {
            body: Some("a=1".into()),
            headers: vec!["X-One: 1".into()],
            credentials: Some("u:p".into()),
            connect_time: Some(Duration::from_secs(5)),
            ..get("/echo")
        };
        let echoed = machine
            .fetch(request.clone())
            .await
            .expect("it is answered")
            .to_lowercase();
        for part in [
            "post /echo",
            "x-one: 1",
            "authorization: basic dtpw",
            "application/x-www-form-urlencoded",
            "\r\n\r\na=1",
        ] {
            assert!(echoed.contains(part), "{part} in {echoed}");
        }
        assert_eq!(
            machine.fetch(get("/big")).await.expect("it is answered").len(),
            limits::CURL_BYTES
        );
        assert_eq!(
            machine.fetch(get("/missing")).await.as_deref(),
            Ok("no such thing")
        );
        let codes = Fetch {
            failure_codes: vec![404],
            ..get("/missing")
        };
        assert!(machine.fetch(codes).await.is_err());
        let head = machine
            .fetch(Fetch {
                with_head: true,
                ..get("/missing")
            })
            .await
            .expect("it is answered");
        assert!(
            head.contains("404") && head.contains("x-why: gone\r\n") && head.ends_with("no such thing"),
            "{head}"
        );
        // Redirections are followed where that is asked for, and looked at.
        assert_eq!(machine.fetch(get("/again")).await.as_deref(), Ok(""));
        let followed = machine
            .fetch(Fetch {
                redirections: 2,
                url: get("/again").url,
                ..request
            })
            .await;
        assert!(followed.expect("it is answered").starts_with("GET /echo"));
        assert_eq!(
            machine
                .fetch(Fetch {
                    redirections: 2,
                    ..get("/loop")
                })
                .await
                .as_deref(),
            Ok("")
        );
        let away = machine
            .fetch(Fetch {
                redirections: 2,
                ..get("/away")
            })
            .await;
        assert!(away
            .expect_err("nobody named that server")
            .contains("does not name"));
        // A name leads to public addresses alone, whatever the configuration calls it.
        for url in [
            format!("http://localhost:{}/echo", address.port()),
            get("/localhost").url,
        ] {
            let refused = machine
                .fetch(Fetch {
                    url,
                    redirections: 2,
                    ..Fetch::default()
                })
                .await;
            let refused = refused.expect_err("localhost is no public address");
            assert!(refused.contains("no public address"), "{refused}");
        }
        for url in ["http://example.org/", "ftp://127.0.0.1/", "nonsense", ""] {
            assert!(
                machine
                    .fetch(Fetch {
                        url: url.into(),
                        ..Fetch::default()
                    })
                    .await
                    .is_err(),
                "{url}"
            );
        }
    });
}

#[test]
fn curl_does_not_wait_for_ever() {
    within(|folder| async move {
        let store = open(folder.path());
        // It accepts, and says nothing.
        let silent = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a socket can be bound");
        let address = silent.local_addr().expect("it has an address");
        let config = Dialplan {
            curl: vec![format!("http://{address}/")],
            ..plain()
        };
        let fetch = Fetch {
            url: format!("http://{address}/"),
            time: Some(Duration::from_millis(200)),
            ..Fetch::default()
        };
        let error = machine(&store, &config)
            .fetch(fetch)
            .await
            .expect_err("nothing is answered");
        assert_eq!(error, "no answer within 0.2 s");
    });
}

#[test]
fn an_agi_program_speaks_by_lines() {
    within(|folder| async move {
        // As a switch does from its start: a program inherits what is ignored, but not what is handled, and a shell cannot
        // trap a signal that it was started without, as under nohup.
        let _hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup());
        let store = open(folder.path());
        let agi = folder.path().join("agi");
        std::fs::create_dir_all(agi.join("sub")).expect("a folder can be made");
        script(
            &agi,
            "echo.sh",
            "#!/bin/sh\necho \"$1:$HOME\"\nwhile read line; do echo \"got $line\"; done\nexit 7\n",
        );
        script(&agi, "sub/deep.sh", "#!/bin/sh\nprintf 'no end'\n");
        script(
            &agi,
            "hup.sh",
            "#!/bin/sh\ntrap 'echo hup; exit 4' HUP\necho ready\nwhile :; do sleep 0.05; done\n",
        );
        script(
            &agi,
            "long.sh",
            "#!/bin/sh\nhead -c 100000 /dev/zero | tr '\\0' x\n",
        );
        script(folder.path(), "outside.sh", "#!/bin/sh\necho outside\n");
        std::os::unix::fs::symlink(folder.path().join("outside.sh"), agi.join("link.sh"))
            .expect("a link can be made");
        let config = Dialplan {
            agi_folder: Some(agi),
            ..plain()
        };
        let machine = machine(&store, &config);
        let begin = async |name: &str| machine.agi(program_of(name, &["one two"])).await;

        let mut peer = begin("echo.sh").await.expect("it begins");
        assert_eq!(peer.line().await.as_deref(), Some("one two:"));
        assert!(peer.send("a\nb\r\n").await);
        assert_eq!(peer.line().await.as_deref(), Some("got a"));
        assert_eq!(peer.line().await.as_deref(), Some("got b"));
        assert_eq!(peer.finish().await, 7);
        assert!(!peer.send("more\n").await);

        let mut peer = begin("sub/deep.sh").await.expect("it begins");
        assert_eq!(peer.line().await, None);
        assert_eq!(peer.finish().await, 0);

        let mut peer = begin("hup.sh").await.expect("it begins");
        assert_eq!(peer.line().await.as_deref(), Some("ready"));
        peer.hang_up(true).await;
        assert_eq!(peer.line().await.as_deref(), Some("hup"));
        assert_eq!(peer.finish().await, 4);

        let mut peer = begin("long.sh").await.expect("it begins");
        assert_eq!(peer.line().await, None);

        for name in [
            "none.sh",
            "link.sh",
            "../outside.sh",
            "sub/../../outside.sh",
            "/bin/sh",
            "",
            ".",
            "sub",
            "a\0b",
        ] {
            let refused = begin(name).await.err();
            assert!(
                matches!(refused, Some(AgiError::NotFound(_))),
                "{name:?}: {refused:?}"
            );
        }
        let none = Machine::new(&plain(), store.database());
        assert!(matches!(
            none.agi(program_of("echo.sh", &[])).await.err(),
            Some(AgiError::NotFound(_))
        ));
    });
}

#[test]
fn an_agi_program_that_nobody_waits_for_is_ended() {
    within(|folder| async move {
        let store = open(folder.path());
        let agi = folder.path().join("agi");
        std::fs::create_dir_all(&agi).expect("a folder can be made");
        script(&agi, "stay.sh", "#!/bin/sh\nsleep 1000 & echo $!\nwait\n");
        let config = Dialplan {
            agi_folder: Some(agi),
            ..plain()
        };
        let mut peer = machine(&store, &config)
            .agi(program_of("stay.sh", &[]))
            .await
            .expect("it begins");
        let pid = peer.line().await.expect("it tells the number of its child");
        // As where the call's task is ended.
        drop(peer);
        gone(&pid).await;
    });
}

#[test]
fn agi_over_the_network_reaches_the_hosts_that_are_named() {
    within(|folder| async move {
        let store = open(folder.path());
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a socket can be bound");
        let port = listener.local_addr().expect("it has an address").port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("somebody connects");
            let mut piece = [0; 64];
            let length = stream.read(&mut piece).await.expect("something is sent");
            stream.write_all(b"sent: ").await.expect("an answer can be sent");
            stream
                .write_all(&piece[..length])
                .await
                .expect("an answer can be sent");
        });
        let config = Dialplan {
            agi_hosts: vec![format!("127.0.0.1:{port}"), "localhost".into()],
            ..plain()
        };
        let machine = machine(&store, &config);
        let at = |host: &str, port| AgiTarget::Network {
            host: host.into(),
            port,
        };
        let mut peer: Box<dyn AgiPeer> = machine.agi(at("127.0.0.1", port)).await.expect("it begins");
        assert!(peer.send("hello\n").await);
        assert_eq!(peer.line().await.as_deref(), Some("sent: hello"));
        assert_eq!(peer.line().await, None);
        assert_eq!(peer.finish().await, 0);
        // Another port of the same host, and another host, are not named.
        for (host, port) in [("127.0.0.1", 4573), ("192.0.2.1", port), ("::1", port)] {
            assert!(
                matches!(
                    machine.agi(at(host, port)).await.err(),
                    Some(AgiError::NotFound(_))
                ),
                "{host}"
            );
        }
        // Named, but nobody listens there: a port that is held without listening.
        let held = tokio::net::TcpSocket::new_v4().expect("a socket can be made");
        held.bind("127.0.0.1:0".parse().expect("an address"))
            .expect("a port is free");
        let port = held.local_addr().expect("it has an address").port();
        assert!(matches!(
            machine.agi(at("localhost", port)).await.err(),
            Some(AgiError::Failed(_))
        ));
    });
}
