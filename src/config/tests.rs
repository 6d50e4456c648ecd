//! Each mistake with its place and its words.

use super::*;
use crate::diagnostic::{Diagnostic, Severity};
use proptest::prelude::*;
use std::collections::HashMap;
use std::io;
use std::path::Path;

/// Files and variables made up for a test.
#[derive(Default)]
struct Made {
    files: HashMap<PathBuf, String>,
    folders: Vec<PathBuf>,
    variables: HashMap<String, String>,
}

impl Surroundings for Made {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        self.files
            .get(path)
            .cloned()
            .ok_or_else(|| io::Error::other("no such file"))
    }

    fn kind(&self, path: &Path) -> Option<Kind> {
        if self.files.contains_key(path) {
            Some(Kind::File)
        } else {
            self.folders
                .iter()
                .any(|folder| folder == path)
                .then_some(Kind::Folder)
        }
    }
}

fn made() -> Made {
    let mut made = Made::default();
    let files = [
        ("etc/plan.conf", ""),
        ("etc/secret", "s3cret-in-this-file\n"),
        ("etc/two-lines", "one\ntwo\n"),
        ("etc/empty", "\n"),
        ("etc/cert.pem", "-----BEGIN CERTIFICATE-----\n"),
        ("etc/key.pem", "-----BEGIN PRIVATE KEY-----\n"),
        ("/usr/bin/notify", ""),
    ];
    made.files = files.map(|(name, text)| (name.into(), text.into())).into();
    made.folders = vec!["etc/en".into(), "etc/de".into()];
    made.variables = [("TRUNK_PASSWORD".to_owned(), "s3cret-in-env".to_owned())].into();
    made
}

fn read(text: &str) -> Result<(Config, Vec<Diagnostic>), Vec<Diagnostic>> {
    parse("obelus.toml", text, Path::new("etc"), &made())
}

/// `2:8 error bad-value: message | hint`, one line a finding.
fn findings(text: &str) -> Vec<String> {
    let list = match read(text) {
        Ok((_, warnings)) => warnings,
        Err(findings) => findings,
    };
    let line = |finding: &Diagnostic| {
        let place = finding.span.as_ref().map_or("-".to_owned(), |span| {
            let (line, column) = span.source.position(span.range.start);
            format!("{line}:{column}")
        });
        let severity = if finding.severity == Severity::Error {
            "error"
        } else {
            "warning"
        };
        let hint = finding
            .hint
            .as_ref()
            .map_or(String::new(), |hint| format!(" | {hint}"));
        format!("{place} {severity} {}: {}{hint}", finding.code, finding.message)
    };
    list.iter().map(line).collect()
}

#[test]
fn nothing_written_gives_the_defaults_below_the_files_folder() {
    let (config, warnings) = read("").expect("an empty file is a configuration");
    assert!(warnings.is_empty(), "{warnings:?}");
    let expected = Config {
        store: Store {
            path: "etc/data".into(),
        },
        dialplan: Dialplan {
            file: "etc/dialplans/main.conf".into(),
            ..Config::default().dialplan
        },
        sounds: Sounds {
            path: vec!["etc/sounds".into()],
        },
        ..Config::default()
    };
    assert_eq!(config, expected);
    assert_eq!(
        parse("x", "", Path::new(""), &made()).expect("no findings").0,
        Config::default()
    );
}

