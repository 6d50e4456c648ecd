//! HTTPS by ourselves: a certificate chain and a key from PEM files.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::ServerConfig;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

/// Why HTTPS cannot be spoken. Each names the file to look at.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The chain cannot be read.
    #[error("tls_cert {}: {reason}", .path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key cannot be read.
    #[error("tls_key {}: {reason}", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// They do not belong together.
    #[error("tls_cert {} and tls_key {} do not fit: {reason}", .cert.display(), .key.display())]
    Mismatch {
        /// The chain's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        reason: String,
    },
}

/// A certificate and its key, ready to accept connections.
#[derive(Clone)]
pub struct Tls(pub(super) TlsAcceptor);

impl Tls {
    /// Reads both files.
    ///
    /// # Errors
    /// Names the file, and what is wrong with it.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let bad_cert = |reason: String| TlsError::Certificate {
            path: cert.to_owned(),
            reason,
        };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(cert)
            .and_then(Iterator::collect)
            .map_err(|error| bad_cert(error.to_string()))?;
        if chain.is_empty() {
            return Err(bad_cert("no certificate in it".to_owned()));
        }
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| TlsError::Key {
            path: key.to_owned(),
            reason: error.to_string(),
        })?;
        let mismatch = |reason: rustls::Error| TlsError::Mismatch {
            cert: cert.to_owned(),
            key: key.to_owned(),
            reason: reason.to_string(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(mismatch)?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(mismatch)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls(TlsAcceptor::from(Arc::new(config))))
    }
}
