//! Keywords under which different programs write the same thing, and what a header says under them.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::header::{Header, Value};

/// The keyword that stands for the name of the file, which no FITS keyword can be.
pub const FILE_NAME: &str = "(FILE NAME)";

/// Keywords in order of preference; in a file one string, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Keywords(pub Vec<String>);

impl Keywords {
    /// The keyword that is preferred, and written by the simulator.
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// All of them, in order of preference.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their texts, in order of preference, of those that have a value that is not blank.
    pub fn texts<'a>(&'a self, header: &'a Header) -> impl Iterator<Item = String> + 'a {
        self.iter().filter_map(|key| text(header, key))
    }

    /// The text of the first one that has a value.
    pub fn text(&self, header: &Header) -> Option<String> {
        self.texts(header).next()
    }

    /// Their numbers, in order of preference; numbers written as text count.
    pub fn numbers<'a>(&'a self, header: &'a Header) -> impl Iterator<Item = f64> + 'a {
        self.iter().filter_map(|key| number(header, key))
    }

    /// The number of the first one that has one.
    pub fn number(&self, header: &Header) -> Option<f64> {
        self.numbers(header).next()
    }

    /// For a message: the keywords, and what the header has under the first that is there.
    pub(super) fn found(&self, header: &Header) -> (String, String) {
        let names = self.0.join(" or ");
        let card = self.iter().find_map(|key| header.card(key));
        (names, card.map_or("nothing".to_owned(), |card| format!("{:?}", card.value)))
    }
}

/// The value of a keyword as text, without blanks around it; `None` if it is blank or absent.
fn text(header: &Header, key: &str) -> Option<String> {
    let text = match &header.card(key)?.value {
        Value::Text(text) => text.trim().to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Logical(true) => "T".to_owned(),
        Value::Logical(false) => "F".to_owned(),
        Value::Undefined => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The value of a keyword as a finite number, also if it was written as text.
fn number(header: &Header, key: &str) -> Option<f64> {
    let number = match &header.card(key)?.value {
        Value::Integer(number) => *number as f64,
        Value::Real(number) => *number,
        Value::Text(text) => text.trim().parse().ok()?,
        Value::Logical(_) | Value::Undefined => return None,
    };
    number.is_finite().then_some(number)
}

impl<'de> Deserialize<'de> for Keywords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Keywords, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Keywords;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a keyword, or a list of keywords")
            }

            fn visit_str<E>(self, keyword: &str) -> Result<Keywords, E> {
                Ok(Keywords(vec![keyword.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Keywords, A::Error> {
                let mut keywords = Vec::new();
                while let Some(keyword) = list.next_element()? {
                    keywords.push(keyword);
                }
                Ok(Keywords(keywords))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_keyword_with_a_value_counts() {
        let mut header = Header::new();
        header.set("FILTER", "  ", "");
        header.set("FILTERS", 48_i64, "");
        header.set("EGAIN", "2.06", "");
        header.set("GAIN", 100.0, "");
        let keys = |words: &[&str]| Keywords(words.iter().map(|&word| word.to_owned()).collect());
        assert_eq!(keys(&["FILTER", "FILTERS"]).text(&header).as_deref(), Some("48"));
        assert_eq!(keys(&["EGAIN", "GAIN"]).number(&header), Some(2.06));
        assert_eq!(keys(&["NONE", "FILTER"]).number(&header), None);
        assert_eq!(Keywords::default().text(&header), None);
    }
}
