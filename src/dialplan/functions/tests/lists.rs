use super::table;

#[test]
fn cut_takes_fields_in_the_order_of_the_text() {
    let text: &[_] = &[("t", "a-b-c-d"), ("u", "a/b,c")];
    table(
        "",
        &[
            (text, "${CUT(t,-,2)}", "b"),
            (text, "${CUT(t,,2)}", "b"),
            (text, "${CUT(t,-,2-3)}", "b-c"),
            (text, "${CUT(t,-,-2)}", "a-b"),
            (text, "${CUT(t,-,3-)}", "c-d"),
            (text, "${CUT(t,-,1&3-4)}", "a-c-d"),
            (text, "${CUT(t,-,3&1)}", "c"),
            (text, "${CUT(t,-,9)}", ""),
            (text, "${CUT(u,/,1)}", "a"),
            (text, "${CUT(u,\\,,2)}", "c"),
            (text, "${CUT(PASSTHRU(x:y),:,2)}", "y"),
            (text, "${CUT(t:2,-,1)}", "b"),
            (text, "${CUT(t,-)}", ""),
            (text, "${CUT(t,-,x)}", ""),
            (text, "${CUT(t,-,-)}", ""),
        ],
    );
}

#[test]
fn lists_grow_and_shrink_at_both_ends() {
    let list: &[_] = &[
        ("l", "a,b,c"),
        ("m", "a|b"),
        ("PUSH(l)", "d"),
        ("UNSHIFT(l)", "z"),
        ("PUSH(m,|)", "c"),
        ("PUSH(n)", "x"),
    ];
    table(
        "",
        &[
            (list, "${l} ${m} ${n}", "z,a,b,c,d a|b|c x"),
            (list, "${POP(l)} ${SHIFT(l)} ${l}", "d z a,b,c"),
            (list, "${POP(m,|)} ${m}", "c a|b"),
            (list, "${POP(n)} ${n} ${POP(n)}", "x  "),
            (list, "${POP()}", ""),
            (
                list,
                "${FIELDQTY(l,\\,)} ${FIELDQTY(m,|)} ${FIELDQTY(o,|)} ${FIELDQTY(l)}",
                "5 3 0 1",
            ),
            (list, "${FIELDNUM(l,\\,,b)} ${FIELDNUM(l,\\,,y)}", "3 0"),
            (list, "${LISTFILTER(l,\\,,a)}", "z,b,c,d"),
            (&[("ARRAY(a,b,c)", "1,2")], "${a} ${b} ${c}", "1 2 "),
            (&[("ARRAY(a,b)", "\"1,2\",3")], "${a} ${b}", "1,2 3"),
            (&[], "${SORT(a:3,b:1.5,c:-2,d:1.5)}", "c,b,d,a"),
            (&[], "${SORT(a)}", ""),
        ],
    );
}

#[test]
fn tables_of_a_channel() {
    let set: &[_] = &[
        ("HASH(colours,red)", "1"),
        ("HASH(colours,green)", "2"),
        ("HASH(other,red)", "9"),
        ("HASH(colours,red)", "3"),
        ("~ODBCFIELDS~", "id,name"),
        ("HASH(row)", "7,\"x,y\""),
    ];
    table(
        "",
        &[
            (
                set,
                "${HASH(colours,red)} ${HASH(colours,green)} ${HASH(other,red)} ${HASH(colours,blue)}",
                "3 2 9 ",
            ),
            (set, "${HASHKEYS(colours)} ${HASHKEYS(none)}", "red,green "),
            (set, "${HASH(row,id)} ${HASH(row,name)}", "7 x,y"),
            (set, "${HASH(colours)}", "3,2"),
        ],
    );
}
