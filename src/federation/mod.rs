//! Voice federation 1.0: how another domain, or a person's browser, fetches a memo with its key.
//!
//! [`discovery`] is what we say of ourselves, [`server`] decides who gets what, [`client`] fetches from elsewhere.
//! How a decision becomes an HTTP answer is `http::federation`'s matter.

pub mod client;
pub mod discovery;
pub mod server;
