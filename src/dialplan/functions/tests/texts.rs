use super::table;

#[test]
fn filter_lets_through_what_is_allowed() {
    table(
        "",
        &[
            (&[], "${FILTER(0-9,+1 555-0100)}", "15550100"),
            (&[], "${FILTER(0-9\\-,+1 555-0100)}", "1555-0100"),
            (&[], "${FILTER(a-c\\,,a,b,d)}", "a,b,"),
            (&[], "${FILTER(\\x61-\\x63,abcd)}", "abc"),
            (&[], "${FILTER(é,café)}", "é"),
            // A mistake: the text is missing, or the range runs backwards.
            (&[], "${FILTER(0-9)}", ""),
            (&[], "${FILTER(9-0,123)}", ""),
        ],
    );
}

#[test]
fn replacing() {
    let text: &[_] = &[("t", "one, two, three")];
    table(
        "",
        &[
            (text, "${REPLACE(t,\\, ,_)}", "one__two__three"),
            (text, "${REPLACE(t,aeiou)}", "n, tw, thr"),
            (text, "${REPLACE(t,\\\\x20)}", "one,two,three"),
            (text, "${STRREPLACE(t,\\,,;)}", "one; two; three"),
            (text, "${STRREPLACE(t,\\, ,,1)}", "onetwo, three"),
            (text, "${REPLACE(t)}", ""),
        ],
    );
}

#[test]
fn computing() {
    table(
        "",
        &[
            (&[], "${MATH(7+2)}", "9.000000"),
            (&[], "${MATH(7-2,int)}", "5"),
            (&[], "${MATH(5--3,i)}", "8"),
            (&[], "${MATH(5*-3,i)}", "-15"),
            (&[], "${MATH(-5+3,i)}", "-2"),
            (&[], "${MATH(1e-2+1)}", "1.010000"),
            (&[], "${MATH(7/2)}", "3.500000"),
            (&[], "${MATH(7/2,int)}", "3"),
            (&[], "${MATH(7/0)}", "0.000000"),
            (&[], "${MATH(7%4,i)}", "3"),
            (&[], "${MATH(7%0,i)}", "0"),
            (&[], "${MATH(2^10,i)}", "1024"),
            (&[], "${MATH(255+0,hex)}", "ff"),
            (&[], "${MATH(8+0,octal)}", "10"),
            (&[], "${MATH(65+0,char)}", "A"),
            (&[], "${MATH(1<<4,i)}", "16"),
            (&[], "${MATH(16>>4,i)}", "1"),
            (&[], "${MATH(6XOR3,i)}", "5"),
            (&[], "${MATH(6 OR 3,i)}", "7"),
            (&[], "${MATH(3<4)}", "TRUE"),
            (&[], "${MATH(3>=4)}", "FALSE"),
            (&[], "${MATH(3==3)}", "TRUE"),
            // Mistakes.
            (&[], "${MATH(3+x)}", ""),
            (&[], "${MATH(3)}", ""),
            (&[], "${MATH(3+4,word)}", ""),
            (&[("n", "41")], "${INC(n)}${n}", "4242"),
            (&[("n", "0")], "${DEC(n)}", "-1"),
            (&[("n", "-9x")], "${INC(n)}", "-8"),
            (&[("n", "x")], "${INC(n)}${n}", "x"),
            (&[("n", "9223372036854775807")], "${LEN(${INC(n)})}", "19"),
        ],
    );
}

#[test]
fn sprintf_writes_as_c_does() {
    for (arguments, expected) in [
        (
            "%d|%5d|%-5d|%05d|%+d|% d,1,2,3,4,5,6",
            "1|    2|3    |00004|+5| 6",
        ),
        ("%i,-7", "-7"),
        ("%05d,-42", "-0042"),
        ("%.3d|%8.3d|%08.3d,5,5,5", "005|     005|     005"),
        ("%u %x %X %o,255,255,255,8", "255 ff FF 10"),
        ("%#x %#o,255,8", "0xff 010"),
        ("%x,-1", "ffffffff"),
        (
            "%f %.2f %.0f %08.2f,1.5,2.345,2.5,-3.14159",
            "1.500000 2.35 2 -0003.14",
        ),
        ("%e %.1E,12345.678,0.00012", "1.234568e+04 1.2E-04"),
        (
            "%g %g %g %g %#g,100000,1000000,0.0001,0.00001,1",
            "100000 1e+06 0.0001 1e-05 1.00000",
        ),
        ("%s|%5s|%-5s|%.2s,a,b,c,defg", "a|    b|c    |de"),
        ("%c%c,65,z", "Az"),
        ("100%%", "100%"),
        ("%ld %hhd,1,2", "1 2"),
        ("no places", "no places"),
        // More places than values, and what cannot be written.
        ("%d %d,1", ""),
        ("%d,x", ""),
        ("%n,1", ""),
        ("%", ""),
        // Never wider than C must be able to write.
        ("%0", ""),
    ] {
        table("", &[(&[], &format!("${{SPRINTF({arguments})}}"), expected)]);
    }
    table(
        "",
        &[(&[], "${LEN(${SPRINTF(%99999999999999999999d,1)})}", "512")],
    );
}

