//! From the text of a camera file to a checked [`Instrument`]; refusals name the line.

use toml::de::{DeTable, DeValue};

use super::Instrument;
use super::check::{self, Fault};
use crate::error::{Error, Result};
use crate::provenance::digest;

/// Longest camera file (bytes); the largest built-in one has 40 kB.
const MAX_TEXT: usize = 4_000_000;

impl Instrument {
    /// Reads a camera file.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the line, the key and the reason if the text is no TOML, has an
    /// unknown or missing field, or describes a camera that cannot be.
    pub fn parse(text: &str) -> Result<Instrument> {
        if text.len() > MAX_TEXT {
            let found = format!("{} bytes", text.len());
            return Err(Error::parameter("camera", found, format!("at most {MAX_TEXT}")));
        }
        let document = DeTable::parse(text).map_err(|error| unreadable(text, &error))?;
        let document = document.get_ref();
        check::version(version_of(document)).map_err(|fault| refusal(text, document, fault))?;
        let mut camera: Instrument =
            toml::from_str(text).map_err(|error| unreadable(text, &error))?;
        check::camera(&camera).map_err(|fault| refusal(text, document, fault))?;
        camera.digest = digest(text.as_bytes());
        Ok(camera)
    }
}

/// The version of the file format, which is looked at before anything that depends on it.
fn version_of(document: &DeTable<'_>) -> Option<String> {
    document.get("version").map(|value| match value.get_ref() {
        DeValue::Integer(number) => number.as_str().to_owned(),
        other => format!("a {}", other.type_str()),
    })
}

/// An error of the TOML reader, with the line and its text.
fn unreadable(text: &str, error: &toml::de::Error) -> Error {
    let at = error.span().map_or(0, |span| span.start);
    let line = line_number(text, at);
    let found = text.lines().nth(line - 1).unwrap_or_default().trim();
    let shown = found.chars().take(80).collect::<String>();
    let reason = error.message().trim().replace('\n', ", ");
    let needed = format!("a readable camera file ({reason})");
    Error::parameter(&format!("camera, line {line}"), format!("`{shown}`"), needed)
}

/// An impossible value, with the line of its key.
fn refusal(text: &str, document: &DeTable<'_>, fault: Fault) -> Error {
    let place = offset_of(document, &fault.key)
        .map_or(String::new(), |at| format!(", line {}", line_number(text, at)));
    Error::parameter(&format!("camera{place}, {}", fault.key), fault.found, fault.needed)
}

/// Where the value of a key such as `amplifiers[2].overscan.hdu` begins; for a key that is not
/// there, the nearest table around it.
fn offset_of(document: &DeTable<'_>, key: &str) -> Option<usize> {
    let mut steps = key.split(['.', '[']).map(|step| step.trim_end_matches(']'));
    let mut here = document.get(steps.next()?)?;
    for step in steps {
        let inner = match here.get_ref() {
            DeValue::Table(table) => table.get(step),
            DeValue::Array(array) => step.parse().ok().and_then(|index: usize| array.get(index)),
            _ => None,
        };
        match inner {
            Some(inner) => here = inner,
            None => break,
        }
    }
    Some(here.span().start)
}

fn line_number(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}
