//! What is known by now of a call's signalling and media, for the function CHANNEL.
//!
//! The call's machine writes it, the dialplan reads the newest without waiting.

use crate::codec::Codec;
use crate::media::{Direction, LegStats, Session};
use crate::sip::dialog::Dialog;
use crate::sip::message::NameAddr;
use crate::sip::Flow;
use std::net::SocketAddr;

/// One state of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Items {
    /// Its signalling.
    pub signalling: Signalling,
    /// Its media.
    pub media: Media,
}

/// What SIP says of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signalling {
    /// The way that its messages go.
    pub flow: Option<Flow>,
    /// Call-ID.
    pub call_id: String,
    /// Our side, as its From or To names it, without tag.
    pub local_uri: String,
    /// The peer's side likewise.
    pub remote_uri: String,
    /// Our tag.
    pub local_tag: String,
    /// The peer's tag.
    pub remote_tag: String,
    /// The Request-URI of the INVITE.
    pub request_uri: String,
    /// Where our requests are addressed: the peer's Contact.
    pub target_uri: String,
    /// The URI of the peer's side alone.
    pub from: String,
    /// What the peer says that it is.
    pub user_agent: String,
    /// Whether the call is answered.
    pub is_answered: bool,
}

/// What is known of a call's media.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Media {
    /// Where we receive.
    pub local: Option<SocketAddr>,
    /// What was agreed.
    pub session: Option<Session>,
    /// The figures of the last report.
    pub stats: LegStats,
}

impl Items {
    /// An item by the name that the function CHANNEL gives it, in small letters; `None` where there is none of that name
    /// or nothing is known of it yet.
    pub fn get(&self, name: &str) -> Option<String> {
        match name.split_once(',') {
            Some(("pjsip", item)) => self.signalling.get(item),
            Some(("rtp", item)) => self.media.rtp(item),
            Some(("rtcp", item)) => self.media.rtcp(item),
            Some(_) => None,
            None => self.plain(name),
        }
    }

    fn plain(&self, name: &str) -> Option<String> {
        let signalling = &self.signalling;
        match name {
            "peerip" | "recvip" => signalling.flow.map(|flow| flow.remote.ip().to_string()),
            "useragent" => Some(signalling.user_agent.clone()),
            "from" => Some(signalling.from.clone()),
            "uri" => Some(signalling.target_uri.clone()),
            "state" => Some(if signalling.is_answered { "Up" } else { "Ring" }.to_owned()),
            "audioreadformat" | "audiowriteformat" | "audionativeformat" => {
                let session = self.media.session.as_ref()?;
                Some(codec_name(session.codec).to_owned())
            }
            _ => None,
        }
    }
}

impl Signalling {
    /// Takes over what a dialog says.
    pub fn adopt(&mut self, dialog: &Dialog) {
        // As in From and To, but for the parameters: those are the header's.
        let address = |text: &str| {
            text.parse().map_or_else(
                |_| text.to_owned(),
                |address: NameAddr| {
                    NameAddr {
                        params: Vec::new(),
                        ..address
                    }
                    .to_string()
                },
            )
        };
        self.flow = Some(dialog.flow);
        self.call_id.clone_from(&dialog.call_id);
        self.local_uri = address(&dialog.local);
        self.remote_uri = address(&dialog.remote);
        self.local_tag.clone_from(&dialog.local_tag);
        self.remote_tag.clone_from(&dialog.remote_tag);
        self.target_uri = dialog.remote_target.to_string();
    }

    fn get(&self, item: &str) -> Option<String> {
        Some(match item {
            "remote_addr" => self.flow?.remote.to_string(),
            "local_addr" => self.flow?.local.to_string(),
            "transport" => self.flow?.transport.via_name().to_owned(),
            // Nothing here speaks TLS for SIP.
            "secure" => "0".to_owned(),
            "call-id" => self.call_id.clone(),
            "local_uri" => self.local_uri.clone(),
            "remote_uri" => self.remote_uri.clone(),
            "local_tag" => self.local_tag.clone(),
            "remote_tag" => self.remote_tag.clone(),
            "request_uri" => self.request_uri.clone(),
            "target_uri" => self.target_uri.clone(),
            _ => return None,
        })
    }
}

impl Media {
    fn rtp(&self, item: &str) -> Option<String> {
        let session = self.session.as_ref();
        Some(match item {
            "src" => self.local?.to_string(),
            "dest" => session?.remote.to_string(),
            "secure" => "0".to_owned(),
            "hold" => {
                let held = matches!(session?.direction, Direction::SendOnly | Direction::Inactive);
                u8::from(held).to_string()
            }
            _ => return None,
        })
    }

