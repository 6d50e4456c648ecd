use super::{on, table};
use crate::dialplan::testing::block_on;

const CALLER: &str = "number 15550100\nname Alice\ndid 15550199";

#[test]
fn the_caller_read_and_set() {
    table(
        CALLER,
        &[
            (
                &[],
                "${CALLERID(num)} ${CALLERID(number)} ${CALLERID(name)} ${CALLERID(all)}",
                "15550100 15550100 Alice \"Alice\" <15550100>",
            ),
            (
                &[],
                "${CALLERID(dnid)} ${CALLERID(dnid-num-plan)} ${CALLERID(num-plan)} ${CALLERID(ton)}",
                "15550199 0 0 0",
            ),
            (
                &[],
                "${CALLERID(num-valid)}${CALLERID(name-valid)} ${CALLERID(name-charset)}",
                "11 utf8",
            ),
            (
                &[],
                "${CALLERID(pres)} ${CALLERID(num-pres)}",
                "allowed_not_screened allowed_not_screened",
            ),
            (&[("CALLERID(num)", " 15550111 ")], "${CALLERID(num)}", "15550111"),
            (
                &[("CALLERID(all)", "Bob <15550122>")],
                "${CALLERID(name)} ${CALLERID(num)}",
                "Bob 15550122",
            ),
            (
                &[("CALLERID(num-pres)", "prohib")],
                "${CALLERID(num-pres)} ${CALLERID(name-pres)} ${CALLERID(pres)}",
                "prohib allowed_not_screened prohib",
            ),
            (
                &[("CALLERID(pres)", "67")],
                "${CALLERID(name-pres)}",
                "unavailable",
            ),
            (
                &[("CALLERID(pres)", "secret")],
                "${CALLERID(pres)}",
                "allowed_not_screened",
            ),
            (&[("CALLERID(num-valid)", "0")], "${CALLERID(num-valid)}", "0"),
            (
                &[("CALLERID(num-plan)", "33"), ("CALLERID(tag)", "vip")],
                "${CALLERID(num-plan)} ${CALLERID(tag)}",
                "33 vip",
            ),
            (
                &[("CALLERID(ani-num)", "1"), ("CALLERID(ANI-name)", "A")],
                "${CALLERID(ani)} ${CALLERID(ani-all)}",
                "1 \"A\" <1>",
            ),
            (
                &[("CALLERID(dnid)", "5"), ("CALLERID(rdnis)", "6")],
                "${CALLERID(dnid)} ${CALLERID(rdnis)} ${REDIRECTING(from-num)}",
                "5 6 6",
            ),
            (
                &[],
                "${CALLERID(num,\"Carol\" <15550133>)} ${CALLERID(name,Carol <15550133>)}",
                "15550133 Carol",
            ),
            (
                &[],
                "${CALLERID(pres,Carol <15550133>)}${CALLERID(shoe-size)}${CALLERID()}",
                "",
            ),
        ],
    );
}

#[test]
fn who_sent_the_call_here() {
    let diverted =
        "header Diversion: <sip:15550144@example.org>;reason=no-answer;counter=1\ndiversion 15550144 Office";
    table(
        diverted,
        &[
            (&[], "${REDIRECTING(from-num)} ${REDIRECTING(from-name)} ${REDIRECTING(reason)} ${REDIRECTING(count)}", "15550144 Office cfnr 1"),
            (&[("REDIRECTING(orig-num)", "15550155"), ("REDIRECTING(to-all)", "B <2>")], "${REDIRECTING(orig-num)} ${REDIRECTING(to-name)}", "15550155 B"),
            (&[("REDIRECTING(reason)", "cfb"), ("REDIRECTING(count)", "2")], "${REDIRECTING(reason)} ${REDIRECTING(count)}", "cfb 2"),
            (&[("REDIRECTING(count)", "x")], "${REDIRECTING(count)}${REDIRECTING(near-num)}", "1"),
        ],
    );
    table(
        "",
        &[(
            &[],
            "${REDIRECTING(reason)}${REDIRECTING(from-num)} ${REDIRECTING(count)}",
            " 0",
        )],
    );
}

