use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;
use serde_json::Value;

/// JSON_DECODE
pub struct JsonDecode;

static MANUAL: Manual = Manual {
    name: "JSON_DECODE",
    syntax: "JSON_DECODE(name,item[,separator[,options]])",
    synopsis: "An item of the JSON text in a variable.",
    text: "The item is a path of names and of numbers from 0, separated by `.` or by the separator. \
           Texts come without quotes, booleans as 1 and 0, null as nothing, objects and lists as \
           JSON. With the option `c`, the number of elements of a list.",
    ..Manual::EMPTY
};

impl Function for JsonDecode {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let text = run.named(arguments.get(0));
        let separator = super::delimiter(arguments.get(2), ".");
        let mut value: &Value =
            &serde_json::from_str(&text).map_err(|_| "the text is not JSON".to_string())?;
        if arguments.get(1).is_empty() {
            return Err("the item is missing".to_string());
        }
        for name in arguments.get(1).split(separator.as_str()) {
            let found = match value {
                Value::Object(map) => map.get(name),
                Value::Array(list) => name.parse::<usize>().ok().and_then(|index| list.get(index)),
                _ => None,
            };
            match found {
                Some(found) => value = found,
                None => return Ok(String::new()),
            }
        }
        Ok(match value {
            Value::Null => String::new(),
            Value::Bool(yes) => u8::from(*yes).to_string(),
            Value::Number(number) if number.is_f64() => number.as_f64().unwrap_or_default().to_string(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            Value::Array(list) if arguments.options(3).has('c') => list.len().to_string(),
            Value::Array(_) | Value::Object(_) => value.to_string(),
        })
    }
}