    /// `tx` is what we send, as the peer's reports tell of it; `rx` what comes here. Times are in seconds.
    fn rtcp(&self, item: &str) -> Option<String> {
        self.session.as_ref()?;
        let stats = &self.stats;
        let seconds = |ms: f64| format!("{:.6}", ms / 1_000.0);
        Some(match item {
            "txcount" => stats.sent.to_string(),
            "rxcount" => stats.received.to_string(),
            "txploss" => stats.remote_lost.unwrap_or(0).to_string(),
            "rxploss" => stats.lost.to_string(),
            "txjitter" => seconds(stats.remote_jitter_ms.unwrap_or(0.0)),
            "rxjitter" => seconds(stats.jitter_ms),
            "rtt" => seconds(stats.round_trip_ms.unwrap_or(0.0)),
            _ => return None,
        })
    }
}

/// A codec by the name that dialplans have for it.
fn codec_name(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcmu => "ulaw",
        Codec::Pcma => "alaw",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Transport;

    fn items() -> Items {
        Items {
            signalling: Signalling {
                flow: Some(Flow {
                    id: 1,
                    transport: Transport::Tcp,
                    local: "198.51.100.1:5060".parse().unwrap(),
                    remote: "[2001:db8::7]:5070".parse().unwrap(),
                }),
                call_id: "c1".into(),
                local_uri: "<sip:5550100@198.51.100.1>".into(),
                remote_uri: "\"A\" <sip:5550111@example.org>".into(),
                local_tag: "l".into(),
                remote_tag: "r".into(),
                request_uri: "sip:5550100@198.51.100.1".into(),
                target_uri: "sip:5550111@192.0.2.7".into(),
                from: "sip:5550111@example.org".into(),
                user_agent: "Phone/1".into(),
                is_answered: true,
            },
            media: Media {
                local: Some("198.51.100.1:20000".parse().unwrap()),
                session: Some(Session {
                    remote: "192.0.2.7:4000".parse().unwrap(),
                    remote_rtcp: "192.0.2.7:4001".parse().unwrap(),
                    codec: Codec::Pcma,
                    payload_type: 8,
                    event_payload_type: None,
                    direction: Direction::SendOnly,
                    ptime_ms: 20,
                    continuous_silence: false,
                }),
                stats: LegStats {
                    sent: 500,
                    received: 498,
                    lost: 2,
                    remote_lost: Some(3),
                    jitter_ms: 1.5,
                    remote_jitter_ms: Some(0.125),
                    round_trip_ms: Some(42.0),
                    ..LegStats::default()
                },
            },
        }
    }

    #[test]
    fn every_item_by_its_name() {
        let items = items();
        for (name, expected) in [
            ("pjsip,remote_addr", "[2001:db8::7]:5070"),
            ("pjsip,local_addr", "198.51.100.1:5060"),
            ("pjsip,transport", "TCP"),
            ("pjsip,secure", "0"),
            ("pjsip,call-id", "c1"),
            ("pjsip,local_uri", "<sip:5550100@198.51.100.1>"),
            ("pjsip,remote_uri", "\"A\" <sip:5550111@example.org>"),
            ("pjsip,local_tag", "l"),
            ("pjsip,remote_tag", "r"),
            ("pjsip,request_uri", "sip:5550100@198.51.100.1"),
            ("pjsip,target_uri", "sip:5550111@192.0.2.7"),
            ("peerip", "2001:db8::7"),
            ("recvip", "2001:db8::7"),
            ("useragent", "Phone/1"),
            ("from", "sip:5550111@example.org"),
            ("uri", "sip:5550111@192.0.2.7"),
            ("state", "Up"),
            ("audioreadformat", "alaw"),
            ("audiowriteformat", "alaw"),
            ("audionativeformat", "alaw"),
            ("rtp,src", "198.51.100.1:20000"),
            ("rtp,dest", "192.0.2.7:4000"),
            ("rtp,secure", "0"),
            ("rtp,hold", "1"),
            ("rtcp,txcount", "500"),
            ("rtcp,rxcount", "498"),
            ("rtcp,txploss", "3"),
            ("rtcp,rxploss", "2"),
            ("rtcp,txjitter", "0.000125"),
            ("rtcp,rxjitter", "0.001500"),
            ("rtcp,rtt", "0.042000"),
        ] {
            assert_eq!(items.get(name).as_deref(), Some(expected), "{name}");
        }
        for name in ["", ",", "pjsip", "pjsip,", "pjsip,x", "rtp,x", "rtcp,x", "x,src"] {
            assert_eq!(items.get(name), None, "{name}");
        }
        let nothing = Items::default();
        for name in [
            "pjsip,remote_addr",
            "rtp,dest",
            "rtp,hold",
            "rtcp,rxcount",
            "peerip",
            "audioreadformat",
        ] {
            assert_eq!(nothing.get(name), None, "{name}");
        }
    }
}
