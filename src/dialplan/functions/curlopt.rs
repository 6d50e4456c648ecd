use super::{Function, Manual, Run};
use crate::dialplan::services::Fetch;
use crate::dialplan::substitute::is_true;
use crate::limits;
use std::time::Duration;

/// CURLOPT
pub struct CurlOpt;

static MANUAL: Manual = Manual {
    name: "CURLOPT",
    syntax: "CURLOPT(option)",
    synopsis: "How CURL asks, for the rest of this call.",
    text:
        "`Set(CURLOPT(httptimeout)=5)`. Options of Asterisk's that are not in the list, of proxies, FTP and \
           certificates that are not checked among them, cannot be set.",
    options: &[
        ("conntimeout", "seconds for connecting"),
        ("httptimeout", "seconds in all; never more than 30"),
        ("useragent", "what is sent as User-Agent"),
        ("referer", "what is sent as Referer"),
        ("cookie", "what is sent as Cookie"),
        (
            "httpheader",
            "a header field, `Name: value`; each Set adds one, an empty one takes all back",
        ),
        (
            "userpwd",
            "`user:password` of basic authentication; it cannot be read",
        ),
        ("followlocation", "1 to follow redirections"),
        ("maxredirs", "how many, 5 at most"),
        ("header", "1 to have the answer's head before its body"),
        (
            "failurecodes",
            "status codes that make the answer empty, with commas",
        ),
        (
            "hashcompat",
            "`yes` to read the answer as a form for HASH, `legacy` where `+` is a space",
        ),
    ],
    ..Manual::EMPTY
};

/// Whether CURL reads its answer as a web form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashCompat {
    /// It does not.
    #[default]
    No,
    /// With `%20` for a space.
    Yes,
    /// With `+` for a space as well.
    Legacy,
}

/// How CURL asks.
#[derive(Clone, Debug, Default)]
pub struct CurlOptions {
    connect_time: Option<Duration>,
    time: Option<Duration>,
    user_agent: String,
    referer: String,
    cookie: String,
    headers: Vec<String>,
    credentials: Option<String>,
    follow: bool,
    redirections: Option<usize>,
    head: bool,
    failure_codes: Vec<u16>,
    /// What becomes of the answer.
    pub hash: HashCompat,
}

impl CurlOptions {
    /// The request for that URL, with a body where it is a POST.
    pub fn request(&self, url: &str, body: Option<String>) -> Fetch {
        let mut headers = self.headers.clone();
        for (name, value) in [
            ("User-Agent", &self.user_agent),
            ("Referer", &self.referer),
            ("Cookie", &self.cookie),
        ] {
            if !value.is_empty() {
                headers.push(format!("{name}: {value}"));
            }
        }
        Fetch {
            url: url.to_string(),
            body,
            headers,
            credentials: self.credentials.clone(),
            connect_time: self.connect_time,
            time: self.time,
            redirections: match self.follow {
                true => self.redirections.unwrap_or(limits::CURL_REDIRECTIONS),
                false => 0,
            },
            with_head: self.head,
            failure_codes: self.failure_codes.clone(),
        }
    }

    fn get(&self, option: &str) -> Result<String, String> {
        let seconds =
            |time: Option<Duration>| time.map_or("0".to_string(), |time| time.as_secs_f64().to_string());
        let flag = |flag: bool| u8::from(flag).to_string();
        Ok(match option {
            "conntimeout" => seconds(self.connect_time),
            "httptimeout" => seconds(self.time),
            "useragent" => self.user_agent.clone(),
            "referer" => self.referer.clone(),
            "cookie" => self.cookie.clone(),
            "httpheader" => self.headers.join(","),
            "userpwd" => return Err("a password is not given back".to_string()),
            "followlocation" => flag(self.follow),
            "maxredirs" => self.redirections.unwrap_or(limits::CURL_REDIRECTIONS).to_string(),
            "header" => flag(self.head),
            "failurecodes" => {
                let codes: Vec<String> = self.failure_codes.iter().map(u16::to_string).collect();
                codes.join(",")
            }
            "hashcompat" => match self.hash {
                HashCompat::No => "no",
                HashCompat::Yes => "yes",
                HashCompat::Legacy => "legacy",
            }
            .to_string(),
            other => return Err(format!("there is no option {other}")),
        })
    }

    fn set(&mut self, option: &str, value: &str) -> Result<(), String> {
        if value.len() > limits::DIALPLAN_LINE_BYTES {
            return Err("the value is too long".to_string());
        }
        // A line end would begin a header field of the caller's choice.
        if value.contains(['\r', '\n', '\0']) {
            return Err("a value has no line ends".to_string());
        }
        let value = value.trim();
        match option {
            "conntimeout" => self.connect_time = seconds(value)?,
            "httptimeout" => self.time = seconds(value)?,
            "useragent" => self.user_agent = value.to_string(),
            "referer" => self.referer = value.to_string(),
            "cookie" => self.cookie = value.to_string(),
            "httpheader" if value.is_empty() => self.headers.clear(),
            "httpheader" if !value.contains(':') => {
                return Err("a header field is written Name: value".to_string())
            }
            "httpheader" if self.headers.len() >= limits::CURL_HEADERS => {
                return Err("there are too many header fields".to_string());
            }
            "httpheader" => self.headers.push(value.to_string()),
            "userpwd" => self.credentials = Some(value.to_string()).filter(|value| !value.is_empty()),
            "followlocation" => self.follow = is_true(value),
            "maxredirs" => {
                let most: usize = value.parse().map_err(|_| format!("{value} is not a number"))?;
                self.redirections = Some(most.min(limits::CURL_REDIRECTIONS));
            }
            "header" => self.head = is_true(value),
            "failurecodes" => {
                let codes = value.split(',').map(str::trim).filter(|code| !code.is_empty());
                let codes = codes
                    .take(limits::CURL_HEADERS)
                    .map(|code| code.parse().map_err(|_| code));
                let codes: Result<Vec<u16>, &str> = codes.collect();
                self.failure_codes = codes.map_err(|code| format!("{code} is not a status code"))?;
            }
            "hashcompat" => {
                self.hash = match value.to_ascii_lowercase().as_str() {
                    "legacy" => HashCompat::Legacy,
                    "yes" | "true" | "1" | "on" => HashCompat::Yes,
                    _ => HashCompat::No,
                }
            }
            other => return Err(format!("the option {other} cannot be set")),
        }
        Ok(())
    }
}

fn seconds(text: &str) -> Result<Option<Duration>, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| format!("{text} is not a number of seconds"))?;
    let time = Duration::try_from_secs_f64(seconds).map_err(|_| format!("{text} is not a time"))?;
    Ok(Some(time.min(limits::CURL_TIME)).filter(|time| !time.is_zero()))
}

impl Function for CurlOpt {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        run.curl.get(&arguments.trim().to_ascii_lowercase())
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        run.curl.set(&arguments.trim().to_ascii_lowercase(), value)
    }
}
