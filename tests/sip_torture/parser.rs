//! What the parser makes of them.

use crate::table::{read, Parse, CASES};
use obelus::sip::message::{Message, Method, Request};
use std::path::Path;
use Parse::{Accept, Discard, Refuse};

#[test]
fn every_message_of_both_rfcs_is_in_the_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sip-torture");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut table: Vec<String> = CASES.iter().map(|case| format!("{}.dat", case.file)).collect();
    files.sort();
    table.sort();
    assert_eq!(files, table);
    assert!(CASES.iter().all(|case| !case.reason.is_empty()));
}

#[test]
fn the_parser_reads_and_refuses_as_the_rfcs_ask() {
    let mut wrong = Vec::new();
    for case in &CASES {
        let got = match Message::parse(&read(case)) {
            Ok(_) => Accept,
            Err(error) => match error.response() {
                Some(response) => Refuse(response.status),
                None => Discard,
            },
        };
        if got != case.parse {
            wrong.push(format!(
                "{}: {:?} wanted, {got:?} ({})",
                case.file, case.parse, case.reason
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_read_prints_so_that_it_reads_the_same() {
    for case in CASES.iter().filter(|case| case.parse == Accept) {
        let message = Message::parse(&read(case)).unwrap();
        let printed = message.to_bytes();
        let again = Message::parse(&printed).unwrap_or_else(|error| panic!("{}: {error}", case.file));
        assert_eq!(again.to_bytes(), printed, "{}", case.file);
    }
}

fn request(file: &str) -> Request {
    let case = CASES.iter().find(|case| case.file == file).unwrap();
    match Message::parse(&read(case)) {
        Ok(Message::Request(request)) => request,
        other => panic!("{file}: a request expected, {other:?}"),
    }
}

#[test]
fn the_values_that_the_messages_hide_are_found() {
    let wsinv = request("wsinv");
    assert_eq!(wsinv.headers.to().unwrap().tag(), Some("1918181833n"));
    assert_eq!(
        wsinv.headers.from().unwrap().display.as_deref(),
        Some("J Rosenberg \\\"")
    );
    assert_eq!(wsinv.headers.max_forwards(), Ok(Some(68)));
    assert_eq!(wsinv.headers.cseq().unwrap().number, 9);
    assert_eq!(
        wsinv.headers.get("NewFangledHeader"),
        Some("newfangled value continued newfangled value")
    );
    let vias = wsinv.headers.vias().unwrap();
    let branches: Vec<_> = vias.iter().map(|via| via.branch().unwrap()).collect();
    assert_eq!(branches, ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"]);
    let contact = &wsinv.headers.contacts().unwrap()[0];
    assert_eq!(
        (contact.param("newparam"), contact.param("q")),
        (Some("newvalue"), Some("0.33"))
    );
    assert_eq!(wsinv.body.len(), 150);

    let esc01 = request("esc01");
    assert_eq!(esc01.uri.user, "sips:user@example.com");
    assert_eq!(esc01.headers.to().unwrap().uri.user, "user");
    let contact = &esc01.headers.contacts().unwrap()[0];
    assert_eq!(contact.uri.user, "caller");
    assert!(contact.uri.has_param("lr"));
    assert_eq!(contact.uri.param("name"), Some("value%41"));

    let escnull = request("escnull");
    let users: Vec<String> = escnull
        .headers
        .contacts()
        .unwrap()
        .into_iter()
        .map(|c| c.uri.user)
        .collect();
    assert_eq!(users, ["\0", "\0\0"]);

    let esc02 = request("esc02");
    assert_eq!(esc02.method, Method::Other("RE%47IST%45R".into()));
    assert_eq!(esc02.headers.to().unwrap().display.as_deref(), Some("%Z%45"));
    assert_eq!(esc02.headers.contacts().unwrap().len(), 2);

    let intmeth = request("intmeth");
    assert_eq!(
        intmeth.uri.user,
        "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    );
    assert_eq!(
        intmeth.headers.to().unwrap().display.as_deref(),
        Some("BEL:\u{7} NUL:\0 DEL:\u{7f}")
    );

    assert_eq!(request("semiuri").uri.user, "user;par=u@example.net");
    assert_eq!(request("longreq").headers.vias().unwrap().len(), 34);
    assert!(request("mpart01").body.contains(&0));
    assert_eq!(request("dblreq").body, b"");
    assert_eq!(request("5118_port-ambiguous").uri.host, "2001:db8::10:5070");
    assert_eq!(request("5118_port-unambiguous").uri.port, Some(5070));
    for file in [
        "5118_via-received-param-with-delim",
        "5118_via-received-param-no-delim",
    ] {
        assert_eq!(
            request(file).headers.via().unwrap().received(),
            Some("2001:db8::9:255")
        );
    }
    assert_eq!(
        request("5118_ipv6-bug-abnf-3-colons").uri,
        request("5118_ipv6-correct-abnf-2-colons").uri
    );
}