#[test]
fn the_channel() {
    let script = "did 12\nchannel pjsip,remote_addr 192.0.2.7:5060\nchannel rtp,dest 192.0.2.7:4000\nheader User-Agent: phone/1\nheader From: <sip:a@example.org>";
    table(
        script,
        &[
            (
                &[],
                "${CHANNEL(name)} ${CHANNEL(channeltype)} ${CHANNEL(uniqueid)} ${CHANNEL(linkedid)}",
                "SIP/test-1 SIP 1000000000.1 1000000000.1",
            ),
            (
                &[],
                "${CHANNEL(state)} ${CHANNEL(context)} ${CHANNEL(exten)} ${CHANNEL(priority)}",
                "Ring default 12 1",
            ),
            (
                &[],
                "${CHANNEL(trunk)} ${CHANNEL(callid)} ${CHANNEL(pjsip,call-id)} ${CHANNEL(hangupcause)}",
                "test test-call test-call 0",
            ),
            (
                &[],
                "${CHANNEL(peerip)} ${CHANNEL(rtp,dest)} ${CHANNEL(rtcp,rxjitter)}.",
                "192.0.2.7 192.0.2.7:4000 .",
            ),
            (
                &[],
                "${CHANNEL(useragent)} ${CHANNEL(from)}",
                "phone/1 <sip:a@example.org>",
            ),
            (
                &[("CHANNEL(language)", "fr"), ("CHANNEL(tonezone)", "de")],
                "${CHANNEL(language)} ${CHANNEL(tonezone)}",
                "fr de",
            ),
            (&[("CHANNEL(language)", "../fr")], "${CHANNEL(language)}", "en"),
            (
                &[("CHANNEL(accountcode)", "shop"), ("CHANNEL(userfield)", "u")],
                "${CDR(accountcode)} ${CDR(userfield)}",
                "shop u",
            ),
            (
                &[("CHANNEL(callgroup)", "1"), ("CHANNEL(musicclass)", "jazz")],
                "${CHANNEL(callgroup)} ${CHANNEL(musicclass)}",
                "1 jazz",
            ),
            (
                &[("CHANNEL(state)", "Up")],
                "${CHANNEL(state)} ${CHANNEL(colour)}",
                "Ring ",
            ),
        ],
    );
}

#[test]
fn header_fields_of_the_invite() {
    let script = "header X-One: 1\nheader X-Two: 2\nheader x-one: 3\nheader Subject: hello, world";
    table(
        script,
        &[
            (
                &[],
                "${PJSIP_HEADER(read,X-One)} ${PJSIP_HEADER(read,x-one,2)} ${SIP_HEADER(X-ONE,2)}",
                "1 3 3",
            ),
            (
                &[],
                "${PJSIP_HEADER(read,X-*,2)} ${PJSIP_HEADER(read,X-*,4)}",
                "2 ",
            ),
            (
                &[],
                "${PJSIP_HEADER(read,Subject)} ${PJSIP_HEADER(read,None)}",
                "hello, world ",
            ),
            (
                &[],
                "${PJSIP_HEADERS(x-)} ${PJSIP_HEADERS()}",
                "X-One,X-Two X-One,X-Two,Subject",
            ),
            (
                &[],
                "${PJSIP_HEADER(X-One)}${PJSIP_HEADER(read)}${PJSIP_HEADER(read,X-One,two)}${SIP_HEADER()}",
                "",
            ),
        ],
    );
    on("", |session| {
        let refused = session.set("PJSIP_HEADER(add,X-One)", "1").unwrap_err();
        assert_eq!(
            refused,
            "there is no call to another whose headers could be changed"
        );
    });
}