#[test]
fn every_key_is_read() {
    let text = r#"
[sip]
listen = ["udp:192.0.2.1:5060", "tcp:[2001:db8::1]:5062"]
external_address = "198.51.100.7"
max_calls = 50
[media]
address = "192.0.2.1"
ports = "20001-20200"
threads = 2
[http]
listen = "0.0.0.0:443"
domain = "Memo.example.org"
public_url = "https://memo.example.org/"
admin_token = "file:secret"
tls_cert = "cert.pem"
tls_key = "key.pem"
trusted_proxies = ["127.0.0.1", "2001:db8::/32"]
[federation]
serve_unsigned = false
[store]
path = "/var/lib/obelus"
[dialplan]
file = "plan.conf"
allow = ["Record"]
curl = ["https://api.example.org/v1/"]
agi_folder = "en"
agi_hosts = ["AGI.example.org:4573"]
files = "de"
environment = ["TRUNK_PASSWORD"]
[sounds]
path = ["de", "en"]
[log]
level = "debug"
format = "json"
full_numbers = true
[[trunk]]
name = "voip-ms"
context = "incoming"
match = ["203.0.113.0/24", "198.51.100.9"]
registrar = "sip:sip.example.org:5080;transport=tcp"
username = "100000_main"
password = "env:TRUNK_PASSWORD"
codecs = ["pcma"]
number_format = "e164"
expires_secs = 120
silence = "continuous"
[[trunk]]
name = "second"
match = ["192.0.2.99"]
[[mailbox]]
name = "main"
notify_command = "cat >> memos"
notify_webhook = "https://hooks.example.org/x?y=1"
min_secs = 1
max_secs = 60
silence_secs = 0
beep = false
review = true
full_name = " Ada Example "
[[mailbox]]
name = "sales"
notify_command = ["/usr/bin/notify", "--sales"]
"#;
    let (config, warnings) = read(text).unwrap_or_else(|_| panic!("{:#?}", findings(text)));
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(
        config.sip.listen,
        [
            (Transport::Udp, "192.0.2.1:5060".parse().expect("an address")),
            (Transport::Tcp, "[2001:db8::1]:5062".parse().expect("an address")),
        ]
    );
    assert_eq!(config.sip.external_address, Some(IpAddr::from([198, 51, 100, 7])));
    assert_eq!(config.sip.max_calls, 50);
    assert_eq!(config.media.address, Some(IpAddr::from([192, 0, 2, 1])));
    assert_eq!(config.media.ports, (20_002, 20_199));
    assert_eq!(config.media.threads, 2);
    assert_eq!(config.http.listen, SocketAddr::from(([0, 0, 0, 0], 443)));
    assert_eq!(config.http.domain, "memo.example.org");
    assert_eq!(
        config.http.public_url.as_deref(),
        Some("https://memo.example.org")
    );
    assert_eq!(
        config.http.admin_token.as_ref().map(Secret::expose),
        Some("s3cret-in-this-file")
    );
    assert_eq!(config.http.tls_cert, Some("etc/cert.pem".into()));
    assert_eq!(config.http.tls_key, Some("etc/key.pem".into()));
    assert_eq!(config.http.trusted_proxies.len(), 2);
    assert!(config.http.trusted_proxies[1].contains("2001:db8:1::".parse().expect("an address")));
    assert!(!config.federation.serve_unsigned);
    assert_eq!(config.store.path, PathBuf::from("/var/lib/obelus"));
    assert_eq!(config.dialplan.file, PathBuf::from("etc/plan.conf"));
    assert_eq!(config.dialplan.allow, ["Record"]);
    assert_eq!(config.dialplan.curl, ["https://api.example.org/v1/"]);
    assert_eq!(config.dialplan.agi_folder, Some("etc/en".into()));
    assert_eq!(config.dialplan.agi_hosts, ["agi.example.org:4573"]);
    assert_eq!(config.dialplan.files, Some("etc/de".into()));
    let (name, value) = &config.dialplan.environment[0];
    assert_eq!(
        (name.as_str(), value.expose()),
        ("TRUNK_PASSWORD", "s3cret-in-env")
    );
    assert_eq!(
        config.sounds.path,
        [PathBuf::from("etc/de"), PathBuf::from("etc/en")]
    );
    assert_eq!(
        config.log,
        Log {
            level: tracing::Level::DEBUG,
            format: LogFormat::Json,
            full_numbers: true
        }
    );
    let trunk = &config.trunks[0];
    assert_eq!(
        (trunk.name.as_str(), trunk.context.as_str()),
        ("voip-ms", "incoming")
    );
    assert!(trunk.matches[0].contains(IpAddr::from([203, 0, 113, 200])));
    assert!(!trunk.matches[1].contains(IpAddr::from([198, 51, 100, 8])));
    assert_eq!(
        trunk.registrar.as_deref(),
        Some("sip:sip.example.org:5080;transport=tcp")
    );
    assert_eq!(trunk.username.as_deref(), Some("100000_main"));
    assert_eq!(trunk.password.as_ref().map(Secret::expose), Some("s3cret-in-env"));
    assert_eq!(trunk.codecs, [Codec::Pcma]);
    assert_eq!(trunk.number_format, NumberFormat::E164);
    assert_eq!((trunk.expires_secs, trunk.silence), (120, Silence::Continuous));
    assert_eq!(config.trunks[1].codecs, [Codec::Pcmu, Codec::Pcma]);
    let mailbox = &config.mailboxes[0];
    let command = mailbox.notify_command.as_deref().expect("a command is set");
    assert_eq!(command, ["/bin/sh", "-c", "cat >> memos"]);
    assert_eq!(
        mailbox.notify_webhook.as_deref(),
        Some("https://hooks.example.org/x?y=1")
    );
    assert_eq!(
        (mailbox.min_secs, mailbox.max_secs, mailbox.silence_secs),
        (1, 60, 0)
    );
    assert!(!mailbox.beep && mailbox.review);
    assert_eq!(mailbox.full_name, "Ada Example");
    let command = config.mailboxes[1]
        .notify_command
        .as_deref()
        .expect("a command is set");
    assert_eq!(command, ["/usr/bin/notify", "--sales"]);
}

#[test]
fn inline_tables_and_dotted_keys_are_the_same_sections() {
    let (config, _) =
        read("sip.max_calls = 7\nmailbox = [{ name = \"a\" }, { name = \"b\" }]\n").expect("valid");
    assert_eq!(config.sip.max_calls, 7);
    assert_eq!(
        config
            .mailboxes
            .iter()
            .map(|mailbox| mailbox.name.as_str())
            .collect::<Vec<_>>(),
        ["a", "b"]
    );
}

#[test]
fn links_carry_the_port_that_is_listened_on() {
    let (config, _) = read("[http]\nlisten = \"127.0.0.1:8080\"\n").expect("valid");
    assert_eq!(config.http.domain, "localhost:8080");
}

