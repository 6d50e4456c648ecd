//! Which domains get a memo: what the configuration and the memo itself say.
//!
//! Where the configuration names domains, it serves those alone; where a memo names domains, it is for those alone. A
//! list is worth something only where the asker proves who it is: so an unsigned request gets no memo that a list stands
//! before.

use super::domain::Domain;
use crate::config;
use crate::memo::record::Record;

/// By which way somebody asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asker {
    /// One of our own pages, or a person's client: the access token alone counts.
    OwnPage,
    /// Another domain that did not prove which one it is.
    UnsignedPeer,
    /// Another domain, proven by its signature.
    Signed(Domain),
}

/// What the configuration says.
#[derive(Clone, Debug)]
pub struct Policy {
    serve_unsigned: bool,
    trusted: Vec<String>,
}

impl Policy {
    /// From the configuration.
    pub fn new(config: &config::Federation) -> Self {
        Policy {
            serve_unsigned: config.serve_unsigned,
            trusted: config.trusted_domains.clone(),
        }
    }

    /// Whether requests without a signature are answered at all.
    pub fn serves_unsigned(&self) -> bool {
        self.serve_unsigned && self.trusted.is_empty()
    }

    /// The domains that the configuration names.
    pub fn trusted(&self) -> &[String] {
        &self.trusted
    }

    /// Whether a domain that proved which one it is gets any memo at all.
    pub fn serves(&self, domain: &Domain) -> bool {
        names(&self.trusted, domain)
    }

    /// Whether a memo may go to that asker, who holds its key.
    pub fn allows(&self, record: &Record, asker: &Asker) -> bool {
        match asker {
            Asker::OwnPage => true,
            Asker::UnsignedPeer => {
                record.federation_shared && self.serves_unsigned() && record.trusted_domains.is_empty()
            }
            Asker::Signed(domain) => {
                record.federation_shared
                    && names(&self.trusted, domain)
                    && names(&record.trusted_domains, domain)
            }
        }
    }
}

/// Whether a list lets a domain pass: an empty one every domain, another those that it names. An entry that is no
/// domain's name is nobody's.
fn names(list: &[String], domain: &Domain) -> bool {
    list.is_empty()
        || list
            .iter()
            .any(|name| name.parse::<Domain>().as_ref() == Ok(domain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memo::record::Facts;
    use crate::memo::seal;

    fn record(shared: bool, trusted: &[&str]) -> Record {
        let (sealed, _) = seal::seal(zeroize::Zeroizing::default());
        let mut record = Record::new(&sealed, Facts::at("here.example", std::time::UNIX_EPOCH));
        record.federation_shared = shared;
        record.trusted_domains = trusted.iter().map(|name| (*name).to_owned()).collect();
        record
    }

    #[test]
    fn each_list_lets_only_those_pass_that_it_names_and_prove_it() {
        let signed = |name: &str| Asker::Signed(name.parse().unwrap());
        let (a, b, none) = (signed("a.example"), signed("b.example:8443"), Asker::UnsignedPeer);
        for (unsigned, config, shared, memo, asker, allowed) in [
            (true, vec![], true, vec![], &none, true),
            (false, vec![], true, vec![], &none, false),
            (true, vec!["a.example"], true, vec![], &none, false),
            (true, vec![], true, vec!["a.example"], &none, false),
            (true, vec![], false, vec![], &none, false),
            (false, vec![], true, vec![], &a, true),
            (false, vec![], false, vec![], &a, false),
            (true, vec!["A.example."], true, vec![], &a, true),
            (true, vec!["A.example."], true, vec![], &b, false),
            (true, vec![], true, vec!["b.example:8443"], &b, true),
            (true, vec![], true, vec!["b.example"], &b, false),
            (true, vec!["a.example"], true, vec!["b.example:8443"], &a, false),
            (true, vec!["a.example"], true, vec!["b.example:8443"], &b, false),
            (true, vec!["not a name"], true, vec![], &a, false),
            (
                false,
                vec!["a.example"],
                false,
                vec!["b.example"],
                &Asker::OwnPage,
                true,
            ),
        ] {
            let policy = Policy::new(&config::Federation {
                serve_unsigned: unsigned,
                trusted_domains: config.iter().map(|name| (*name).to_owned()).collect(),
                ..config::Config::default().federation
            });
            let record = record(shared, &memo);
            assert_eq!(
                policy.allows(&record, asker),
                allowed,
                "{policy:?} {asker:?} {memo:?}"
            );
        }
    }
}
