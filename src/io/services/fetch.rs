//! CURL: one request to a web server that the configuration names.
//!
//! Three gates: the URL must begin as an entry of the configuration does, at the first request and at each redirection;
//! a name must lead to a public address, looked at where the connection is made, so that no later answer of the DNS can
//! lead elsewhere; and an address stands in a URL only where an entry names it.

use crate::dialplan::services::Fetch;
use crate::limits;
use crate::web::{self, reason, Reach};
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response, StatusCode, Url};
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Header fields that say where a request goes or how long it is: not the author's to set.
const OURS: [HeaderName; 6] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
];

/// What CURL asks with.
pub(super) struct Fetcher {
    allowed: Vec<Url>,
    /// The client of every request that sets no time for connecting; made with the first.
    client: OnceLock<Result<Client, String>>,
}

/// A request on its way through redirections.
struct Request {
    url: Url,
    method: Method,
    headers: HeaderMap,
    credentials: Option<String>,
    body: Option<String>,
}

impl Fetcher {
    /// For URLs that begin as one of these does.
    pub fn new(allowed: &[String]) -> Self {
        Fetcher {
            // The configuration was read: each is a URL.
            allowed: allowed.iter().filter_map(|url| Url::parse(url).ok()).collect(),
            client: OnceLock::new(),
        }
    }

    /// The answer's body.
    pub async fn fetch(&self, fetch: Fetch) -> Result<String, String> {
        let limit = fetch.time.unwrap_or(limits::CURL_TIME).min(limits::CURL_TIME);
        match tokio::time::timeout(limit, self.follow(fetch)).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer within {} s", limit.as_secs_f64())),
        }
    }

    async fn follow(&self, fetch: Fetch) -> Result<String, String> {
        let client = match fetch.connect_time {
            None => self.client.get_or_init(|| client(None)).clone()?,
            time => client(time)?,
        };
        let mut request = Request {
            url: Url::parse(&fetch.url).map_err(|error| format!("the URL: {error}"))?,
            method: if fetch.body.is_some() {
                Method::POST
            } else {
                Method::GET
            },
            headers: headers(&fetch.headers)?,
            credentials: fetch.credentials,
            body: fetch.body,
        };
        for redirections in 0.. {
            self.permit(&request.url)?;
            let response = send(&client, &request).await?;
            let status = response.status();
            let target = response
                .headers()
                .get(header::LOCATION)
                .filter(|_| status.is_redirection());
            if let (Some(target), true) = (target, redirections < fetch.redirections) {
                let target = target
                    .to_str()
                    .map_err(|_| "a redirection that is no text".to_string())?;
                let url = request
                    .url
                    .join(target)
                    .map_err(|error| format!("a redirection: {error}"))?;
                request = request.redirected(url, status);
                continue;
            }
            if fetch.failure_codes.contains(&status.as_u16()) {
                return Err(format!("the server answered {status}"));
            }
            return read(response, fetch.with_head).await;
        }
        Err("too many redirections".to_string())
    }

    /// Whether the configuration lets CURL ask that URL.
    fn permit(&self, url: &Url) -> Result<(), String> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a URL with a user in it is not asked; use CURLOPT(userpwd)".to_string());
        }
        match self.allowed.iter().any(|allowed| begins(url, allowed)) {
            true => Ok(()),
            false => Err(format!(
                "[dialplan] curl does not name {}://{}",
                url.scheme(),
                url.host_str().unwrap_or_default()
            )),
        }
    }
}

/// Whether a URL has scheme, host and port of another, and its path begins with the other's at a whole segment.
fn begins(url: &Url, allowed: &Url) -> bool {
    let origin = |url: &Url| {
        (
            url.scheme().to_string(),
            url.host_str().map(String::from),
            url.port_or_known_default(),
        )
    };
    let rest = url.path().strip_prefix(allowed.path());
    let whole =
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || allowed.path().ends_with('/'));
    origin(url) == origin(allowed) && whole
}

impl Request {
    /// The request that a redirection asks for.
    fn redirected(self, url: Url, status: StatusCode) -> Self {
        let elsewhere = self.url.origin() != url.origin();
        let keeps = matches!(
            status,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
        );
        Request {
            url,
            method: if keeps { self.method } else { Method::GET },
            body: self.body.filter(|_| keeps),
            // What the author gives one server is not for another.
            headers: if elsewhere { HeaderMap::new() } else { self.headers },
            credentials: self.credentials.filter(|_| !elsewhere),
        }
    }
}