/// A text, and all that is found in it.
#[rustfmt::skip]
const MISTAKES: &[(&str, &[&str])] = &[
    (
        "[sip\n",
        &["1:5 error syntax: unclosed table, expected `]` | the file is TOML: [section], then key = value; text stands in quotes"],
    ),
    (
        "[sip]\nlisten = udp\n",
        &["2:10 error syntax: string values must be quoted, expected literal string | the file is TOML: [section], then key = value; text stands in quotes"],
    ),
    (
        "[sip]\nmax_calls = 1\nmax_calls = 2\n",
        &["3:1 error syntax: duplicate key | the file is TOML: [section], then key = value; text stands in quotes"],
    ),
    (
        "max_calls = 1\n",
        &["1:1 error unknown-key: \"max_calls\" stands in no section | `max_calls` belongs below [sip]"],
    ),
    (
        "lisen = 1\n",
        &["1:1 error unknown-key: \"lisen\" stands in no section | did you mean `listen`, below [sip] or [http]?"],
    ),
    (
        "colour = 1\n",
        &["1:1 error unknown-key: \"colour\" stands in no section | the sections are [sip], [media], [http], [federation], [store], [dialplan], [sounds], [smtp], [transcription], [log], [[trunk]], [[mailbox]]"],
    ),
    (
        "[sips]\n",
        &["1:2 error unknown-section: there is no section \"sips\" | did you mean [sip]?"],
    ),
    (
        "[colour]\n",
        &["1:2 error unknown-section: there is no section \"colour\" | the sections are [sip], [media], [http], [federation], [store], [dialplan], [sounds], [smtp], [transcription], [log], [[trunk]], [[mailbox]]"],
    ),
    (
        "[[sip]]\n",
        &["1:1 error wrong-type: `sip` is one section | write [sip], once"],
    ),
    (
        "[trunk]\nname = \"a\"\n",
        &["1:1 error wrong-type: `trunk` is a list, for there can be several | write [[trunk]] in double brackets"],
    ),
    (
        "mailbox = 1\n",
        &["1:11 error wrong-type: `mailbox` is a list, for there can be several | write [[mailbox]] in double brackets"],
    ),
    (
        "[sip]\nlisen = []\n",
        &["2:1 error unknown-key: \"lisen\" is not a key of [sip] | did you mean `listen`?"],
    ),
    (
        "[sip]\ndomain = \"x\"\n",
        &["2:1 error unknown-key: \"domain\" is not a key of [sip] | `domain` belongs below [http]"],
    ),
    (
        "[sip]\npath = \"x\"\n",
        &["2:1 error unknown-key: \"path\" is not a key of [sip] | `path` belongs below [store] or [sounds]"],
    ),
    (
        "[sip]\ncolour = \"x\"\n",
        &["2:1 error unknown-key: \"colour\" is not a key of [sip] | [sip] has listen, external_address, max_calls"],
    ),
    (
        "[sip]\nlisten = []\n",
        &["2:10 error bad-value: `listen`: nothing to listen on | leave the key out for the default"],
    ),
    (
        "[sip]\nlisten = \"udp:0.0.0.0:5060\"\n",
        &["2:10 error wrong-type: `listen`: expected an array of strings, found a string | write [\"udp:0.0.0.0:5060\"]"],
    ),
    (
        "[sip]\nlisten = [\"udp:0.0.0.0\", \"sctp:0.0.0.0:5060\", \"tls:0.0.0.0:5061\", 5060, \"udp:::1:5060\", \"udp:sip.example.org:5060\", \"udp:0.0.0.0:70000\"]\n",
        &["2:11 error bad-value: `listen`: expected a transport, an address and a port such as \"udp:0.0.0.0:5060\", found \"udp:0.0.0.0\" | the port is missing", "2:26 error bad-value: `listen`: expected a transport, an address and a port such as \"udp:0.0.0.0:5060\", found \"sctp:0.0.0.0:5060\"", "2:47 error bad-value: `listen`: expected udp or tcp, found \"tls\" | SIP over TLS and WebSocket is not supported", "2:67 error wrong-type: `listen`: expected a string, found a whole number", "2:73 error bad-value: `listen`: expected a transport, an address and a port such as \"udp:0.0.0.0:5060\", found \"udp:::1:5060\" | an IPv6 address stands in brackets: [::]:5060", "2:89 error bad-value: `listen`: expected a transport, an address and a port such as \"udp:0.0.0.0:5060\", found \"udp:sip.example.org:5060\" | write the address itself: host names are not looked up here", "2:117 error bad-value: `listen`: expected a transport, an address and a port such as \"udp:0.0.0.0:5060\", found \"udp:0.0.0.0:70000\" | the port is a number from 0 to 65535"],
    ),
    (
        "[sip]\nlisten = [\"udp:0.0.0.0:5060\", \"udp:0.0.0.0:5060\"]\n",
        &["2:31 error duplicate-value: `listen`: named twice"],
    ),
    (
        "[sip]\nexternal_address = \"sip.example.org\"\n",
        &["2:20 error bad-value: `external_address`: expected an IP address such as \"192.0.2.10\", found \"sip.example.org\""],
    ),
    (
        "[sip]\nexternal_address = \"0.0.0.0\"\n",
        &["2:20 error bad-value: `external_address`: this address reaches nobody | write the address that the trunk sees"],
    ),
    (
        "[sip]\nmax_calls = 0\n",
        &["2:13 error bad-value: `max_calls`: expected a whole number from 1 to 32767, found 0"],
    ),
    (
        "[sip]\nmax_calls = -5\n",
        &["2:13 error bad-value: `max_calls`: expected a whole number from 1 to 32767, found -5"],
    ),
    (
        "[sip]\nmax_calls = 1.5\n",
        &["2:13 error wrong-type: `max_calls`: expected a whole number from 1 to 32767, found a decimal number"],
    ),
    (
        "[sip]\nmax_calls = \"many\"\n",
        &["2:13 error wrong-type: `max_calls`: expected a whole number from 1 to 32767, found a string"],
    ),
    (
        "[sip.max_calls]\n",
        &["1:6 error wrong-type: `max_calls`: expected a value, found a table | write max_calls = … below [sip]"],
    ),
    (
        "[media]\naddress = \"eth0\"\n",
        &["2:11 error bad-value: `address`: expected an IP address such as \"192.0.2.10\", found \"eth0\""],
    ),
    (
        "[media]\nports = \"10000\"\n",
        &["2:9 error bad-value: `ports`: expected a range of ports such as \"10000-19999\", found \"10000\""],
    ),
    (
        "[media]\nports = 10000\n",
        &["2:9 error wrong-type: `ports`: expected a string, found a whole number"],
    ),
    (
        "[media]\nports = \"20000-10000\"\n",
        &["2:9 error bad-value: `ports`: expected a range of ports such as \"10000-19999\", found \"20000-10000\" | write \"10000-20000\""],
    ),
    (
        "[media]\nports = \"10001-10002\"\n",
        &["2:9 error bad-value: `ports`: expected a range of ports such as \"10000-19999\", found \"10001-10002\" | a call needs an even port and the odd one above it"],
    ),
    (
        "[media]\nports = \"0-100\"\n",
        &["2:9 error bad-value: `ports`: expected a range of ports such as \"10000-19999\", found \"0-100\" | ports start at 1; those below 1024 need privileges"],
    ),
    (
        "[media]\nports = \"10000-10099\"\n",
        &["2:9 warning few-ports: `ports`: room for 50 calls, but max_calls is 2000 | a call takes two ports; widen the range or lower [sip] max_calls"],
    ),
    (
        "[media]\nports = \"5000-20000\"\n",
        &["2:9 warning port-overlap: `ports`: 5060 of [sip] listen lies in this range | calls would find that port taken; keep the two apart"],
    ),
    (
        "[media]\nthreads = 0\n",
        &["2:11 error bad-value: `threads`: expected a whole number from 1 to 64, found 0"],
    ),
    (
        "[http]\nlisten = \"127.0.0.1\"\n",
        &["2:10 error bad-value: `listen`: expected an address and a port such as \"127.0.0.1:5001\", found \"127.0.0.1\" | the port is missing"],
    ),
    (
        "[http]\nlisten = \"0.0.0.0:5001\"\n",
        &["2:10 warning plain-http: `listen`: others reach the pages over plain HTTP only | browsers decrypt memos over HTTPS alone: set tls_cert and tls_key, or public_url of a proxy"],
    ),
    (
        "[http]\nadmin_token = \"fifteen letters\"\n",
        &["2:15 warning weak-token: `admin_token`: shorter than 16 characters, which can be guessed | let chance choose it: openssl rand -hex 32"],
    ),
    (
        "[http]\npublic_url = \"https://memo.example.org\"\n",
        &["2:14 warning no-proxies: `public_url`: without `trusted_proxies`, everybody behind that proxy is one address | bounds for each address would then be for all together: set trusted_proxies to the proxy's address"],
    ),
    (
        "[http]\ndomain = \"https://memo.example.org/\"\n",
        &["2:10 error bad-value: `domain`: expected a host name, with a port where it is not the usual one, found \"https://memo.example.org/\" | without the scheme: \"memo.example.org\""],
    ),
    (
        "[http]\ndomain = \"a b\"\n",
        &["2:10 error bad-value: `domain`: expected a host name, with a port where it is not the usual one, found \"a b\""],
    ),
    (
        "[http]\npublic_url = \"memo.example.org\"\n",
        &["2:14 error bad-value: `public_url`: expected a URL such as \"https://example.org/\", found \"memo.example.org\""],
    ),
    (
        "[http]\npublic_url = \"https://memo.example.org/?a\"\n",
        &["2:14 error bad-value: `public_url`: expected a URL such as \"https://memo.example.org\", without a query, found \"https://memo.example.org/?a\""],
    ),
    (
        "[http]\nadmin_token = \"\"\n",
        &["2:15 error bad-value: `admin_token`: the secret is empty"],
    ),
    (
        "[http]\nadmin_token = \"env:ABSENT\"\n",
        &["2:15 error missing-variable: `admin_token`: the environment has no variable \"ABSENT\" | set it for this process, or write file:PATH"],
    ),
    (
        "[http]\nadmin_token = \"file:absent\"\n",
        &["2:15 error missing-file: `admin_token`: cannot read etc/absent: no such file"],
    ),
    (
        "[http]\nadmin_token = \"file:empty\"\n",
        &["2:15 error bad-value: `admin_token`: the secret is empty"],
    ),
    (
        "[http]\nadmin_token = \"file:two-lines\"\n",
        &["2:15 error bad-value: `admin_token`: the secret has more than one line"],
    ),
    (
        "[http]\ntls_cert = \"cert.pem\"\n",
        &["2:1 error missing-key: `tls_cert` needs `tls_key` beside it | HTTPS needs the certificate chain and its key, both as PEM files"],
    ),
    (
        "[http]\ntls_key = \"key.pem\"\n",
        &["2:1 error missing-key: `tls_key` needs `tls_cert` beside it | HTTPS needs the certificate chain and its key, both as PEM files"],
    ),
    (
        "[http]\ntls_cert = \"key.pem\"\ntls_key = \"absent.pem\"\n",
        &["2:12 error bad-value: `tls_cert`: etc/key.pem holds no PEM block of a certificate", "3:11 error missing-file: `tls_key`: there is no file etc/absent.pem | relative paths start at this file's folder"],
    ),
    (
        "[http]\ntrusted_proxies = [\"10.0.0.0/33\", \"proxy\", \"::1/129\"]\n",
        &["2:20 error bad-value: `trusted_proxies`: expected an address or a range such as \"192.0.2.0/24\", found \"10.0.0.0/33\" | the prefix is 0 to 32", "2:35 error bad-value: `trusted_proxies`: expected an address or a range such as \"192.0.2.0/24\", found \"proxy\" | write the addresses themselves: host names are not looked up here", "2:44 error bad-value: `trusted_proxies`: expected an address or a range such as \"192.0.2.0/24\", found \"::1/129\" | the prefix is 0 to 128"],
    ),
    (
        "[federation]\nserve_unsigned = \"yes\"\n",
        &["2:18 error wrong-type: `serve_unsigned`: expected true or false, found a string"],
    ),
    (
        "[store]\npath = \"\"\n",
        &["2:8 error bad-value: `path`: expected a path, found \"\""],
    ),
    (
        "[store]\npath = \"plan.conf\"\n",
        &["2:8 error bad-value: `path`: etc/plan.conf is a file, not a folder"],
    ),
    (
        "[dialplan]\nfile = \"absent.conf\"\n",
        &["2:8 error missing-file: `file`: there is no file etc/absent.conf | relative paths start at this file's folder"],
    ),
    (
        "[dialplan]\nfile = \"en\"\n",
        &["2:8 error bad-value: `file`: etc/en is a folder, not a file"],
    ),
    (
        "[dialplan]\nallow = [\"\"]\n",
        &["2:10 error bad-value: `allow`: expected 1 to 64 letters, digits, dots, dashes and underscores, found \"\""],
    ),
    (
        "[dialplan]\ncurl = [\"api.example.org\", \"https://example.org/?a\"]\nagi_folder = \"plan.conf\"\nagi_hosts = [\"a b\"]\nenvironment = [\"NOT SET\"]\n",
        &[
            "2:9 error bad-value: `curl`: expected a URL such as \"https://example.org/\", found \"api.example.org\"",
            "2:28 error bad-value: `curl`: expected the beginning of a URL such as \"https://api.example.org/v1/\", without a query, found \"https://example.org/?a\"",
            "3:14 error bad-value: `agi_folder`: etc/plan.conf is a file, not a folder",
            "4:14 error bad-value: `agi_hosts`: expected a host, or a host and port, such as \"agi.example.org:4573\", found \"a b\"",
            "5:16 error bad-value: `environment`: expected 1 to 64 letters, digits, dots, dashes and underscores, found \"NOT SET\"",
        ],
    ),
    (
        "[sounds]\npath = [\"en\", \"fr\", \"plan.conf\"]\n",
        &["2:15 error missing-file: `path`: there is no folder etc/fr | relative paths start at this file's folder", "2:21 error bad-value: `path`: etc/plan.conf is a file, not a folder"],
    ),
    (
        "[sounds]\npath = \"en\"\n",
        &["2:8 error wrong-type: `path`: expected an array of strings, found a string | write [\"en\"]"],
    ),
    (
        "[log]\nlevel = \"inf\"\n",
        &["2:9 error bad-value: `level`: expected \"error\", \"warn\", \"info\", \"debug\" or \"trace\", found \"inf\" | did you mean \"info\"?"],
    ),
    (
        "[log]\nlevel = \"verbose\"\n",
        &["2:9 error bad-value: `level`: expected \"error\", \"warn\", \"info\", \"debug\" or \"trace\", found \"verbose\""],
    ),
    (
        "[log]\nformat = \"xml\"\n",
        &["2:10 error bad-value: `format`: expected \"text\" or \"json\", found \"xml\""],
    ),
    (
        "[log]\nfull_numbers = 1\n",
        &["2:16 error wrong-type: `full_numbers`: expected true or false, found a whole number"],
    ),
    (
        "[[trunk]]\n",
        &["1:1 error missing-key: [[trunk]] needs a `name` | name = \"…\"", "1:1 warning no-way-in: this trunk admits no call: it has neither `registrar` nor `match` | registrar (with username and password) for a provider that we register with, match = [\"192.0.2.0/24\"] for one that sends calls from known addresses"],
    ),
    (
        "[[trunk]]\nname = \"a b\"\nmatch = [\"192.0.2.1\"]\n",
        &["2:8 error bad-value: `name`: expected 1 to 64 letters, digits, dots, dashes and underscores, found \"a b\""],
    ),
    (
        "[[trunk]]\nname = \"a\"\nmatch = [\"192.0.2.1\"]\n[[trunk]]\nname = \"a\"\nmatch = [\"192.0.2.1\"]\n",
        &["5:8 error duplicate-name: `name`: there is a [[trunk]] named \"a\" already", "6:10 warning same-match: `match`: the trunk \"a\" has this range too | the first trunk in the file gets the calls"],
    ),
    (
        "[[trunk]]\nname = \"a\"\n",
        &["1:1 warning no-way-in: this trunk admits no call: it has neither `registrar` nor `match` | registrar (with username and password) for a provider that we register with, match = [\"192.0.2.0/24\"] for one that sends calls from known addresses"],
    ),
    (
        "[[trunk]]\nname = \"a\"\nregistrar = \"sip.example.org\"\n",
        &["3:1 error missing-key: `registrar` needs `username` beside it | the account's name at the provider, which its calls are sent to", "3:1 warning no-password: no `password`: a registrar that asks for one will not be answered | password = \"env:NAME\" or \"file:PATH\" keeps it out of this file"],
    ),
    (
        "[[trunk]]\nname = \"a\"\nmatch = [\"192.0.2.1\"]\npassword = \"x\"\n",
        &["4:1 error missing-key: `password` needs `username` beside it"],
    ),
    (
        "[[trunk]]\nname = \"a\"\nmatch = [\"192.0.2.1\"]\nusername = \"u\"\npassword = \"x\"\n",
        &["5:1 warning unused-key: `password` is used for registering, and this trunk has no `registrar` | registrar = \"sip.example.org\""],
    ),
    (
        "[[trunk]]\nname = \"a\"\nusername = \"u\"\npassword = \"x\"\nregistrar = \"sips:sip.example.org\"\n",
        &["5:13 error bad-value: `registrar`: expected a host, a host and port, or a SIP URI such as \"sip:sip.example.org:5060\", found \"sips:sip.example.org\" | SIP over TLS is not supported"],
    ),
    (
        "[[trunk]]\nname = \"a\"\nusername = \"u\"\npassword = \"x\"\nregistrar = \"sip:u@sip.example.org\"\n",
        &["5:13 error bad-value: `registrar`: expected a host, a host and port, or a SIP URI such as \"sip:sip.example.org:5060\", found \"sip:u@sip.example.org\" | the user goes into `username`"],
    ),
    (
        "[[trunk]]\nname = \"a\"\nusername = \"u\"\npassword = \"x\"\nregistrar = \"sip.example.org;lr\"\n",
        &["5:13 error bad-value: `registrar`: expected a host, a host and port, or a SIP URI such as \"sip:sip.example.org:5060\", found \"sip.example.org;lr\" | the only parameter is transport=udp or transport=tcp"],
    ),
    (
        "[[trunk]]\nname = \"a\"\nusername = \"u\"\npassword = \"x\"\nregistrar = \"sip.example.org:0\"\n",
        &["5:13 error bad-value: `registrar`: expected a host, a host and port, or a SIP URI such as \"sip:sip.example.org:5060\", found \"sip.example.org:0\""],
    ),
    (
        "[[trunk]]\nname = \"a\"\nusername = \"u v\"\npassword = 5\nregistrar = \"sip.example.org\"\n",
        &["3:12 error bad-value: `username`: expected text without spaces, found \"u v\"", "4:12 error wrong-type: `password`: expected a string, found a whole number"],
    ),
    (
        "[[trunk]]\nname = \"a\"\nmatch = [\"sip.example.org\"]\n",
        &["3:10 error bad-value: `match`: expected an address or a range such as \"192.0.2.0/24\", found \"sip.example.org\" | write the addresses themselves: host names are not looked up here"],
    ),
    (
        "[[trunk]]\nname = \"a\"\nmatch = [\"192.0.2.1\"]\ncodecs = [\"ulaw\", \"pcmx\", \"opus\"]\n",
        &["4:11 error bad-value: `codecs`: expected \"pcmu\" or \"pcma\", found \"ulaw\" | mu-law is \"pcmu\", by its name in SDP", "4:19 error bad-value: `codecs`: expected \"pcmu\" or \"pcma\", found \"pcmx\" | did you mean \"pcmu\"?", "4:27 error bad-value: `codecs`: expected \"pcmu\" or \"pcma\", found \"opus\""],
    ),
    (
        "[[trunk]]\nname = \"a\"\nmatch = [\"192.0.2.1\"]\ncodecs = []\n",
        &["4:10 error bad-value: `codecs`: without a codec no call can be answered | leave the key out for pcmu and pcma"],
    ),
    (
        "[[trunk]]\nname = \"a\"\nmatch = [\"192.0.2.1\"]\ncodecs = [\"pcmu\", \"pcmu\"]\n",
        &["4:19 error duplicate-value: `codecs`: named twice"],
    ),
    (
        "[[trunk]]\nname = \"a\"\nmatch = [\"192.0.2.1\"]\nnumber_format = \"E164\"\n",
        &["4:17 error bad-value: `number_format`: expected \"as-is\", \"digits\", \"e164\" or \"nanp10\", found \"E164\" | did you mean \"e164\"?"],
    ),
    (
        "[[trunk]]\nname = \"a\"\nmatch = [\"192.0.2.1\"]\nexpires_secs = 5\n",
        &["4:16 error bad-value: `expires_secs`: expected a whole number from 60 to 86400, found 5"],
    ),
    (
        "[[trunk]]\nname = \"a\"\nmatch = [\"192.0.2.1\"]\nsilence = \"off\"\n",
        &["4:11 error bad-value: `silence`: expected \"keepalive\" or \"continuous\", found \"off\""],
    ),
    (
        "[[trunk]]\nname = \"a\"\nmatch = [\"192.0.2.1\"]\ncontext = \"\"\n",
        &["4:11 error bad-value: `context`: expected 1 to 64 letters, digits, dots, dashes and underscores, found \"\""],
    ),
    (
        "[[mailbox]]\nbeep = true\n",
        &["1:1 error missing-key: [[mailbox]] needs a `name` | name = \"…\""],
    ),
    (
        "[[mailbox]]\nname = \"a\"\n[[mailbox]]\nname = \"a\"\n",
        &["4:8 error duplicate-name: `name`: there is a [[mailbox]] named \"a\" already"],
    ),
    (
        "[[mailbox]]\nname = \"a\"\nmin_secs = 9\nmax_secs = 5\n",
        &["3:12 error conflicting-keys: `min_secs` is 9, more than `max_secs`, 5: no recording could be kept | shorter recordings than min_secs leave no memo"],
    ),
    (
        "[[mailbox]]\nname = \"a\"\nmin_secs = 400\n",
        &["3:12 error conflicting-keys: `min_secs` is 400, more than `max_secs`, 300: no recording could be kept | shorter recordings than min_secs leave no memo"],
    ),
    (
        "[[mailbox]]\nname = \"a\"\nmax_secs = 3601\n",
        &["3:12 error bad-value: `max_secs`: expected a whole number from 1 to 3600, found 3601"],
    ),
    (
        "[[mailbox]]\nname = \"a\"\nnotify_command = \" \"\n",
        &["3:18 error bad-value: `notify_command`: the command is empty"],
    ),
    (
        "[[mailbox]]\nname = \"a\"\nnotify_command = []\n",
        &["3:18 error wrong-type: `notify_command`: expected a command line, or an array of a program and its arguments"],
    ),
    (
        "[[mailbox]]\nname = \"a\"\nnotify_command = [\"/usr/bin/absent\"]\n",
        &["3:18 error missing-file: `notify_command`: there is no file /usr/bin/absent | relative paths start at this file's folder"],
    ),
    (
        "[[mailbox]]\nname = \"a\"\nnotify_command = 5\n",
        &["3:18 error wrong-type: `notify_command`: expected a command line, or an array of a program and its arguments"],
    ),
    (
        "[[mailbox]]\nname = \"a\"\nnotify_webhook = \"example.org\"\n",
        &["3:18 error bad-value: `notify_webhook`: expected a URL such as \"https://example.org/\", found \"example.org\""],
    ),
    (
        "[[mailbox]]\nname = \"a\"\nnotify_webhook = \"http://example.org/\"\n",
        &["3:18 warning plain-webhook: `notify_webhook`: the link, with its key, would cross the network in clear | use https"],
    ),
    (
        "[[mailbox]]\nname = \"a\"\nnotify_webhook = \"https://u:p@example.org/\"\n",
        &["3:18 error bad-value: `notify_webhook`: a URL with a user in it is not accepted"],
    ),
    (
        "[[mailbox]]\nname = \"ä\"\nbeep = 1\n",
        &["2:8 error bad-value: `name`: expected 1 to 64 letters, digits, dots, dashes and underscores, found \"ä\"", "3:8 error wrong-type: `beep`: expected true or false, found a whole number"],
    ),
];

