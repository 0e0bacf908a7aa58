//! Keeps the numbers and profiles that steps show, for a person or a plot; pictures are left out.

use rawsky_core::probe::{Evidence, Probe};
use serde_json::{Value, json};

/// What was shown, in order.
#[derive(Debug, Default)]
pub struct Notebook {
    entries: Vec<Value>,
}

impl Notebook {
    /// A JSON array of `{step, tag, unit, value | values}`; nothing when nothing was shown.
    pub fn to_json(&self) -> Option<String> {
        if self.entries.is_empty() {
            return None;
        }
        let lines: Vec<String> = self.entries.iter().map(Value::to_string).collect();
        Some(format!("[\n{}\n]\n", lines.join(",\n")))
    }
}

impl Probe for Notebook {
    fn observe(&mut self, step: &str, tag: &str, evidence: Evidence<'_>) {
        match evidence {
            Evidence::Scalar(value, unit) => {
                self.entries.push(json!({ "step": step, "tag": tag, "unit": unit, "value": value }))
            }
            Evidence::Profile(values, unit) => self
                .entries
                .push(json!({ "step": step, "tag": tag, "unit": unit, "values": values })),
            Evidence::Image(..) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_with_their_unit_and_nothing_gives_no_file() {
        let mut notebook = Notebook::default();
        assert_eq!(notebook.to_json(), None);
        notebook.observe("overscan", "level", Evidence::Scalar(1.5, "DN"));
        notebook.observe("overscan", "rows", Evidence::Profile(&[1.0, f64::NAN], "DN"));
        let back: Value = serde_json::from_str(&notebook.to_json().unwrap()).unwrap();
        assert_eq!(back[0]["value"], 1.5);
        assert_eq!(back[1]["values"], json!([1.0, null]));
        assert_eq!(back[1]["unit"], "DN");
    }
}
