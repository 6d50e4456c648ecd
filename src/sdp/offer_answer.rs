//! Offer/answer (RFC 3264) for one audio stream: what a telephone call needs.
//!
//! [`OfferAnswer`] is one side of one call. It answers offers ([`OfferAnswer::answer`]), or makes one and reads its
//! answer ([`OfferAnswer::offer`], [`OfferAnswer::accept_answer`]), any number of times over a call. An offer that is
//! refused changes nothing (RFC 3261 14.2): the earlier agreement goes on.
//!
//! Of the offered streams, the first acceptable audio stream is taken; each other one is refused with port 0, in its
//! place (RFC 3264 6). Our answer names a single codec beside telephone-event, so that the peer cannot switch in the
//! middle: it is our most preferred one among those offered, since the order is what the operator configured.
//!
//! Deliberately elsewhere: sockets and ports (the caller says where we receive), and what a hold means to a call.

use super::{Attribute, Connection, Direction, Media, Origin, RtpMap, Sdp};
use crate::codec::Codec;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The payload type of telephone-event in our own offers: the one that nearly everybody uses.
const OUR_EVENT_PAYLOAD_TYPE: u8 = 101;
/// The events that we take: digits 0 to 9, star, pound, A to D, and flash (RFC 4733 3.2).
const EVENTS: &str = "0-16";
/// Milliseconds of audio in one packet that we ask for.
const OUR_PTIME_MS: u32 = 20;
/// Milliseconds of audio in the longest packet that we send.
const LONGEST_PTIME_MS: u32 = 60;

/// Our side of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalMedia {
    /// Where the peer reaches our RTP.
    pub address: IpAddr,
    /// Our RTP port; RTCP is the one above.
    pub port: u16,
    /// What we take, the most preferred first. At least one.
    pub codecs: Vec<Codec>,
    /// The number in our `o=`, one for the whole call.
    pub session_id: u64,
}

/// What both sides hold to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Where the peer receives RTP. The unspecified address while the peer holds in the manner of RFC 2543; nothing is
    /// to be sent then, and `direction` says so.
    pub remote: SocketAddr,
    /// Where the peer receives RTCP: `a=rtcp` (RFC 3605), else the port above.
    pub remote_rtcp: SocketAddr,
    /// The codec, both ways.
    pub codec: Codec,
    /// The payload type that the peer wants `codec` under.
    pub payload_type: u8,
    /// The payload type of telephone-event, where both sides have it.
    pub event_payload_type: Option<u8>,
    /// Which way media flows, seen from us.
    pub direction: Direction,
    /// Milliseconds of audio in a packet that we send: a multiple of 20, at most 60.
    pub ptime_ms: u32,
}

impl Agreed {
    /// Whether the peer has put us on hold: it does not want to hear us.
    pub fn is_held(&self) -> bool {
        !self.direction.sends()
    }
}

/// Why an offer, or an answer to ours, gives no call. To be answered 488, with the earlier session untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCommon {
    /// No audio stream at all, or each with port 0.
    NoAudio,
    /// Audio only over a protocol that we do not speak, such as SRTP.
    Protocol,
    /// No codec that we have.
    Codec,
    /// No address that media can be sent to: none at all, a host name, multicast, or IPv6 where we have IPv4.
    Address,
}

impl fmt::Display for NoCommon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoCommon::NoAudio => "no audio stream in the description",
            NoCommon::Protocol => "no audio stream over plain RTP",
            NoCommon::Codec => "no codec in common",
            NoCommon::Address => "no address that media can be sent to",
        })
    }
}

impl std::error::Error for NoCommon {}

