use super::{on, table};

#[test]
fn times_as_text() {
    table(
        "clock 2026-03-02T10:00:00.123456Z",
        &[
            (&[], "${STRFTIME()}", "Mon Mar  2 10:00:00 2026"),
            (
                &[],
                "${STRFTIME(,,%Y-%m-%d %H:%M:%S.%q)}",
                "2026-03-02 10:00:00.123",
            ),
            (&[], "${STRFTIME(,,%6q %1q)}", "123456 1"),
            (&[], "${STRFTIME(0,UTC,%F %T %Z)}", "1970-01-01 00:00:00 UTC"),
            (
                &[],
                "${STRFTIME(1500000000,America/New_York,%H:%M %z)}",
                "22:40 -0400",
            ),
            (&[], "${STRFTIME(1500000000.5,UTC,%s %q)}", "1500000000 500"),
            (
                &[],
                "${STRFTIME(0,UTC,%a %A %b %B %d %e %I %p %y %j %u %w %V %%)}",
                "Thu Thursday Jan January 01  1 12 AM 70 001 4 4 01 %",
            ),
            (
                &[],
                "${STRFTIME(0,UTC,%k|%l|%D|%R|%-d|%Od|%Ey|%+)}",
                " 0|12|01/01/70|00:00|1|01|70|Thu Jan  1 00:00:00 UTC 1970",
            ),
            (&[], "${STRFTIME(0,UTC,100%)}", "100%"),
            (&[], "${STRFTIME(0,Nowhere/Atall,%T)}", ""),
            (&[], "${STRFTIME(soon,UTC,%T)}", ""),
            (&[], "${STRFTIME(1e300,UTC,%T)}", ""),
        ],
    );
}

#[test]
fn text_as_times() {
    table(
        "",
        &[
            (
                &[],
                "${STRPTIME(2026-03-02 10:00:00,UTC,%Y-%m-%d %H:%M:%S)}",
                "1772445600",
            ),
            (
                &[],
                "${STRPTIME(2026-03-02 10:00,Europe/Paris,%Y-%m-%d %H:%M)}",
                "1772442000",
            ),
            (&[], "${STRPTIME(1772445600,,%s)}", "1772445600"),
            (&[], "${STRPTIME(2 Mar 2026 and more,UTC,%d %b %Y)}", "1772409600"),
            (&[], "${STRPTIME(00:01,UTC,%H:%M)}", "-2208988740"),
            (&[], "${STRPTIME(never,UTC,%Y)}", ""),
            (&[], "${STRPTIME(2026-02-31,UTC,%Y-%m-%d)}", ""),
            (&[], "${STRPTIME(2026)}", ""),
        ],
    );
}

#[test]
fn conditions_go_by_the_test_time() {
    // The call comes on a Thursday at midnight.
    let christmas: &[_] = &[("TESTTIME()", "2026/12/25 10:00:00")];
    table(
        "",
        &[
            (&[], "${IFTIME(*,*,25,dec?closed:open)}", "open"),
            (
                christmas,
                "${IFTIME(*,*,25,dec?closed:open)} ${TESTTIME}",
                "closed 1798192800",
            ),
            (
                &[("TESTTIME()", "2026/12/24 23:30:00 America/New_York")],
                "${IFTIME(*,*,25,dec?closed:open)}",
                "closed",
            ),
            (
                &[("TESTTIME()", "2026/12/25 10:00:00"), ("TESTTIME()", "")],
                "${IFTIME(*,*,25,dec?closed:open)}",
                "open",
            ),
        ],
    );
    on("", |session| {
        assert!(session.set("TESTTIME()", "25/12/2026").is_err());
        assert!(session
            .set("TESTTIME()", "2026/12/25 10:00:00 Nowhere/Atall")
            .is_err());
    });
}

#[test]
fn timeouts_in_seconds() {
    table(
        "",
        &[
            (
                &[],
                "${TIMEOUT(digit)} ${TIMEOUT(response)} ${TIMEOUT(absolute)}",
                "5.000 10.000 0",
            ),
            (
                &[("TIMEOUT(digit)", "2.5"), ("TIMEOUT(absolute)", "60")],
                "${TIMEOUT(digit)} ${TIMEOUT(absolute)}",
                "2.500 60.000",
            ),
            (
                &[("TIMEOUT(absolute)", "60"), ("TIMEOUT(absolute)", "0")],
                "${TIMEOUT(absolute)}",
                "0",
            ),
            (
                &[
                    ("TIMEOUT(digit)", "-1"),
                    ("TIMEOUT(digit)", "soon"),
                    ("TIMEOUT(digit)", "nan"),
                ],
                "${TIMEOUT(digit)}",
                "5.000",
            ),
            (&[], "${TIMEOUT(other)}", ""),
        ],
    );
}
