//! What one INVITE costs to read and to print.

#![expect(missing_docs, reason = "the macro of criterion makes a public function")]

use criterion::{criterion_group, criterion_main, Criterion};
use obelus::sip::message::Message;
use std::hint::black_box;

const INVITE: &[u8] = b"INVITE sip:+15550100@203.0.113.5:5060 SIP/2.0\r\n\
Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK776asdhds;rport\r\n\
Record-Route: <sip:198.51.100.7;lr;ftag=1928301774>\r\n\
Max-Forwards: 69\r\n\
From: \"Alice\" <sip:+15550123@trunk.example.org>;tag=1928301774\r\n\
To: <sip:+15550100@trunk.example.org>\r\n\
Call-ID: a84b4c76e66710@198.51.100.7\r\n\
CSeq: 314159 INVITE\r\n\
Contact: <sip:+15550123@198.51.100.9:5060;transport=udp>\r\n\
User-Agent: Example Trunk 1.2\r\n\
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, UPDATE, INFO\r\n\
Supported: timer, replaces\r\n\
P-Asserted-Identity: \"Alice\" <sip:+15550123@trunk.example.org>\r\n\
Session-Expires: 1800;refresher=uac\r\n\
Content-Type: application/sdp\r\n\
Content-Length: 238\r\n\r\n\
v=0\r\n\
o=- 1234567890 1234567890 IN IP4 198.51.100.9\r\n\
s=-\r\n\
c=IN IP4 198.51.100.9\r\n\
t=0 0\r\n\
m=audio 20000 RTP/AVP 0 8 101\r\n\
a=rtpmap:0 PCMU/8000\r\n\
a=rtpmap:8 PCMA/8000\r\n\
a=rtpmap:101 telephone-event/8000\r\n\
a=fmtp:101 0-16\r\n\
a=ptime:20\r\n\
a=sendrecv\r\n";

fn sip(c: &mut Criterion) {
    let message = Message::parse(INVITE).expect("the INVITE of this benchmark is well-formed");
    let Message::Request(request) = &message else {
        return;
    };
    c.bench_function("sip/parse_invite", |b| {
        b.iter(|| Message::parse(black_box(INVITE)))
    });
    c.bench_function("sip/print_invite", |b| b.iter(|| black_box(&message).to_bytes()));
    c.bench_function("sip/respond_180", |b| {
        b.iter(|| black_box(request).response(180).to_bytes())
    });
}

criterion_group!(benches, sip);
criterion_main!(benches);
