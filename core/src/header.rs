//! An ordered list of header cards; knows nothing of their 80-byte form.

use serde::{Deserialize, Serialize};

/// A card's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// `T` or `F`.
    Logical(bool),
    /// A whole number.
    Integer(i64),
    /// A real number.
    Real(f64),
    /// A string of any length.
    Text(String),
    /// A keyword without a value.
    Undefined,
}

impl std::fmt::Display for Value {
    /// The value as a person reads it: `T` or `F`, a number, text without quotes, or nothing.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Logical(true) => f.write_str("T"),
            Value::Logical(false) => f.write_str("F"),
            Value::Integer(number) => number.fmt(f),
            Value::Real(number) => number.fmt(f),
            Value::Text(text) => f.write_str(text),
            Value::Undefined => Ok(()),
        }
    }
}

/// One card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Keyword in upper case; longer than eight characters or with blanks it is a HIERARCH card.
    pub key: String,
    /// Its value; `Undefined` for COMMENT, HISTORY and blank cards.
    pub value: Value,
    /// Its comment; the text of COMMENT, HISTORY and blank cards.
    pub comment: String,
}

/// Cards in order. A keyword may occur more than once; look-ups give the first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Header {
    /// The cards, without the structural ones (SIMPLE, BITPIX, NAXISn, …, END).
    pub cards: Vec<Card>,
}

impl Header {
    /// No cards.
    pub fn new() -> Header {
        Header::default()
    }

    /// The first card with this keyword.
    pub fn card(&self, key: &str) -> Option<&Card> {
        self.cards.iter().find(|card| card.key == key)
    }

    /// A real or whole number.
    pub fn real(&self, key: &str) -> Option<f64> {
        match self.card(key)?.value {
            Value::Real(value) => Some(value),
            Value::Integer(value) => Some(value as f64),
            _ => None,
        }
    }

    /// A whole number, also if written as a real one.
    pub fn integer(&self, key: &str) -> Option<i64> {
        match self.card(key)?.value {
            Value::Integer(value) => Some(value),
            Value::Real(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(value as i64),
            _ => None,
        }
    }

    /// A string, without trailing blanks.
    pub fn text(&self, key: &str) -> Option<&str> {
        match &self.card(key)?.value {
            Value::Text(value) => Some(value.trim_end()),
            _ => None,
        }
    }

    /// Replaces the first card with this keyword, or appends one.
    pub fn set(&mut self, key: &str, value: impl Into<Value>, comment: &str) {
        let card = Card { key: key.to_owned(), value: value.into(), comment: comment.to_owned() };
        match self.cards.iter_mut().find(|old| old.key == key) {
            Some(old) => *old = card,
            None => self.cards.push(card),
        }
    }

    /// Appends a HISTORY card.
    pub fn history(&mut self, text: &str) {
        self.cards.push(Card {
            key: "HISTORY".to_owned(),
            value: Value::Undefined,
            comment: text.to_owned(),
        });
    }

    /// Appends HISTORY cards with these texts, and removes those that said the same before: a text that
    /// a file cut into several cards counts as one.
    pub fn history_at_end(&mut self, texts: &[String]) {
        for text in texts {
            let mut at = 0;
            while at < self.cards.len() {
                match self.history_cards(at, text) {
                    Some(cards) => drop(self.cards.drain(at..at + cards)),
                    None => at += 1,
                }
            }
        }
        texts.iter().for_each(|text| self.history(text));
    }

    /// How many HISTORY cards from this one on hold the text together.
    fn history_cards(&self, at: usize, text: &str) -> Option<usize> {
        let mut rest = text;
        for (before, card) in self.cards.iter().skip(at).enumerate() {
            let history = card.key == "HISTORY" && !card.comment.is_empty();
            rest = rest.strip_prefix(card.comment.as_str()).filter(|_| history)?;
            if rest.is_empty() {
                return Some(before + 1);
            }
        }
        None
    }

    /// Removes every card with this keyword.
    pub fn remove(&mut self, key: &str) {
        self.cards.retain(|card| card.key != key);
    }

    /// Lays `other` over this header: same keywords are replaced, new ones appended. Commentary
    /// cards are appended as they are; of a keyword that `other` has twice the first one counts, as in
    /// look-ups.
    pub fn merge(&mut self, other: &Header) {
        for card in &other.cards {
            let commentary = matches!(card.key.as_str(), "COMMENT" | "HISTORY" | "");
            let again = || other.card(&card.key).is_some_and(|first| !std::ptr::eq(first, card));
            if !commentary && again() {
                continue;
            }
            match self.cards.iter_mut().find(|old| !commentary && old.key == card.key) {
                Some(old) => *old = card.clone(),
                None => self.cards.push(card.clone()),
            }
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Logical(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Integer(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value::Real(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Value {
        Value::Text(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_that_is_told_again_moves_to_the_end() {
        let mut header = Header::new();
        // As a file cuts it: `one and a half`, `one and`, `two`.
        ["one and", " a half", "one and", "two"].iter().for_each(|text| header.history(text));
        header.set("GAIN", 6.2, "");
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        header.history_at_end(&texts(&["one and a half", "three", "three"]));
        let all = |header: &Header| -> Vec<String> {
            header.cards.iter().map(|card| card.comment.clone()).collect()
        };
        assert_eq!(all(&header), ["one and", "two", "", "one and a half", "three", "three"]);
        header.history_at_end(&texts(&["two", ""]));
        assert_eq!(all(&header), ["one and", "", "one and a half", "three", "three", "two", ""]);
    }

    #[test]
    fn merging_replaces_in_place_and_appends_the_rest() {
        let mut raw = Header::new();
        raw.set("GAIN", 6.2, "");
        raw.set("CCD_ID", 1_i64, "");
        let mut science = Header::new();
        science.set("GAIN", 6.3, "electron/DN");
        science.set("CRPIX1", 1536.5, "");
        raw.merge(&science);
        let keys: Vec<_> = raw.cards.iter().map(|card| card.key.as_str()).collect();
        assert_eq!(keys, ["GAIN", "CCD_ID", "CRPIX1"]);
        assert_eq!(raw.real("GAIN"), Some(6.3));
        // OBSTYPE of Kast blue (2015): a word, and further down a number.
        let mut twice = Header::new();
        twice.set("OBSTYPE", "DARK", "");
        let number = Card { value: Value::Integer(1), ..twice.cards[0].clone() };
        twice.cards.push(number);
        raw.merge(&twice);
        assert_eq!((raw.text("OBSTYPE"), raw.cards.len()), (Some("DARK"), 4));
    }
}
