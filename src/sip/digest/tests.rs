use super::*;
use crate::rng::Rng;
use proptest::prelude::*;

/// RFC 7616 3.9.1.
fn mufasa(algorithm: Algorithm) -> Inputs<'static> {
    Inputs {
        algorithm,
        session: None,
        username: "Mufasa",
        realm: "http-auth@example.org",
        password: "Circle of Life",
        nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        count: 1,
        qop: Qop::Auth,
        method: "GET",
        uri: "/dir/index.html",
        body: b"",
    }
}

#[test]
fn the_published_examples_come_out() {
    assert_eq!(
        mufasa(Algorithm::Md5).response(),
        "8ca523f5e9506fed4657c9700eebdbec"
    );
    assert_eq!(
        mufasa(Algorithm::Sha256).response(),
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    );
    // RFC 2617 3.5.
    let old = Inputs {
        realm: "testrealm@host.com",
        password: "Circle Of Life",
        nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        cnonce: "0a4f113b",
        ..mufasa(Algorithm::Md5)
    };
    assert_eq!(old.response(), "6629fae49393a05397450978507c4ef1");
    // RFC 2069 2.4, with the response of its erratum 749.
    let oldest = Inputs {
        realm: "testrealm@host.com",
        password: "CircleOfLife",
        qop: Qop::None,
        ..old
    };
    assert_eq!(oldest.response(), "1949323746fe6a43ef61f9606e7febea");
}

fn authenticator() -> Authenticator {
    Authenticator::new("alice", Secret::new("wonder\"land".into()), Rng::from_seed(1))
}

fn challenged(values: &[&str]) -> Headers {
    let mut headers = Headers::new();
    for value in values {
        headers.push("WWW-Authenticate", value);
    }
    headers
}

fn answer(auth: &mut Authenticator, values: &[&str]) -> Result<AuthHeader, AuthFailure> {
    let uri = Uri::sip("", "registrar.example.org", None);
    auth.respond(&Method::Register, &uri, b"", &challenged(values), false)
}

/// The value of a parameter in a credentials header, quotes undone.
fn param(header: &AuthHeader, name: &str) -> Option<String> {
    let rest = header.value.strip_prefix("Digest ")?;
    crate::sip::message::split_quoted(rest).find_map(|piece| {
        let (n, value) = piece.split_once('=')?;
        (n == name).then(|| crate::sip::message::unquote(value))
    })
}

/// What a server would compute from the header and the password that it knows.
fn verifies(header: &AuthHeader, method: &str, password: &str, first_cnonce: Option<&str>) -> bool {
    let get = |name| param(header, name).unwrap_or_default();
    let name = param(header, "algorithm").unwrap_or_else(|| "MD5".into());
    let session = name.ends_with("-sess");
    let (realm, nonce, cnonce, username, uri) = (
        get("realm"),
        get("nonce"),
        get("cnonce"),
        get("username"),
        get("uri"),
    );
    let expected = Inputs {
        algorithm: Algorithm::from_name(name.trim_end_matches("-sess")).unwrap(),
        session: session.then_some(first_cnonce.unwrap_or(&cnonce)),
        username: &username,
        realm: &realm,
        password,
        nonce: &nonce,
        cnonce: &cnonce,
        count: u32::from_str_radix(&get("nc"), 16).unwrap_or(0),
        qop: match get("qop").as_str() {
            "auth" => Qop::Auth,
            "auth-int" => Qop::AuthInt,
            _ => Qop::None,
        },
        method,
        uri: &uri,
        body: b"",
    };
    expected.response() == get("response")
}

