//! Links: where a memo's page is, with the key in the fragment, which browsers never send.

use super::key::{MemoId, MemoKey};
use super::owner::OwnerSeed;
use std::fmt::Write as _;
use thiserror::Error;
use zeroize::Zeroizing;

/// What stands before `/voice/` in this server's links.
///
/// `https://` and the domain where TLS is spoken, by the server itself or by the proxy that `public_url` names.
/// Without TLS the domain alone, as a telephone number's owner would write it down, except on loopback names, where
/// `http://` makes the link one that a terminal opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkBase {
    text: String,
}

impl LinkBase {
    /// From the configuration: `public_url` wins where it is given, since that is where the pages can be reached.
    pub fn new(domain: &str, public_url: Option<&str>, tls: bool) -> Self {
        let text = match public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if tls => format!("https://{domain}"),
            None if is_loopback(domain) => format!("http://{domain}"),
            None => domain.to_owned(),
        };
        LinkBase { text }
    }

    /// As it stands in links, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// An absolute URL, for discovery and redirects: `http://` stands where links have a bare domain.
    pub fn url(&self) -> String {
        match self.text.contains("://") {
            true => self.text.clone(),
            false => format!("http://{}", self.text),
        }
    }

    /// Whether it is a domain alone: not on this machine, and nothing is known of TLS.
    pub fn is_bare(&self) -> bool {
        !self.text.contains("://")
    }

    /// Whether the pages are reached by HTTPS.
    pub fn is_https(&self) -> bool {
        self.text.starts_with("https://")
    }
}

/// Whether a `host[:port]` can only be this machine.
fn is_loopback(domain: &str) -> bool {
    let host = match domain.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => domain.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost")
        || host
            .rsplit('.')
            .next()
            .is_some_and(|label| label.eq_ignore_ascii_case("localhost"))
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// A link that opens a memo: a secret, handed once to whoever is to have it. No `Debug`, `Clone` or `Display`; wiped
/// when dropped.
pub struct Link(Zeroizing<String>);

impl Link {
    /// `{base}/voice/{id}#{K}`
    pub fn new(base: &LinkBase, id: &MemoId, key: &MemoKey) -> Self {
        let key = key.to_text();
        // All the room from the start: growing would leave a copy of the key behind.
        let mut text = Zeroizing::new(String::with_capacity(base.text.len() + 7 + 22 + 1 + key.len()));
        let _ = write!(text, "{}/voice/{id}#", base.text);
        text.push_str(&key);
        Link(text)
    }

    /// The text, for the one who hands it over.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The link of a mailbox's inbox, with the owner's seed in its fragment: shown once to the owner. No `Debug`, `Clone` or
/// `Display`; wiped when dropped.
pub struct InboxLink(Zeroizing<String>);

impl InboxLink {
    /// `{base}/inbox/{mailbox}#{seed}`
    pub fn new(base: &LinkBase, mailbox: &str, seed: &OwnerSeed) -> Self {
        let seed = seed.to_text();
        let mut text = Zeroizing::new(String::with_capacity(
            base.text.len() + 7 + mailbox.len() + 1 + seed.len(),
        ));
        let _ = write!(text, "{}/inbox/{mailbox}#", base.text);
        text.push_str(&seed);
        InboxLink(text)
    }

    /// The text, for the one who shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// An inbox's link taken apart.
pub struct ParsedInboxLink {
    /// What stands before `/inbox/`.
    pub base: String,
    /// The mailbox.
    pub mailbox: String,
    /// The owner's seeds, the newest first: after a change of key there may be several.
    pub seeds: Vec<OwnerSeed>,
}

/// Seeds in one inbox link.
const INBOX_SEEDS: usize = 16;

impl ParsedInboxLink {
    /// Takes a link apart.
    ///
    /// # Errors
    /// Says which part is missing or malformed.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        // Of what is no link at all, that its key is missing would say little.
        let (address, seeds) = text.split_once('#').unwrap_or((text, ""));
        let (base, mailbox) = address.rsplit_once("/inbox/").ok_or(LinkError::NotAnInbox)?;
        let mailbox = mailbox.trim_end_matches('/');
        if base.is_empty() || mailbox.is_empty() || mailbox.contains(['/', '?', ' ']) {
            return Err(LinkError::NotAnInbox);
        }
        let seeds = Zeroizing::new(seeds.replace("%3D", "=").replace("%3d", "="));
        if seeds.is_empty() {
            return Err(LinkError::NoKey);
        }
        let seeds = seeds
            .split(',')
            .take(INBOX_SEEDS)
            .map(|seed| OwnerSeed::from_text(seed).map_err(LinkError::Key))
            .collect::<Result<_, _>>()?;
        Ok(ParsedInboxLink {
            base: base.to_owned(),
            mailbox: mailbox.to_owned(),
            seeds,
        })
    }
}

/// A link taken apart, as somebody typed or scanned it.
pub struct ParsedLink {
    /// What stands before `/voice/`: a URL, or a bare domain.
    pub base: String,
    /// The memo's name on that domain: 22 characters of base64url if the domain runs this software.
    pub id: String,
    /// The key.
    pub key: MemoKey,
}

/// Why a text is no link. Names no character of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LinkError {
    /// No `/voice/`, or nothing before it.
    #[error("not a memo's link: it has no domain and /voice/ in it")]
    NotALink,
    /// No `/inbox/`, or nothing before or behind it.
    #[error("not an inbox's link: it has no domain and /inbox/ in it")]
    NotAnInbox,
    /// The id is empty, too long, or has other characters than base64url.
    #[error("the memo's id in this link is malformed")]
    Id,
    /// No `#` with something behind it (and no `?key=`, as old links have it).
    #[error("this link has no key: the part behind # is missing")]
    NoKey,
    /// The key's text is no key.
    #[error("the key in this link is wrong: {0}")]
    Key(super::text::SecretTextError),
}

/// Longest id of a memo that a link may carry, of whatever domain.
const ID_CHARS: usize = 64;

impl ParsedLink {
    /// Takes a link apart; `?key=K` of old links counts like `#K`.
    ///
    /// # Errors
    /// Says which part is missing or malformed.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        let (address, key) = match text.split_once('#') {
            Some((address, key)) => (address, Some(key)),
            None => match text.split_once("?key=") {
                Some((address, key)) => (address, key.split('&').next()),
                None => (text, None),
            },
        };
        let address = address.split('?').next().unwrap_or_default();
        let (base, id) = address.rsplit_once("/voice/").ok_or(LinkError::NotALink)?;
        let host = base.split_once("://").map_or(base, |(_, host)| host);
        if host.is_empty() || host.starts_with('/') || host.contains(['@', ' ', '\t', '\r', '\n']) {
            return Err(LinkError::NotALink);
        }
        let id = id.trim_end_matches('/');
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || id.len() > ID_CHARS || !id.chars().all(plain) {
            return Err(LinkError::Id);
        }
        let key = key.filter(|key| !key.is_empty()).ok_or(LinkError::NoKey)?;
        // Old links and mail programs percent-encode the padding.
        let key = Zeroizing::new(key.replace("%3D", "=").replace("%3d", "="));
        Ok(ParsedLink {
            base: base.to_owned(),
            id: id.to_owned(),
            key: MemoKey::from_text(&key).map_err(LinkError::Key)?,
        })
    }

    /// The id, where it is one of this software's.
    pub fn memo_id(&self) -> Option<MemoId> {
        self.id.parse().ok()
    }
}