#[test]
fn a_mailbox_can_be_named_as_dialplans_name_them() {
    for (name, fits) in [
        ("100@sales", true),
        ("100", true),
        ("@sales", false),
        ("100@", false),
        ("1@2@3", false),
        ("10 0@sales", false),
    ] {
        assert_eq!(values::mailbox_name(name).is_ok(), fits, "{name}");
    }
}

#[test]
fn each_mistake_is_told_with_its_place_and_what_was_expected() {
    let mut wrong = String::new();
    for (text, expected) in MISTAKES {
        let found = findings(text);
        if found != *expected {
            wrong.push_str(&format!(
                "in {text:?}\n  found    {found:#?}\n  expected {expected:#?}\n"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_file_that_is_not_there_is_an_error_where_it_was_named() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("absent.toml");
    let findings = load(Some(&path)).expect_err("the file is missing");
    assert_eq!(findings.len(), 1);
    assert!(
        findings[0]
            .message
            .starts_with(&format!("cannot read {}: ", path.display())),
        "{findings:?}"
    );
}

#[test]
fn a_file_that_is_not_text_is_refused_with_the_line() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("obelus.toml");
    std::fs::write(&path, b"[sip]\n# caf\xe9\n").expect("the file can be written");
    let findings = load(Some(&path)).expect_err("the file is not UTF-8");
    assert!(findings[0].message.contains("line 2"), "{findings:?}");
}

#[test]
fn no_finding_shows_a_secret() {
    let texts = [
        "[[trunk]]\nname = \"a\"\npassword = \"hunter2\"\npasswords = \"hunter2\"\n",
        "[[trunk]]\nname = \"a\"\npassword = [\"hunter2\"]\n",
        "[[trunk]]\nname = \"a\"\npasswd = \"hunter2\"\n",
        "[[trunk]]\npassword = \"hunter2\n",
        "[[trunk]]\npassword = \"\"\"\nhunter2\n\"\"\" x\n",
        "[http]\nadmin_token = hunter2\n",
        "[http]\nadmintoken = \"hunter2\"\nadmin_tokn = 'hunter2'\n",
        "trunk = [{ nam = \"a\", password = \"hunter2\" }]\n",
        "trunk = { password = \"hunter2\" }\n",
        "password = \"hunter2\"\n",
        "[sip]\npassword = \"\"\"a\nhunter2\"\"\"\n",
    ];
    for text in texts {
        let findings = read(text).expect_err("each of these is refused");
        for finding in findings {
            let shown = format!("{finding:?}{}", crate::diagnostic::render(&finding, false));
            assert!(!shown.contains("hunter2"), "{text}\n{shown}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_panics(text in "(?s).{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn no_value_of_any_key_panics(
        section in 0..KEYS.len(),
        key in 0..10usize,
        value in prop_oneof![
            Just("\"\"".to_owned()), Just("-1".to_owned()), Just("9223372036854775807".to_owned()),
            Just("[]".to_owned()), Just("[[]]".to_owned()), Just("{}".to_owned()), Just("1979-05-27".to_owned()),
            Just("inf".to_owned()), "\"[a-z0-9:./@;\\[\\]-]{0,30}\"", "\\[\"[a-z0-9:./\\[\\]-]{0,30}\"\\]",
        ],
        double in any::<bool>(),
    ) {
        let (name, keys) = KEYS[section];
        let key = keys[key % keys.len()];
        let header = if double { format!("[[{name}]]") } else { format!("[{name}]") };
        let _ = read(&format!("{header}\n{key} = {value}\n"));
    }
}

#[test]
fn a_mailbox_with_everything_that_tells_its_owner() {
    let text = r#"
[federation]
trusted_domains = ["memo.example.net"]
allow_private = ["127.0.0.2:5001"]
numbers = { "555" = "memo.example.net" }

[smtp]
host = "smtp.example.org"
from = "memo@example.org"
password = "env:TRUNK_PASSWORD"

[transcription]
endpoint = "http://127.0.0.1:8080/v1/audio/transcriptions"
summary_endpoint = "http://[::1]:11434/v1/chat/completions"

[[mailbox]]
name = "main"
clear = ["from", "duration"]
telephone = true
keep_days = 30
keep_mb = 500
notify_webhook = "https://hooks.example.org/"
notify_webhook_secret = "s3cret"
notify_email = "me@example.org"
email_envelope = true
notify_sip = "sip:100@192.0.2.5"
mwi = "sip:100@192.0.2.5:5062;transport=tcp"
transcribe = true
summarize = true
"#;
    let (config, warnings) = read(text).unwrap_or_else(|_| panic!("{:?}", findings(text)));
    assert_eq!(warnings.len(), 0);
    assert_eq!(
        config.federation.numbers,
        [("555".to_owned(), "memo.example.net".to_owned())]
    );
    let smtp = config.smtp.expect("there is a section");
    assert_eq!((smtp.port, smtp.security), (465, SmtpSecurity::Tls));
    let mailbox = &config.mailboxes[0];
    assert_eq!(mailbox.clear, [ClearFact::From, ClearFact::Duration]);
    assert_eq!((mailbox.keep_days, mailbox.keep_memos), (Some(30), None));
    assert!(mailbox.telephone && mailbox.email_envelope && mailbox.transcribe && mailbox.summarize);
}

#[test]
fn what_would_leave_the_machine_in_clear_is_an_error() {
    let text = "[smtp]\nhost = \"smtp.example.org\"\nfrom = \"a@example.org\"\nsecurity = \"none\"\n";
    assert_eq!(
        findings(text),
        ["4:12 error plain-smtp: `security`: mail would cross the network in clear | \"none\" is for a mail server on this machine"]
    );
    let text = "[transcription]\nendpoint = \"https://api.example.org/v1/audio/transcriptions\"\n";
    assert_eq!(
        findings(text),
        ["2:1 error remote-transcription: `endpoint`: what callers say would leave this machine | name an address of this machine, or set allow_remote = true"]
    );
    assert_eq!(
        findings(&format!("{text}allow_remote = true\n")),
        Vec::<String>::new()
    );
}

#[test]
fn a_mailbox_that_needs_a_section_says_which() {
    let text = "[[mailbox]]\nname = \"main\"\nnotify_email = \"me@example.org\"\ntranscribe = true\nclear = [\"form\"]\n";
    let found = findings(text);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found
        .iter()
        .any(|line| line.contains("`notify_email` needs [smtp]")));
    assert!(found
        .iter()
        .any(|line| line.contains("`transcribe` needs [transcription]")));
    assert!(found.iter().any(|line| line.starts_with("5:10 error")));
}