#[test]
fn every_form_of_challenge_is_answered_so_that_the_server_agrees() {
    for algorithm in ["MD5", "md5", "SHA-256", "SHA-512-256", "MD5-sess", "SHA-256-sess"] {
        for qop in [
            "",
            ", qop=\"auth\"",
            ", qop=auth",
            ", qop=\"auth-int\"",
            ", qop=\"auth-int,auth\"",
        ] {
            let value = format!("Digest realm=\"a \\\"b\\\"\", nonce=\"n1\", algorithm={algorithm}{qop}");
            let mut auth = authenticator();
            let header = answer(&mut auth, &[&value]).unwrap();
            assert_eq!(header.name, "Authorization");
            assert_eq!(param(&header, "realm").unwrap(), "a \"b\"");
            assert!(
                verifies(&header, "REGISTER", "wonder\"land", None),
                "{}",
                header.value
            );
            assert!(!verifies(&header, "REGISTER", "wrong", None));
        }
    }
}

#[test]
fn without_an_algorithm_it_is_md5_and_none_is_named_back() {
    let header = answer(
        &mut authenticator(),
        &["Digest realm=\"r\",nonce=\"n\",opaque=\"\""],
    )
    .unwrap();
    assert_eq!(param(&header, "algorithm"), None);
    assert_eq!(param(&header, "opaque").as_deref(), Some(""));
    assert_eq!(param(&header, "qop"), None);
    assert_eq!(param(&header, "cnonce"), None);
    assert!(verifies(&header, "REGISTER", "wonder\"land", None));
}

#[test]
fn of_several_challenges_the_strongest_known_is_taken() {
    let md5 = "Digest realm=\"r\", nonce=\"m\", algorithm=MD5, qop=\"auth\"";
    let sha = "Digest realm=\"r\", nonce=\"s\", algorithm=SHA-256, qop=\"auth\"";
    let odd = "Digest realm=\"r\", nonce=\"o\", algorithm=SHA3-1024, qop=\"auth\"";
    let joined = format!("{odd}, {md5}, Basic realm=\"x, y\", {sha}");
    for values in [&[md5, sha][..], &[sha, md5], &[odd, sha], &[joined.as_str()]] {
        let header = answer(&mut authenticator(), values).unwrap();
        assert_eq!(param(&header, "nonce").as_deref(), Some("s"), "{values:?}");
    }
    assert_eq!(
        answer(&mut authenticator(), &[odd]),
        Err(AuthFailure::Unsupported)
    );
    let strange = "Digest realm=\"r\", nonce=\"n\", qop=\"auth-conf\"";
    assert_eq!(
        answer(&mut authenticator(), &[strange]),
        Err(AuthFailure::Unsupported)
    );
}

#[test]
fn what_is_no_challenge_is_said_to_be_none() {
    for values in [
        &[][..],
        &["Negotiate"],
        &["Digest realm=\"r\""],
        &["Digest"],
        &["Digest nonce=\"n\", x"],
    ] {
        assert_eq!(
            answer(&mut authenticator(), values),
            Err(AuthFailure::NoChallenge),
            "{values:?}"
        );
    }
}

#[test]
fn a_second_challenge_means_that_the_password_is_wrong_unless_it_says_stale() {
    let mut auth = authenticator();
    answer(&mut auth, &["Digest realm=\"r\", nonce=\"1\", qop=\"auth\""]).unwrap();
    let stale = answer(
        &mut auth,
        &["Digest realm=\"r\", nonce=\"2\", qop=\"auth\", stale=TRUE"],
    )
    .unwrap();
    assert_eq!(param(&stale, "nonce").as_deref(), Some("2"));
    assert_eq!(param(&stale, "nc").as_deref(), Some("00000001"));
    let again = answer(
        &mut auth,
        &["Digest realm=\"r\", nonce=\"3\", qop=\"auth\", stale=false"],
    );
    assert_eq!(again, Err(AuthFailure::Rejected));
    auth.reset();
    assert!(answer(&mut auth, &["Digest realm=\"r\", nonce=\"4\""]).is_ok());
}

#[test]
fn a_server_that_calls_every_nonce_stale_is_given_up() {
    let mut auth = authenticator();
    let stale = "Digest realm=\"r\", nonce=\"1\", stale=true";
    let failure = (0..100).find_map(|_| answer(&mut auth, &[stale]).err());
    assert_eq!(failure, Some(AuthFailure::Endless));
}

