//! What an exposure is for: by the words of a header, or by rules where words do not suffice.

use serde::{Deserialize, Serialize};

use super::{Dialect, Keywords};
use crate::error::{Error, Result};
use crate::header::Header;
use crate::ids::Role;

/// Header values by role; the case of letters does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Bias.
    #[serde(default)]
    pub bias: Vec<String>,
    /// Dark.
    #[serde(default)]
    pub dark: Vec<String>,
    /// Flat.
    #[serde(default)]
    pub flat: Vec<String>,
    /// Science.
    #[serde(default)]
    pub science: Vec<String>,
}

/// A role for the headers that meet all of its conditions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRule {
    /// The role.
    pub role: Role,
    /// What must be so; a rule without a condition holds always, and comes last.
    #[serde(default)]
    pub when: Vec<Condition>,
}

/// Something that a header says under one of some keywords: one of `words`, a text that `contains`
/// something, a number from `least` to `most`; or that all of them are `absent`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The keywords, any of which will do.
    pub keys: Keywords,
    /// The whole value, in any case of letters.
    #[serde(default)]
    pub words: Vec<String>,
    /// A part of the value, in any case of letters.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Least number.
    #[serde(default)]
    pub least: Option<f64>,
    /// Greatest number.
    #[serde(default)]
    pub most: Option<f64>,
    /// None of the keywords has a value.
    #[serde(default)]
    pub absent: bool,
}

impl Roles {
    /// The words of each role.
    pub fn all(&self) -> [(Role, &[String]); 4] {
        [
            (Role::Bias, &self.bias),
            (Role::Dark, &self.dark),
            (Role::Flat, &self.flat),
            (Role::Science, &self.science),
        ]
    }

    /// The role that a word stands for.
    fn of(&self, word: &str) -> Option<Role> {
        let role = self.all().into_iter().find(|(_, words)| has(words, word));
        role.map(|(role, _)| role)
    }
}

/// Whether a word is in a list, in any case of letters; a header has those of ASCII.
fn has(words: &[String], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

impl Condition {
    fn holds(&self, header: &Header) -> bool {
        if !self.words.is_empty() {
            return self.keys.texts(header).any(|text| has(&self.words, &text));
        }
        if !self.contains.is_empty() {
            let parts = |text: &str| {
                self.contains.iter().any(|part| text.contains(&part.to_ascii_lowercase()))
            };
            return self.keys.texts(header).any(|text| parts(&text.to_ascii_lowercase()));
        }
        if self.absent {
            return self.keys.text(header).is_none();
        }
        let above = |number: f64| self.least.is_none_or(|least| least <= number);
        let below = |number: f64| self.most.is_none_or(|most| number <= most);
        self.keys.numbers(header).any(|number| above(number) && below(number))
    }
}

impl Dialect {
    /// The role of an exposure: by the first known word, else by the first rule that holds.
    pub(super) fn role_of(&self, header: &Header) -> Result<Role> {
        let by_word = self.role.texts(header).find_map(|text| self.roles.of(&text));
        let holds = |rule: &&RoleRule| rule.when.iter().all(|condition| condition.holds(header));
        let by_rule = || self.rules.iter().find(holds).map(|rule| rule.role);
        by_word.or_else(by_rule).ok_or_else(|| self.no_role(header))
    }

    fn no_role(&self, header: &Header) -> Error {
        let words = self.roles.all().into_iter().flat_map(|(_, words)| words.to_vec());
        let mut needed: Vec<String> = Vec::new();
        if !self.role.is_empty() {
            needed.push(format!("one of {}", words.collect::<Vec<_>>().join(", ")));
        }
        if !self.rules.is_empty() {
            needed.push("what a rule of the camera asks for".to_owned());
        }
        // Without keywords of its own the rules look at others; the first of them is shown.
        let rules = self.rules.iter().flat_map(|rule| &rule.when).map(|condition| &condition.keys);
        let keywords = std::iter::once(&self.role).chain(rules).find(|keys| !keys.is_empty());
        let (keywords, found) = keywords.map(|keys| keys.found(header)).unwrap_or_default();
        Error::input("header", &keywords, found, needed.join(", or "))
    }
}
