//! A parameter that can be switched off in every format of a recipe: its value, or `false`.
//!
//! TOML has no null, so that an absent field alone could not say "none" where the default, or what the value is laid
//! over, is some. `true` is the default of a table, and no number.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// The value, or `false`.
///
/// # Errors
/// Those of the format.
pub fn serialize<T: Serialize, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => value.serialize(to),
        None => to.serialize_bool(false),
    }
}

/// The value, or nothing for `false`; read by way of JSON, so that the code is there once for every format.
///
/// # Errors
/// If it is neither.
pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let value = match Value::deserialize(from)? {
        Value::Bool(false) | Value::Null => return Ok(None),
        Value::Bool(true) => {
            let all_defaults = T::deserialize(Value::Object(Map::new()));
            all_defaults.or_else(|_| T::deserialize(Value::Bool(true)))
        }
        value => T::deserialize(value),
    };
    value.map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Default, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Table {
        size: u32,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Fields {
        #[serde(with = "super")]
        table: Option<Table>,
        #[serde(with = "super")]
        number: Option<f64>,
    }

    impl Default for Fields {
        fn default() -> Fields {
            Fields { table: Some(Table { size: 7 }), number: Some(0.1) }
        }
    }

    #[test]
    fn what_is_switched_off_stays_off_in_a_file() {
        let off: Fields = toml::from_str("table = false\nnumber = false").unwrap();
        assert_eq!(off, Fields { table: None, number: None });
        let text = toml::to_string(&off).unwrap();
        assert_eq!(toml::from_str::<Fields>(&text).unwrap(), off);
        let json = serde_json::to_string(&off).unwrap();
        assert_eq!(json, r#"{"table":false,"number":false}"#);
        assert_eq!(crate::json::read::<Fields>(json.as_bytes()).unwrap(), off);
        let null = crate::json::read::<Fields>(br#"{"table":null,"number":null}"#).unwrap();
        assert_eq!(null, off);
    }

    #[test]
    fn what_is_on_is_as_it_was_told() {
        let on: Fields = toml::from_str("table = true\nnumber = 0.3").unwrap();
        assert_eq!(on, Fields { table: Some(Table::default()), number: Some(0.3) });
        let told: Fields = toml::from_str("table.size = 3").unwrap();
        assert_eq!(told, Fields { table: Some(Table { size: 3 }), number: Some(0.1) });
        assert_eq!(serde_json::to_string(&told).unwrap(), r#"{"table":{"size":3},"number":0.1}"#);
    }

    #[test]
    fn what_is_neither_is_refused_with_what_was_needed() {
        let refused = |text: &str| toml::from_str::<Fields>(text).unwrap_err().to_string();
        assert!(refused("number = true").contains("expected f64"));
        assert!(refused("number = \"no\"").contains("expected f64"));
        assert!(refused("table.sizes = 3").contains("sizes"));
    }
}
