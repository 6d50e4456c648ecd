//! Voice federation: how another domain, or a person's browser, fetches a memo, and how we fetch from others.
//!
//! Version 1.0 asks with a memo's key; version 1.1, our extension, with its access token in a signed request. The whole
//! protocol is described in `docs/voice-federation.md`.
//!
//! - [`discovery`]: what domains say of themselves; [`peers`] fetches and keeps it; [`domain`] is how they are called.
//! - [`identity`]: the key that a server signs with; [`signature`]: how a request is signed and verified, over the
//!   notation of [`structured`]; [`nonces`]: none is accepted twice; [`authenticate`]: all of it for one request.
//! - [`node`]: a server's own part, put together. [`policy`]: which domains get which memo; [`server`]: who gets what.
//! - [`telephone`]: who gets a memo by its telephone code; [`telephone_client`]: asks others for theirs.
//! - [`client`]: fetches in this domain's name, with a small [`cache`]; [`open_link`]: in a person's; `answer`: what comes.
//!
//! How a decision becomes an HTTP answer is `http::federation`'s matter.

mod answer;
pub mod authenticate;
pub mod cache;
pub mod client;
pub mod discovery;
pub mod domain;
pub mod identity;
pub mod node;
pub mod nonces;
pub mod open_link;
pub mod peers;
pub mod policy;
pub mod server;
pub mod signature;
pub mod structured;
pub mod telephone;
pub mod telephone_client;
