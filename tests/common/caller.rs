//! A caller who speaks from a script and knows exactly what was sent and when: SIP over UDP and G.711, as plain as can be.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Time between two packets.
pub const PACKET_TIME: Duration = Duration::from_millis(20);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A call that was answered.
pub struct Caller {
    signalling: UdpSocket,
    audio: UdpSocket,
    switch: SocketAddr,
    media: SocketAddr,
    /// Names the call in the switch's log and records.
    pub call_id: String,
    from: String,
    to: String,
    contact: String,
    sequence: u16,
    /// When each packet went out.
    pub sent: Vec<Instant>,
    /// Whether it was hung up.
    pub hung_up: bool,
}

impl Caller {
    /// Calls a number and waits until it is answered.
    pub fn call(switch: SocketAddr, number: &str, call_id: &str) -> Self {
        let signalling = UdpSocket::bind("127.0.0.1:0").unwrap();
        let audio = UdpSocket::bind("127.0.0.1:0").unwrap();
        signalling.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut caller = Caller {
            switch,
            media: switch,
            call_id: call_id.to_owned(),
            from: format!("<sip:+15550100@127.0.0.1>;tag={call_id}"),
            to: format!("<sip:{number}@{switch}>"),
            contact: format!("sip:{number}@{switch}"),
            sequence: 0,
            sent: Vec::new(),
            hung_up: false,
            signalling,
            audio,
        };
        let address = caller.audio.local_addr().unwrap();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {} RTP/AVP 0\r\n",
            address.port()
        );
        caller.request("INVITE", 1, &sdp);
        let answer = caller.final_answer("INVITE");
        assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
        caller.to = field(&answer, "To");
        let contact = field(&answer, "Contact");
        caller.contact = contact
            .trim_start_matches('<')
            .split('>')
            .next()
            .unwrap()
            .to_owned();
        let port = answer.split("m=audio ").nth(1).expect("SDP in the answer");
        let port = port.split(' ').next().unwrap().parse().unwrap();
        caller.media = SocketAddr::new(switch.ip(), port);
        caller.request("ACK", 1, "");
        caller
    }

    /// Sends the next packet of so many G.711 octets.
    pub fn speak(&mut self, payload: &[u8]) {
        let mut packet = vec![0x80, 0];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend((u32::from(self.sequence) * 160).to_be_bytes());
        packet.extend(0x0b1e_1005_u32.to_be_bytes());
        packet.extend_from_slice(payload);
        self.sequence += 1;
        // Where the switch was killed already nobody takes it.
        let _ = self.audio.send_to(&packet, self.media);
        self.sent.push(Instant::now());
    }

    /// Hangs up, and does not wait for the answer.
    pub fn hang_up(&mut self) {
        self.hung_up = true;
        self.request("BYE", 2, "");
    }

    fn request(&self, method: &str, number: u32, body: &str) {
        let local = self.signalling.local_addr().unwrap();
        let kind = match body {
            "" => "",
            _ => "Content-Type: application/sdp\r\n",
        };
        let text = format!(
            "{method} {contact} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK-{call_id}-{method};rport\r\n\
             Max-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {number} {method}\r\n\
             Contact: <sip:caller@{local}>\r\n{kind}Content-Length: {length}\r\n\r\n{body}",
            contact = self.contact,
            call_id = self.call_id,
            from = self.from,
            to = self.to,
            length = body.len(),
        );
        let _ = self.signalling.send_to(text.as_bytes(), self.switch);
    }

    fn final_answer(&self, method: &str) -> String {
        let mut buffer = [0; 4_096];
        loop {
            let length = self.signalling.recv(&mut buffer).expect("an answer");
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let ours = text.starts_with("SIP/2.0 ") && field(&text, "CSeq").ends_with(method);
            if ours && !text.starts_with("SIP/2.0 1") {
                return text;
            }
        }
    }
}

fn field(message: &str, name: &str) -> String {
    let line = message.lines().find(|line| {
        let found = line.split(':').next().unwrap_or_default();
        found.trim().eq_ignore_ascii_case(name)
    });
    let line = line.unwrap_or_else(|| panic!("no {name} in {message}"));
    line[line.find(':').unwrap() + 1..].trim().to_owned()
}
