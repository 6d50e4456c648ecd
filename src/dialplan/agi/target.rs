//! What the first argument of AGI names.

use crate::dialplan::services::AgiTarget;

/// FastAGI's port where none is named.
const PORT: u16 = 4573;

/// Why there is no such target, in a sentence.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused(pub String);

/// Reads `program` or `agi://host[:port][/script]`. The arguments go with a program; to the network they are told in
/// the environment.
pub fn parse(request: &str, arguments: &[String]) -> Result<AgiTarget, Refused> {
    let refused = |why: &str| Err(Refused(why.to_string()));
    let scheme = request
        .split_once(':')
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("agi") if request.get(4..).is_some_and(|rest| rest.starts_with("//")) => {
            let (host, port) = authority(network_part(request).0)?;
            Ok(AgiTarget::Network { host, port })
        }
        Some("hagi") => refused("hagi://, which asks the DNS for a service, is not available; name the host with agi://"),
        Some("agi") => refused("agi:async, which is led by a manager connection, is not available; agi://host is"),
        _ if request.is_empty() => refused("AGI needs the name of a program, or agi://host"),
        _ if !stays_inside(request) => refused(
            "an AGI program is named within the folder of programs: without a slash before it, and without ..",
        ),
        _ => Ok(AgiTarget::Program {
            name: request.to_string(),
            arguments: arguments.to_vec(),
        }),
    }
}

/// What stands before and after the first slash behind `agi://`.
pub fn network_part(request: &str) -> (&str, &str) {
    let rest = request.get("agi://".len()..).unwrap_or_default();
    rest.split_once('/').unwrap_or((rest, ""))
}

fn stays_inside(name: &str) -> bool {
    !name.starts_with('/')
        && !name.chars().any(char::is_control)
        && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// `host`, `host:port`, `[address]` or `[address]:port`.
fn authority(text: &str) -> Result<(String, u16), Refused> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        None | Some("") => PORT,
        Some(port) => port
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(|| Refused(format!("{port} is not a port")))?,
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
    match !host.is_empty() && host.chars().all(is_name) {
        true => Ok((host.to_string(), port)),
        false => Err(Refused("agi:// needs the name or address of a host".to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_servers() {
        let program = |name: &str| {
            Ok(AgiTarget::Program {
                name: name.to_string(),
                arguments: Vec::new(),
            })
        };
        let network = |host: &str, port| {
            Ok(AgiTarget::Network {
                host: host.to_string(),
                port,
            })
        };
        for (text, expected) in [
            ("menu.py", program("menu.py")),
            ("folder/menu.py", program("folder/menu.py")),
            ("agi://192.0.2.7", network("192.0.2.7", 4573)),
            (
                "AGI://agi.example.org:9000/menu?a=b",
                network("agi.example.org", 9000),
            ),
            ("agi://[2001:db8::1]:4000/x", network("2001:db8::1", 4000)),
            ("agi://[2001:db8::1]", network("2001:db8::1", 4573)),
        ] {
            assert_eq!(parse(text, &[]), expected, "{text}");
        }
        for text in [
            "",
            "/bin/sh",
            "../sh",
            "a/../../sh",
            "a//b",
            "x\ny",
            "agi://",
            "agi:///x",
            "agi://host:0/",
            "agi://host:70000",
            "agi://ho st",
            "agi:async",
            "hagi://example.org",
            "agi://é:1",
        ] {
            assert!(parse(text, &[]).is_err(), "{text}");
        }
        assert_eq!(
            network_part("agi://host/menu/main?x=1"),
            ("host", "menu/main?x=1")
        );
    }
}
