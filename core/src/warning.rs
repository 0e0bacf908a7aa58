//! Data defects that do not stop the work, counted.

use serde::{Deserialize, Serialize};

/// One kind of defect met by one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// The step that met it.
    pub step: String,
    /// A stable word for the kind of defect.
    pub kind: String,
    /// How often.
    pub count: u64,
    /// A sentence for a person.
    pub text: String,
}

impl Warning {
    /// A warning of `step`.
    pub fn new(step: &str, kind: &str, count: u64, text: impl Into<String>) -> Warning {
        Warning { step: step.to_owned(), kind: kind.to_owned(), count, text: text.into() }
    }
}