/// Why an answer could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerError {
    /// There is no offer of ours that it could answer.
    NoOffer,
    /// It has more or fewer streams than our offer (RFC 3264 6).
    Streams,
    /// It refuses what we offered, or chose something else.
    NoCommon(NoCommon),
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnswerError::NoOffer => f.write_str("an answer without an offer"),
            AnswerError::Streams => f.write_str("the answer has another number of streams than the offer"),
            AnswerError::NoCommon(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for AnswerError {}

/// One side of a call's offer/answer exchanges.
#[derive(Clone, Debug)]
pub struct OfferAnswer {
    local: LocalMedia,
    /// Where the peer's signalling comes from; stands in for a host name in `c=`.
    signalling_peer: Option<IpAddr>,
    state: State,
    /// The last description that we sent; its `o=` version rises by one with each change (RFC 3264 8).
    sent: Option<(u64, Sdp)>,
}

/// Where the exchange stands.
#[derive(Clone, Debug)]
enum State {
    /// Nothing was agreed yet.
    Idle,
    /// Our offer is out; what was agreed before it holds until the answer comes.
    Offered {
        /// The agreement that our offer would change.
        before: Option<Agreed>,
    },
    /// Both sides hold to this.
    Agreed(Agreed),
}

impl OfferAnswer {
    /// A side that has exchanged nothing yet.
    pub fn new(local: LocalMedia) -> Self {
        OfferAnswer {
            local,
            state: State::Idle,
            sent: None,
            signalling_peer: None,
        }
    }

    /// The same, taking a host name in the peer's `c=` for the address that its signalling comes from. Nobody waits
    /// for DNS in the middle of a call; whoever writes a name there writes its own, and symmetric RTP corrects the rest.
    pub fn with_signalling_peer(mut self, peer: IpAddr) -> Self {
        self.signalling_peer = Some(peer);
        self
    }

    /// What is in force.
    pub fn agreed(&self) -> Option<&Agreed> {
        match &self.state {
            State::Idle => None,
            State::Offered { before } => before.as_ref(),
            State::Agreed(agreed) => Some(agreed),
        }
    }

    /// Whether an offer of ours waits for its answer; an offer that comes meanwhile is glare (491).
    pub fn awaits_answer(&self) -> bool {
        matches!(self.state, State::Offered { .. })
    }

    /// Answers an offer: our description to send, and what is agreed from now on.
    ///
    /// # Errors
    /// Nothing in common: to be refused with 488. What was agreed before still holds.
    pub fn answer(&mut self, offer: &Sdp) -> Result<(Vec<u8>, Agreed), NoCommon> {
        let (chosen, stream) = self.choose(offer)?;
        let agreed = stream.agreed(offer, &offer.media[chosen]);
        let media = offer
            .media
            .iter()
            .enumerate()
            .map(|(i, offered)| {
                if i == chosen {
                    self.accepted(offered, &stream, &agreed)
                } else {
                    refused(offered)
                }
            })
            .collect();
        let bytes = self.print(offer.times.clone(), media);
        self.state = State::Agreed(agreed.clone());
        Ok((bytes, agreed))
    }

    /// Makes an offer: for a 200 to an INVITE that had none, for a call of our own, or for a change to one that runs.
    /// The answer goes to [`Self::accept_answer`]; where none comes, [`Self::withdraw`] returns to what was agreed.
    pub fn offer(&mut self) -> Vec<u8> {
        let before = self.agreed().cloned();
        // Within a session a payload type keeps its meaning (RFC 3264 8.3.2), so the peer's choices are offered again.
        let event = before
            .as_ref()
            .and_then(|a| a.event_payload_type)
            .unwrap_or(OUR_EVENT_PAYLOAD_TYPE);
        let maps: Vec<RtpMap> = self
            .local
            .codecs
            .iter()
            .map(|codec| match &before {
                Some(agreed) if agreed.codec == *codec => rtp_map(codec.name(), agreed.payload_type),
                _ => rtp_map(codec.name(), codec.payload_type()),
            })
            .collect();
        let media = vec![self.stream("RTP/AVP", &maps, Some(event), Direction::SendRecv)];
        let bytes = self.print(vec!["0 0".into()], media);
        self.state = State::Offered { before };
        bytes
    }

    /// Takes the answer to our offer.
    ///
    /// # Errors
    /// The answer does not fit our offer. Our offer is then withdrawn; what was agreed before still holds.
    pub fn accept_answer(&mut self, answer: &Sdp) -> Result<Agreed, AnswerError> {
        if !self.awaits_answer() {
            return Err(AnswerError::NoOffer);
        }
        let result = match answer.media.len() {
            1 => self.choose(answer).map_err(AnswerError::NoCommon),
            _ => Err(AnswerError::Streams),
        };
        match result {
            Ok((chosen, stream)) => {
                let agreed = stream.agreed(answer, &answer.media[chosen]);
                self.state = State::Agreed(agreed.clone());
                Ok(agreed)
            }
            Err(error) => {
                self.withdraw();
                Err(error)
            }
        }
    }

    /// Forgets our offer, to which no answer came (our re-INVITE was refused).
    pub fn withdraw(&mut self) {
        if let State::Offered { before } = &mut self.state {
            self.state = before.take().map_or(State::Idle, State::Agreed);
        }
    }

    /// The first stream that we can take, or the reason why the most promising one cannot be taken.
    fn choose(&self, remote: &Sdp) -> Result<(usize, Stream), NoCommon> {
        let mut why = NoCommon::NoAudio;
        for (index, media) in remote.media.iter().enumerate() {
            match self.judge(remote, media) {
                Ok(stream) => return Ok((index, stream)),
                Err(reason) if rank(reason) > rank(why) => why = reason,
                Err(_) => {}
            }
        }
        Err(why)
    }

    fn judge(&self, remote: &Sdp, media: &Media) -> Result<Stream, NoCommon> {
        if !media.kind.eq_ignore_ascii_case("audio") || media.port == 0 {
            return Err(NoCommon::NoAudio);
        }
        // AVPF differs from AVP in when feedback may be sent; we send none before its time, which both allow. An
        // `a=crypto` on a plain stream is an offer of SRTP "if you can" (RFC 4568 has no such thing): answered without.
        if !["RTP/AVP", "RTP/AVPF"]
            .iter()
            .any(|p| media.protocol.eq_ignore_ascii_case(p))
        {
            return Err(NoCommon::Protocol);
        }
        let maps = media.rtp_maps();
        let find = |name: &str| {
            maps.iter()
                .find(|map| map.clock_rate == 8_000 && map.encoding.eq_ignore_ascii_case(name))
        };
        let (codec, map) = self
            .local
            .codecs
            .iter()
            .find_map(|codec| Some((*codec, find(codec.name())?)))
            .ok_or(NoCommon::Codec)?;
        let address = match remote.connection_of(media).ok_or(NoCommon::Address)? {
            Connection::Ip(ip) => *ip,
            named if named.is_host_name() => self.signalling_peer.ok_or(NoCommon::Address)?,
            Connection::Other(..) => return Err(NoCommon::Address),
        };
        let address = address.to_canonical();
        // A description that points at a group would make us an amplifier; one of another family cannot be reached.
        let reachable = !address.is_multicast()
            && address != IpAddr::from([255, 255, 255, 255])
            && address.is_ipv4() == self.local.address.to_canonical().is_ipv4();
        if !reachable {
            return Err(NoCommon::Address);
        }
        Ok(Stream {
            address,
            codec,
            payload_type: map.payload_type,
            event_payload_type: find("telephone-event").map(|map| map.payload_type),
        })
    }

    /// Our answer to the stream that we take: one codec, and telephone-event where it was offered, each under the
    /// payload type of the offer.
    fn accepted(&self, offered: &Media, stream: &Stream, agreed: &Agreed) -> Media {
        let map = rtp_map(stream.codec.name(), stream.payload_type);
        self.stream(
            &offered.protocol,
            &[map],
            stream.event_payload_type,
            agreed.direction,
        )
    }

    fn stream(&self, protocol: &str, maps: &[RtpMap], event: Option<u8>, direction: Direction) -> Media {
        let mut formats: Vec<String> = maps.iter().map(|map| map.payload_type.to_string()).collect();
        let mut attributes: Vec<Attribute> = maps.iter().map(describe).collect();
        if let Some(event) = event {
            formats.push(event.to_string());
            attributes.push(describe(&rtp_map("telephone-event", event)));
            attributes.push(with_value("fmtp", format!("{event} {EVENTS}")));
        }
        attributes.push(with_value("ptime", OUR_PTIME_MS.to_string()));
        attributes.push(Attribute {
            name: direction.name().into(),
            value: None,
        });
        Media {
            kind: "audio".into(),
            port: self.local.port,
            port_pairs: 1,
            protocol: protocol.into(),
            formats,
            connection: None,
            attributes,
        }
    }

    /// Our description with these streams. Its version is that of the last one where nothing changed, so that a peer
    /// sees a session refresh as what it is.
    fn print(&mut self, times: Vec<String>, media: Vec<Media>) -> Vec<u8> {
        let address = Connection::Ip(self.local.address.to_canonical());
        let mut sdp = Sdp {
            origin: Origin {
                username: "-".into(),
                session_id: self.local.session_id.to_string(),
                version: String::new(),
                address: address.clone(),
            },
            name: "-".into(),
            connection: Some(address),
            times,
            attributes: Vec::new(),
            media,
        };
        let version = match &self.sent {
            None => self.local.session_id,
            Some((version, before)) if *before == sdp => *version,
            Some((version, _)) => version.wrapping_add(1),
        };
        self.sent = Some((version, sdp.clone()));
        sdp.origin.version = version.to_string();
        sdp.to_bytes()
    }
}

/// How far a stream came before it failed, to report the most telling reason of several streams.
const fn rank(why: NoCommon) -> u8 {
    match why {
        NoCommon::NoAudio => 0,
        NoCommon::Protocol => 1,
        NoCommon::Codec => 2,
        NoCommon::Address => 3,
    }
}

/// The remote stream that we take, as far as the choice decides it.
struct Stream {
    address: IpAddr,
    codec: Codec,
    payload_type: u8,
    event_payload_type: Option<u8>,
}

impl Stream {
    fn agreed(&self, remote: &Sdp, media: &Media) -> Agreed {
        let remote_direction = remote.direction_of(media);
        // 0.0.0.0 is the hold of RFC 2543: nothing may be sent there, whatever the direction says (RFC 3264 8.4).
        let holds = self.address.is_unspecified();
        let direction = Direction::new(remote_direction.receives() && !holds, remote_direction.sends());
        Agreed {
            remote: SocketAddr::new(self.address, media.port),
            remote_rtcp: self.rtcp(media),
            codec: self.codec,
            payload_type: self.payload_type,
            event_payload_type: self.event_payload_type,
            direction,
            ptime_ms: ptime(media),
        }
    }

    /// `a=rtcp:<port> [IN IP4 <address>]`, else the port above RTP's. An address there counts only where it is of the
    /// stream's own family and no group, like the stream's.
    fn rtcp(&self, media: &Media) -> SocketAddr {
        let default = SocketAddr::new(self.address, media.port.checked_add(1).unwrap_or(media.port));
        let Some(value) = media.attribute("rtcp") else {
            return default;
        };
        let mut words = value.split_ascii_whitespace();
        let Some(port) = words.next().and_then(|p| p.parse().ok()).filter(|p| *p != 0) else {
            return default;
        };
        let address = words
            .nth(2)
            .and_then(|a| a.parse::<IpAddr>().ok())
            .map(|a| a.to_canonical())
            .filter(|a| a.is_ipv4() == self.address.is_ipv4() && !a.is_multicast() && !a.is_unspecified());
        SocketAddr::new(address.unwrap_or(self.address), port)
    }
}

/// The packet length to send: what the peer asks for, within its `maxptime`, as a multiple of our frames.
fn ptime(media: &Media) -> u32 {
    let number = |name| {
        media
            .attribute(name)
            .and_then(|v| v.trim().parse::<f64>().ok())
            .filter(|v| *v >= 1.0)
    };
    let longest = number("maxptime").unwrap_or(f64::from(LONGEST_PTIME_MS));
    let wanted = number("ptime")
        .unwrap_or(f64::from(OUR_PTIME_MS))
        .min(longest)
        .min(f64::from(LONGEST_PTIME_MS));
    let frames = (wanted / f64::from(OUR_PTIME_MS)).floor().max(1.0);
    frames as u32 * OUR_PTIME_MS
}

/// The stream refused: as it was offered, with port 0 and nothing else (RFC 3264 6).
fn refused(offered: &Media) -> Media {
    Media {
        port: 0,
        port_pairs: 1,
        connection: None,
        attributes: Vec::new(),
        ..offered.clone()
    }
}

fn rtp_map(encoding: &str, payload_type: u8) -> RtpMap {
    RtpMap {
        payload_type,
        encoding: encoding.into(),
        clock_rate: 8_000,
    }
}

fn describe(map: &RtpMap) -> Attribute {
    with_value(
        "rtpmap",
        format!("{} {}/{}", map.payload_type, map.encoding, map.clock_rate),
    )
}

fn with_value(name: &str, value: String) -> Attribute {
    Attribute {
        name: name.into(),
        value: Some(value),
    }
}
