use super::{Function, Manual, Run};

/// PJSIP_PARSE_URI
pub struct PjsipParseUri;

static MANUAL: Manual = Manual {
    name: "PJSIP_PARSE_URI",
    syntax: "PJSIP_PARSE_URI(URI,part)",
    synopsis: "A part of a SIP URI.",
    text:
        "The URI may stand in a header's form, `\"Name\" <sip:user@host>`. A part that it has not is empty.",
    options: &[
        ("display", "the name before the URI"),
        ("scheme", "`sip`, `sips` or `tel`"),
        ("user, passwd", "user and password, escapes as they stand"),
        (
            "host, port",
            "an IPv6 address without brackets; the port empty where none is named",
        ),
        (
            "user_param, method_param, transport_param, ttl_param, lr_param, maddr_param",
            "a parameter; `lr_param` is 1 or 0",
        ),
    ],
    ..Manual::EMPTY
};

impl Function for PjsipParseUri {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        // The part stands last: a URI may hold a comma, and quotes that belong to it.
        let (uri, part) = arguments.rsplit_once(',').ok_or("the part is missing")?;
        let uri = Uri::parse(uri)?;
        let parameter = |name: &str| uri.parameter(name).unwrap_or_default().to_string();
        Ok(match part.trim().to_ascii_lowercase().as_str() {
            "display" => uri.display.to_string(),
            "scheme" => uri.scheme.to_ascii_lowercase(),
            "user" => uri.user.to_string(),
            "passwd" => uri.password.to_string(),
            "host" => uri.host.to_string(),
            "port" => uri.port.to_string(),
            "user_param" => parameter("user"),
            "method_param" => parameter("method"),
            "transport_param" => parameter("transport"),
            "ttl_param" => parameter("ttl"),
            "maddr_param" => parameter("maddr"),
            "lr_param" => u8::from(uri.parameter("lr").is_some()).to_string(),
            other => return Err(format!("a URI has no part {other}")),
        })
    }
}

/// A URI taken apart, without judging what the parts hold.
struct Uri<'t> {
    display: &'t str,
    scheme: &'t str,
    user: &'t str,
    password: &'t str,
    host: &'t str,
    port: &'t str,
    parameters: &'t str,
}

impl<'t> Uri<'t> {
    fn parse(text: &'t str) -> Result<Uri<'t>, String> {
        let text = text.trim();
        let (display, uri) = match text.rsplit_once('<') {
            Some((display, rest)) => (
                display.trim().trim_matches('"'),
                rest.split('>').next().unwrap_or(""),
            ),
            None => ("", text.trim_matches('"')),
        };
        let (scheme, rest) = uri.split_once(':').ok_or("there is no scheme")?;
        if !["sip", "sips", "tel"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(scheme))
        {
            return Err(format!("{scheme} is not a scheme of SIP"));
        }
        // Headers of the request that the URI would make are behind a question mark.
        let (before_at, after_at) = match rest.split_once('@') {
            Some((user, host)) => (user, host),
            None => ("", rest),
        };
        let after_at = after_at.split('?').next().unwrap_or("");
        let (address, parameters) = after_at.split_once(';').unwrap_or((after_at, ""));
        let (user, password) = before_at.split_once(':').unwrap_or((before_at, ""));
        let (host, port) = match address.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']').ok_or("the ] of an address is missing")?;
                (host, after.strip_prefix(':').unwrap_or(""))
            }
            None => address.split_once(':').unwrap_or((address, "")),
        };
        Ok(Uri {
            display,
            scheme,
            user,
            password,
            host,
            port,
            parameters,
        })
    }

    fn parameter(&self, name: &str) -> Option<&'t str> {
        self.parameters.split(';').find_map(|parameter| {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            key.trim().eq_ignore_ascii_case(name).then_some(value)
        })
    }
}
