use super::*;
use crate::sip::message::Message;
use crate::sip::Transport;

fn flow() -> Flow {
    Flow {
        id: 1,
        transport: Transport::Udp,
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: "198.51.100.7:5060".parse().unwrap(),
    }
}

fn invite(extra: &str) -> Request {
    let text = format!(
        "INVITE sip:b@192.0.2.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKa\r\n\
         From: \"A\" <sip:a@example.org>;tag=1\r\n\
         To: <sip:b@192.0.2.1>\r\n\
         Call-ID: x\r\n\
         CSeq: 7 INVITE\r\n\
         {extra}\r\n"
    );
    match Message::parse(text.as_bytes()).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => panic!("a response"),
    }
}

fn dialog(extra: &str) -> Dialog {
    let local = Uri::sip("b", "192.0.2.1", None);
    Dialog::from_request(&invite(extra), flow(), "2", "<sip:b@192.0.2.1>;tag=2", local).unwrap()
}

#[test]
fn an_invite_makes_a_dialog() {
    let mut dialog = dialog("Contact: <sip:a@198.51.100.7:5080>\r\n");
    assert!(dialog.owns("x", "2", "1"));
    assert!(!dialog.owns("x", "1", "2") && !dialog.owns("X", "2", "1") && !dialog.owns("x", "2", ""));
    assert_eq!(dialog.remote_cseq, Some(7));
    let bye = dialog.request(Method::Bye);
    assert_eq!(bye.uri.to_string(), "sip:a@198.51.100.7:5080");
    let header = |name| bye.headers.get(name).unwrap_or_default();
    assert_eq!(header("From"), "<sip:b@192.0.2.1>;tag=2");
    assert_eq!(
        header("To"),
        "\"A\" <sip:a@example.org>;tag=1",
        "as the peer wrote it"
    );
    assert_eq!(header("CSeq"), "1 BYE");
    assert_eq!(dialog.request(Method::Info).headers.get("CSeq"), Some("2 INFO"));
}

#[test]
fn without_a_contact_the_from_is_the_target() {
    let dialog = dialog("");
    assert_eq!(dialog.remote_target.to_string(), "sip:a@example.org");
}

#[test]
fn a_2xx_makes_a_dialog_with_the_routes_reversed() {
    let mut ours = invite("Contact: <sip:me@192.0.2.1>\r\n");
    ours.headers.remove("Record-Route");
    let mut response = ours.response(200);
    response.headers.set("To", "<sip:b@192.0.2.1>;tag=9");
    response.headers.push("Contact", "<sip:there@203.0.113.5>");
    response
        .headers
        .push("Record-Route", "<sip:p2.example.org;lr>, <sip:p1.example.org;lr>");
    let local = Uri::sip("me", "192.0.2.1", None);
    let mut dialog = Dialog::from_response(&ours, &response, flow(), local).unwrap();
    assert!(dialog.owns("x", "1", "9"));
    let ack = dialog.request_with(Method::Ack, 7);
    let routes: Vec<&str> = ack.headers.all("Route").collect();
    assert_eq!(routes, ["<sip:p1.example.org;lr>", "<sip:p2.example.org;lr>"]);
    assert_eq!(ack.headers.get("CSeq"), Some("7 ACK"));
    assert_eq!(dialog.request(Method::Bye).headers.get("CSeq"), Some("8 BYE"));
}

#[test]
fn a_strict_first_hop_takes_the_place_of_the_target() {
    let dialog = dialog(
        "Contact: <sip:a@198.51.100.7?Subject=x>\r\n\
         Record-Route: <sip:old.example.org;transport=udp>\r\n\
         Record-Route: <sip:new.example.org;lr>\r\n",
    );
    let bye = dialog.request_with(Method::Bye, 1);
    assert_eq!(bye.uri.to_string(), "sip:old.example.org;transport=udp");
    let routes: Vec<&str> = bye.headers.all("Route").collect();
    assert_eq!(routes, ["<sip:new.example.org;lr>", "<sip:a@198.51.100.7>"]);
}

#[test]
fn a_refresh_moves_the_target_only_where_there_is_a_contact() {
    let mut dialog = dialog("Contact: <sip:a@198.51.100.7>\r\n");
    dialog.refresh_target(&Headers::new());
    assert_eq!(dialog.remote_target.host, "198.51.100.7");
    let mut headers = Headers::new();
    headers.push("Contact", "<sip:a@203.0.113.5>");
    dialog.refresh_target(&headers);
    assert_eq!(dialog.remote_target.host, "203.0.113.5");
}
