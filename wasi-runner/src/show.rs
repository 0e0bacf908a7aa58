//! JSON as indented text for people.

use serde_json::Value;

/// A value as text: one line per name, lists of plain values on one line.
pub fn text(value: &Value) -> String {
    let mut lines = String::new();
    write(value, 0, &mut lines);
    lines
}

fn write(value: &Value, depth: usize, lines: &mut String) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                named(name, value, depth, lines);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                named(&format!("[{index}]"), item, depth, lines);
            }
        }
        plain => lines.push_str(&format!("{}{}\n", "  ".repeat(depth), one(plain))),
    }
}

fn named(name: &str, value: &Value, depth: usize, lines: &mut String) {
    let start = format!("{}{}", "  ".repeat(depth), name.replace('_', " "));
    match value {
        Value::Null => {}
        Value::Object(fields) if fields.contains_key("key") && fields.contains_key("value") => {
            lines.push_str(&format!("{}{}\n", "  ".repeat(depth), card(fields)));
        }
        Value::Object(_) => {
            lines.push_str(&format!("{start}\n"));
            write(value, depth + 1, lines);
        }
        Value::Array(items) if items.iter().any(nested) => {
            lines.push_str(&format!("{start}\n"));
            write(value, depth + 1, lines);
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(one).collect();
            lines.push_str(&format!("{start}: {}\n", items.join(" ")));
        }
        plain => lines.push_str(&format!("{start}: {}\n", one(plain))),
    }
}

/// A card of a header, as a FITS file shows it.
fn card(fields: &serde_json::Map<String, Value>) -> String {
    let text = |name: &str| fields.get(name).map(one).unwrap_or_default();
    let comment = match text("comment") {
        comment if comment.is_empty() || comment == "null" => String::new(),
        comment => format!(" / {comment}"),
    };
    format!("{:<8} = {}{comment}", text("key"), text("value"))
}

fn nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// A plain value; numbers with at most six digits after the point.
fn one(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(real) if number.is_f64() => number_text(real),
            _ => number.to_string(),
        },
        other => other.to_string(),
    };
    crate::class::one_line(&text)
}

/// A number for people: six significant digits.
pub fn number_text(real: f64) -> String {
    let size = real.abs();
    if size != 0.0 && !(1e-4..1e7).contains(&size) {
        return format!("{real:.5e}");
    }
    let digits = if size >= 1e3 { 2 } else { 5 };
    let text = format!("{real:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_values_and_lists_read_as_text() {
        let value = serde_json::json!({
            "kind": "image", "shape": [2, 3], "nothing": null,
            "hdus": [ { "mean_dn": 1.25 }, { "mean_dn": -3e-9 } ]
        });
        let wanted = "hdus\n  [0]\n    mean dn: 1.25\n  [1]\n    mean dn: -3.00000e-9\nkind: image\nshape: 2 3\n";
        assert_eq!(text(&value), wanted);
        assert_eq!((number_text(0.0), number_text(12345.678)), ("0".into(), "12345.68".into()));
    }
}