#[test]
fn hashes_and_ciphers() {
    table(
        "",
        &[
            (&[], "${SHA1(giraffe)}", "fac8f1a31d2998734d6a5253e49876b8e6a08239"),
            (&[], "${MD5(a,b)}", "b345e1dc09f20fdefdea469f09167892"),
            // FIPS 197, appendix B's key and block are bytes that are no text; this is openssl's answer for text.
            (&[], "${AES_ENCRYPT(0123456789abcdef,hello)}", "SWn6AlRxv8c5ps3GrutoCw=="),
            (&[], "${AES_DECRYPT(0123456789abcdef,${AES_ENCRYPT(0123456789abcdef,hello, world and all of it)})}", "hello, world and all of it"),
            (&[], "${AES_ENCRYPT(0123456789abcdef,)}", ""),
            (&[], "${AES_ENCRYPT(short,text)}", ""),
            (&[], "${AES_DECRYPT(0123456789abcdef,AAAA)}", ""),
            (&[], "${BASE64_DECODE(Z2lyYWZmZQ)}${BASE64_DECODE(Z2lyYWZmZQ==)}", "giraffegiraffe"),
        ],
    );
}

#[test]
fn encodings() {
    table(
        "",
        &[
            (&[], "${URIENCODE(a b+c/é)}", "a%20b%2Bc%2F%C3%A9"),
            (&[], "${URIENCODE_FORM(a b+c)}", "a+b%2Bc"),
            (&[], "${URIENCODE_USER(a b;c@d)}", "a%20b;c%40d"),
            (&[], "${URIDECODE(a%20b%2bc%zz%4)}", "a b+c%zz%4"),
            (&[], "${URIDECODE(a+b)}", "a+b"),
            (&[], "${QUOTE(a\"b\\c)}", "\"a\\\"b\\\\c\""),
            (&[], "${CSV_QUOTE(a\"b)}", "\"a\"\"b\""),
            (&[], "${KEYPADHASH(Obelus 10!)}", "62358710"),
        ],
    );
}

#[test]
fn conditions() {
    table(
        "",
        &[
            (&[], "${IF(1?yes:no)}", "yes"),
            (&[], "${IF(0?yes:no)}", "no"),
            (&[], "${IF($[1 = 2]? yes : no )}", "no"),
            (&[], "${IF(1?yes)}", "yes"),
            (&[], "${IF(0?yes)}", ""),
            (&[], "${IF(0?:no)}", "no"),
            (&[], "${IF(1?\"a:b\":c)}", "a:b"),
            (&[], "${IF(1)}", ""),
            (&[], "${IF(?yes:no)}", ""),
            (&[], "${ISNULL()}${ISNULL( )}${EXISTS()}${EXISTS(x)}", "1001"),
            (&[], "${REGEX(\"^[0-9]{3}$\" 123)}${REGEX(\"^a\" ba)}", "10"),
            (&[], "${LEN(café)}${LEN()}", "40"),
            (
                &[],
                "${IFMODULE(app_playback.so)}${IFMODULE(func_strings.so)}${IFMODULE(func_cut.so)}",
                "111",
            ),
            (
                &[],
                "${IFMODULE(chan_dahdi.so)}${IFMODULE(app_queue.so)}${IFMODULE(x)}",
                "000",
            ),
            (&[], "${CUT(PASSTHRU(${VERSION()}), ,1)}", "Obelus"),
        ],
    );
}

#[test]
fn parts_of_a_uri() {
    let uri = "\"A, B\" <sip:alice:secret@[2001:db8::1]:5070;transport=tcp;lr?x=y>";
    for (part, expected) in [
        ("display", "A, B"),
        ("scheme", "sip"),
        ("user", "alice"),
        ("passwd", "secret"),
        ("host", "2001:db8::1"),
        ("port", "5070"),
        ("transport_param", "tcp"),
        ("lr_param", "1"),
        ("ttl_param", ""),
        ("colour", ""),
    ] {
        table(
            "",
            &[(
                &[("uri", uri)],
                &format!("${{PJSIP_PARSE_URI(${{uri}},{part})}}"),
                expected,
            )],
        );
    }
    table(
        "",
        &[
            (
                &[],
                "${PJSIP_PARSE_URI(sip:example.org,host)}|${PJSIP_PARSE_URI(sip:example.org,user)}",
                "example.org|",
            ),
            (&[], "${PJSIP_PARSE_URI(tel:+15550100,host)}", "+15550100"),
            (&[], "${PJSIP_PARSE_URI(http://example.org,host)}", ""),
            (&[], "${PJSIP_PARSE_URI(sip:[::1,host)}", ""),
        ],
    );
}
