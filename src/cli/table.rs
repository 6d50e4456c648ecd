//! JSON values as a table for people.

use serde_json::Value;

/// One value a line, below its columns' titles; a column is a title and a field's name.
pub(super) fn table<const N: usize>(columns: &[(&str, &str); N], values: &[Value]) -> String {
    let mut rows = vec![columns.map(|(title, _)| title.to_owned())];
    rows.extend(
        values
            .iter()
            .map(|value| columns.map(|(_, name)| cell(&value[name]))),
    );
    let mut widths = [0; N];
    for row in &rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = text.chars().count().max(*width);
        }
    }
    let mut out = String::new();
    for row in &rows {
        let line: String = row
            .iter()
            .zip(widths)
            .map(|(text, width)| format!("{text:<width$}  "))
            .collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// One value of it.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_lines_its_columns_up() {
        let columns = [("ID", "id"), ("MAILBOX", "mailbox"), ("SECONDS", "seconds")];
        let memos = [
            json!({"id": "a", "mailbox": "main", "seconds": 1.5, "more": 0}),
            json!({"id": "bcd", "mailbox": null, "seconds": 12}),
        ];
        assert_eq!(
            table(&columns, &memos),
            "ID   MAILBOX  SECONDS\n\
             a    main     1.5\n\
             bcd  -        12\n"
        );
    }
}