#[test]
fn the_record_of_a_call() {
    on(
        "number 15550100\nname Alice\ndid 12\nclock 2026-03-02T10:00:00Z",
        |session| {
            assert_eq!(
                session.evaluate("${CDR(clid)} ${CDR(src)} ${CDR(dst)} ${CDR(dcontext)}"),
                "\"Alice\" <15550100> 15550100 12 default"
            );
            assert_eq!(
                session.evaluate("${CDR(start)}|${CDR(answer)}|${CDR(end)}"),
                "2026-03-02 10:00:00||"
            );
            assert_eq!(
                session.evaluate("${CDR(start,u)} ${CDR(answer,u)}"),
                "1772445600.000000 0.000000"
            );
            assert_eq!(
                session.evaluate("${CDR(disposition)} ${CDR(disposition,u)} ${CDR(billsec)}"),
                "NO ANSWER 0 0"
            );
            block_on(session.apply("Wait", "2.5")).unwrap();
            block_on(session.apply("Answer", "")).unwrap();
            block_on(session.apply("Wait", "1.25")).unwrap();
            assert_eq!(
                session.evaluate("${CDR(duration)} ${CDR(duration,f)} ${CDR(billsec)} ${CDR(billsec,f)}"),
                "3 3.750000 1 1.250000"
            );
            assert_eq!(
                session.evaluate("${CDR(disposition)} ${CDR(disposition,u)} ${CDR(answer)}"),
                "ANSWERED 8 2026-03-02 10:00:02"
            );
            assert_eq!(
                session.evaluate("${CDR(lastapp)} ${CDR(lastdata)} ${CDR(amaflags)} ${CDR(amaflags,u)}"),
                "Wait 1.25 DOCUMENTATION 3"
            );
            session.set("CDR(amaflags)", "billing").unwrap();
            session.set("CDR(shop)", "7").unwrap();
            session.set("CDR(userfield)", "note").unwrap();
            assert_eq!(
                session.evaluate("${CDR(amaflags)} ${CDR(SHOP)} ${CDR(userfield)} ${CDR(nothing)}"),
                "BILLING 7 note "
            );
            assert_eq!(session.set("CDR(src)", "1").unwrap_err(), "src cannot be set");
            assert!(session.set("CDR(amaflags)", "x").is_err());
        },
    );
}

#[test]
fn the_record_of_a_call_does_not_grow_without_end() {
    on("", |session| {
        for n in 0..crate::limits::CALL_RECORD_FIELDS {
            session.set(&format!("CDR(field{n})"), "x").unwrap();
        }
        assert!(session.set("CDR(more)", "x").is_err());
        session.set("CDR(field0)", "y").unwrap();
        for n in 0..crate::limits::HASH_ENTRIES {
            session.set(&format!("HASH(t,{n})"), "x").unwrap();
        }
        assert!(session.set("HASH(t,more)", "x").is_err());
    });
}

#[test]
fn places_of_the_dialplan() {
    table(
        "did 12",
        &[
            (&[("who", "Alice")], "${EVAL_EXTEN(default,12,1)} ${EXTEN}", "Alice calls 12 12"),
            (&[], "${EVAL_EXTEN(s,1)}${EVAL_EXTEN(nowhere,1,1)}${EVAL_EXTEN()}", ""),
            (&[], "${DIALPLAN_EXISTS(default)}${DIALPLAN_EXISTS(default,12)}${DIALPLAN_EXISTS(default,s,there)}", "111"),
            (&[], "${DIALPLAN_EXISTS(x)}${DIALPLAN_EXISTS(default,13)}${DIALPLAN_EXISTS(default,s,gone)}", "000"),
            (&[], "${VALID_EXTEN(,12)}${VALID_EXTEN(default,12,2)}", "10"),
            (&[], "${HINT(12)} ${HINT(12@default)} ${HINT(13)}.", "SIP/12 SIP/12 ."),
            (&[], "${MAILBOX_EXISTS(main)}${MAILBOX_EXISTS(main@default)}${MAILBOX_EXISTS(x)}", "110"),
            (&[], "${HANGUPCAUSE_KEYS()}${HANGUPCAUSE(SIP/test-1,ast)}", ""),
        ],
    );
}