async fn send(client: &Client, request: &Request) -> Result<Response, String> {
    let mut builder = client.request(request.method.clone(), request.url.clone());
    if let Some(body) = &request.body {
        if !request.headers.contains_key(header::CONTENT_TYPE) {
            builder = builder.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        builder = builder.body(body.clone());
    }
    if let Some(credentials) = &request.credentials {
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        builder = builder.basic_auth(user, Some(password));
    }
    let response = builder.headers(request.headers.clone()).send().await;
    // Without the URL, which may hold a token.
    response.map_err(|error| reason(&error.without_url()))
}

/// As much of the answer as a variable holds.
async fn read(mut response: Response, with_head: bool) -> Result<String, String> {
    let mut head = String::new();
    if with_head {
        // Writing to a String cannot fail.
        let _ = write!(head, "{:?} {}\r\n", response.version(), response.status());
        for (name, value) in response.headers() {
            let _ = write!(head, "{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
        }
        head.push_str("\r\n");
    }
    let mut bytes = head.into_bytes();
    while bytes.len() < limits::CURL_BYTES {
        match response
            .chunk()
            .await
            .map_err(|error| reason(&error.without_url()))?
        {
            Some(chunk) => bytes.extend_from_slice(&chunk),
            None => break,
        }
    }
    bytes.truncate(limits::CURL_BYTES);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn headers(lines: &[String]) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| "a header field without a colon".to_string())?;
        let name = HeaderName::try_from(name.trim())
            .map_err(|_| "a header field with a strange name".to_string())?;
        if OURS.contains(&name) {
            return Err(format!("the header field {name} cannot be set"));
        }
        let value = HeaderValue::try_from(value.trim()).map_err(|_| format!("a strange value of {name}"))?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn client(connect_time: Option<Duration>) -> Result<Client, String> {
    let builder = web::client(Arc::new(Reach::public()));
    let builder = builder.connect_timeout(connect_time.unwrap_or(limits::CURL_TIME));
    builder.build().map_err(|error| reason(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_asked_where_an_entry_begins_it() {
        let entries = [
            "https://api.example.org/v1",
            "http://127.0.0.1:8080/",
            "https://example.org/x/",
        ];
        let fetcher = Fetcher::new(&entries.map(String::from));
        for (url, asked) in [
            ("https://api.example.org/v1", true),
            ("https://API.example.org:443/v1/a?b=c", true),
            ("https://api.example.org/v1?b", true),
            ("https://api.example.org/v10", false),
            ("https://api.example.org/", false),
            ("https://api.example.org/v1/../v2", false),
            ("https://api.example.org/v1/%2e%2e/v2", false),
            ("http://api.example.org/v1", false),
            ("https://api.example.org:8443/v1", false),
            ("https://api.example.org.evil.example/v1", false),
            ("https://u:p@api.example.org/v1", false),
            ("http://127.0.0.1:8080/any", true),
            ("http://0x7f000001:8080/any", true),
            ("http://127.0.0.1/any", false),
            ("http://localhost:8080/any", false),
            ("https://example.org/x/y", true),
            ("https://example.org/x", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(fetcher.permit(&Url::parse(url).unwrap()).is_ok(), asked, "{url}");
        }
    }

    #[test]
    fn a_redirection_elsewhere_takes_nothing_along() {
        let request = |url: &str| Request {
            url: Url::parse(url).unwrap(),
            method: Method::POST,
            headers: headers(&["X-Token: 1".to_string()]).unwrap(),
            credentials: Some("u:p".to_string()),
            body: Some("b".to_string()),
        };
        let to =
            |url: &str, status| request("https://example.org/a").redirected(Url::parse(url).unwrap(), status);
        let same = to("https://example.org/b", StatusCode::TEMPORARY_REDIRECT);
        assert_eq!((same.method, same.body.as_deref()), (Method::POST, Some("b")));
        assert!(same.credentials.is_some() && same.headers.len() == 1);
        let other = to("https://example.com/b", StatusCode::FOUND);
        assert_eq!((other.method, other.body), (Method::GET, None));
        assert!(other.credentials.is_none() && other.headers.is_empty());
    }

    #[test]
    fn header_fields_that_say_where_a_request_goes_are_ours() {
        for line in [
            "Host: a",
            "content-length: 1",
            "Transfer-Encoding: chunked",
            "no colon",
            "a b: c",
            "X: a\nb",
        ] {
            assert!(headers(&[line.to_string()]).is_err(), "{line}");
        }
        assert_eq!(
            headers(&["X-One: 1".to_string(), "x-one: 2".to_string()])
                .unwrap()
                .len(),
            2
        );
    }
}