#[test]
fn after_success_the_nonce_is_counted_up_and_its_end_is_no_rejection() {
    let uri = Uri::sip("", "registrar.example.org", None);
    let mut auth = authenticator();
    assert!(auth.authorize(&Method::Register, &uri, b"").is_empty());
    let challenge = "Digest realm=\"r\", nonce=\"1\", qop=\"auth\", algorithm=MD5-sess";
    let first = answer(&mut auth, &[challenge]).unwrap();
    auth.accepted();
    let [second] = &auth.authorize(&Method::Register, &uri, b"")[..] else {
        panic!("one header expected");
    };
    assert_eq!(param(second, "nc").as_deref(), Some("00000002"));
    assert_ne!(param(second, "cnonce"), param(&first, "cnonce"));
    assert!(verifies(
        second,
        "REGISTER",
        "wonder\"land",
        param(&first, "cnonce").as_deref()
    ));
    // The nonce has run out, and the server does not say that it is stale.
    let third = answer(&mut auth, &["Digest realm=\"r\", nonce=\"2\", qop=\"auth\""]).unwrap();
    assert_eq!(param(&third, "nc").as_deref(), Some("00000001"));
    let again = answer(&mut auth, &["Digest realm=\"r\", nonce=\"3\", qop=\"auth\""]);
    assert_eq!(again, Err(AuthFailure::Rejected));
}

#[test]
fn a_proxy_and_a_server_of_the_same_realm_are_kept_apart() {
    let uri = Uri::sip("bob", "example.org", None);
    let mut auth = authenticator();
    let mut headers = challenged(&["Digest realm=\"r\", nonce=\"server\""]);
    headers.push("Proxy-Authenticate", "Digest realm=\"r\", nonce=\"proxy\"");
    let proxy = auth.respond(&Method::Invite, &uri, b"", &headers, true).unwrap();
    assert_eq!(proxy.name, "Proxy-Authorization");
    assert_eq!(param(&proxy, "nonce").as_deref(), Some("proxy"));
    let server = auth.respond(&Method::Invite, &uri, b"", &headers, false).unwrap();
    assert_eq!(server.name, "Authorization");
    assert_eq!(auth.authorize(&Method::Invite, &uri, b"").len(), 2);
}

#[test]
fn realms_are_bounded() {
    let mut auth = authenticator();
    for i in 0..100 {
        answer(&mut auth, &[&format!("Digest realm=\"{i}\", nonce=\"n\"")]).unwrap();
    }
    assert!(auth.spaces.len() <= limits::DIGEST_REALMS);
}

#[test]
fn nothing_secret_is_in_a_debug_print() {
    let mut auth = authenticator();
    answer(&mut auth, &["Digest realm=\"r\", nonce=\"1\""]).unwrap();
    assert!(!format!("{auth:?} {:?}", mufasa(Algorithm::Md5)).contains("land"));
    assert!(!format!("{:?}", mufasa(Algorithm::Md5)).contains("Circle"));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        rng_seed: proptest::test_runner::RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC*", algorithm in "\\PC{0,8}") {
        Challenge::parse([text.as_str()].into_iter());
        Challenge::parse([format!("Digest realm=\"{text}\", nonce={text}, algorithm={algorithm}").as_str()].into_iter());
    }

    #[test]
    fn any_realm_and_nonce_come_back_as_they_were(realm in "[ -~]{0,20}", nonce in "[ -~]{1,20}") {
        let value = format!("Digest realm={}, nonce={}, qop=\"auth\"", Quoted(&realm), Quoted(&nonce));
        let header = answer(&mut authenticator(), &[&value]).unwrap();
        prop_assert_eq!(param(&header, "realm"), Some(realm));
        prop_assert_eq!(param(&header, "nonce"), Some(nonce));
        prop_assert!(verifies(&header, "REGISTER", "wonder\"land", None));
    }
}
