//! JSON, read in one way: text becomes a value, and a value becomes what is asked for. The code that reads
//! a type is then there once, whoever asks; the page's first module is a fifth smaller for it.

pub mod switch;

use serde::de::DeserializeOwned;
use serde_json::{Error, Value};

/// Reads JSON text.
///
/// # Errors
/// If the text is no JSON, or describes something else.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    let value: Value = serde_json::from_slice(text)?;
    serde_json::from_value(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_was_written() {
        let numbers: Vec<f64> = read(b"[0.1, 1e-300, 123456789.12345679, -0.0]").unwrap();
        assert_eq!(numbers, [0.1, 1e-300, 123_456_789.123_456_79, 0.0]);
        assert!(numbers[3].is_sign_negative());
        assert_eq!(read::<u64>(b"18446744073709551615").unwrap(), u64::MAX);
    }

    #[test]
    fn what_is_something_else_is_refused() {
        assert!(read::<u32>(b"-1").is_err());
        assert!(read::<Vec<u32>>(b"[1, 2").is_err());
    }
}
