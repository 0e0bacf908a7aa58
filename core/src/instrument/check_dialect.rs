//! Refuses a header dialect and file names that cannot be right.

use std::collections::BTreeSet;

use super::check::{Checked, count, is_plain, keywords, need, word};
use super::{Condition, Dialect, Instrument, Keywords, Names};
use crate::time::Day;

/// Fields of the template of raw file names.
const NAME_FIELDS: [&str; 6] = ["date", "fraction", "field", "band", "detector", "kind"];

/// The dialect of a camera.
pub(super) fn dialect(camera: &Instrument) -> Checked {
    let dialect = &camera.dialect;
    for (field, list, least) in [
        ("role", &dialect.role, 0),
        ("detector", &dialect.detector, 0),
        ("mjd", &dialect.mjd, 0),
        ("jd", &dialect.jd, 0),
        ("date", &dialect.date, 0),
        ("time", &dialect.time, 0),
        ("exposure_s", &dialect.exposure_s, 1),
        ("filter", &dialect.filter, 1),
        ("lamp", &dialect.lamp, 0),
        ("gain", &dialect.gain, 0),
        ("read_noise", &dialect.read_noise, 0),
        ("temperature", &dialect.temperature, 0),
        ("seeing_pix", &dialect.seeing_pix, 0),
    ] {
        let key = format!("dialect.{field}");
        count(&key, list.0.len(), least)?;
        keywords(&key, list)?;
    }
    detectors(camera)?;
    dates(dialect)?;
    for (value, band) in &dialect.bands {
        word(format!("dialect.bands.{value}"), &band.0)?;
    }
    if let Some(band) = &dialect.unfiltered {
        word("dialect.unfiltered", &band.0)?;
    }
    roles(dialect)?;
    rules(dialect)
}

/// The detector must be told by one thing only, and one thing must tell it.
fn detectors(camera: &Instrument) -> Checked {
    let dialect = &camera.dialect;
    let names = Keywords(dialect.detector_name.clone());
    keywords("dialect.detector_name", &names)?;
    let both = !names.is_empty() && !dialect.detector.is_empty();
    let needed = "absent, because there is dialect.detector_name";
    need(!both, "dialect.detector", "given", needed)?;
    let told = !names.is_empty() || !dialect.detector.is_empty();
    let needed = "a keyword, because there are several detectors";
    need(told || camera.detectors.len() == 1, "dialect.detector", "absent", needed)?;
    let nameless = camera.detectors.iter().position(|detector| detector.name.is_none());
    match nameless {
        Some(n) if !names.is_empty() => {
            let needed = "a name, because there is dialect.detector_name";
            need(false, format!("detectors[{n}].name"), "absent", needed)
        }
        _ => Ok(()),
    }
}

fn dates(dialect: &Dialect) -> Checked {
    let known = [&dialect.mjd, &dialect.jd, &dialect.date];
    let some = known.iter().any(|list| !list.is_empty());
    let needed = "a keyword, because there is neither dialect.jd nor dialect.date";
    need(some, "dialect.mjd", "absent", needed)?;
    let alone = !dialect.time.is_empty() && dialect.date.is_empty();
    need(!alone, "dialect.time", "given", "absent, because there is no dialect.date")?;
    let Some(day) = &dialect.undated else { return Ok(()) };
    let needed = "a day as \"YYYY-MM-DD\"";
    need(Day::parse(day).is_some(), "dialect.undated", format!("`{day}`"), needed)
}

fn roles(dialect: &Dialect) -> Checked {
    let needs_words = dialect.rules.is_empty();
    let needed = "a keyword, because there are no dialect.rules";
    need(!needs_words || !dialect.role.is_empty(), "dialect.role", "absent", needed)?;
    let roles = &dialect.roles;
    let least = usize::from(needs_words);
    let lists = [
        ("bias", &roles.bias, least),
        ("dark", &roles.dark, 0),
        ("flat", &roles.flat, least),
        ("science", &roles.science, least),
    ];
    let mut known = BTreeSet::new();
    for (role, words, least) in lists {
        count(&format!("dialect.roles.{role}"), words.len(), least)?;
        for (n, word) in words.iter().enumerate() {
            let good = !word.trim().is_empty() && known.insert(word.to_lowercase());
            let needed = "a word that stands for one role only (case does not matter)";
            need(good, format!("dialect.roles.{role}[{n}]"), format!("`{word}`"), needed)?;
        }
    }
    Ok(())
}

fn rules(dialect: &Dialect) -> Checked {
    count("dialect.rules", dialect.rules.len(), 0)?;
    let last = dialect.rules.len().saturating_sub(1);
    for (n, rule) in dialect.rules.iter().enumerate() {
        let key = format!("dialect.rules[{n}].when");
        let needed = "a condition, because rules follow that could never hold";
        need(n == last || !rule.when.is_empty(), &*key, "empty", needed)?;
        for (m, one) in rule.when.iter().enumerate() {
            condition(&format!("{key}[{m}]"), one)?;
        }
    }
    Ok(())
}

fn condition(key: &str, condition: &Condition) -> Checked {
    count(&format!("{key}.keys"), condition.keys.0.len(), 1)?;
    keywords(&format!("{key}.keys"), &condition.keys)?;
    let (least, most) = (condition.least, condition.most);
    let bounded = least.is_some() || most.is_some();
    let (words, parts) = (&condition.words, &condition.contains);
    let kinds = [!words.is_empty(), !parts.is_empty(), bounded, condition.absent];
    let given = kinds.into_iter().filter(|given| *given).count();
    let needed = "one of words, contains, absent, or least and most";
    need(given == 1, key, format!("{given} of them"), needed)?;
    for (field, list) in [("words", words), ("contains", parts)] {
        let blank = list.iter().any(|word| word.trim() != *word || word.is_empty());
        need(!blank, format!("{key}.{field}"), "a blank", "words without blanks around them")?;
    }
    let (low, high) = (least.unwrap_or(f64::NEG_INFINITY), most.unwrap_or(f64::INFINITY));
    need(low <= high, format!("{key}.least"), low, format!("a number of at most {high}"))
}

/// The names of raw files.
pub(super) fn names(camera: &Instrument) -> Checked {
    let names = &camera.names;
    template(names, camera.detectors.len() > 1)?;
    if !names.prefix.is_empty() {
        word("names.prefix", &names.prefix)?;
    }
    word("names.bias_band", &names.bias_band)?;
    let kinds = &names.kinds;
    let letters = [
        ("bias", &kinds.bias),
        ("dark", &kinds.dark),
        ("flat", &kinds.flat),
        ("science", &kinds.science),
    ];
    let mut known = BTreeSet::new();
    for (role, letter) in letters {
        let good = letter.len() == 1 && is_plain(letter, "") && known.insert(letter);
        let needed = "one letter or digit, used for one role only";
        need(good, format!("names.kinds.{role}"), format!("`{letter}`"), needed)?;
    }
    Ok(())
}

/// The template of raw file names: plain characters, known fields, each once.
fn template(names: &Names, several_detectors: bool) -> Checked {
    let raw = &names.raw;
    let refuse = |good: bool, needed: String| need(good, "names.raw", format!("`{raw}`"), needed);
    refuse(is_plain(raw, "{}:"), "the characters A-Z a-z 0-9 . _ - : and fields in { }".into())?;
    refuse(raw.starts_with(&names.prefix), format!("to begin with the prefix {}", names.prefix))?;
    let mut fields = BTreeSet::new();
    let mut pieces = raw.split('{');
    refuse(!pieces.next().unwrap_or_default().contains('}'), "a { before each }".into())?;
    for piece in pieces {
        let (field, rest) = piece.split_once('}').unwrap_or((piece, "}"));
        refuse(!rest.contains('}'), "one } after each {".into())?;
        let known = NAME_FIELDS.join(", ");
        refuse(NAME_FIELDS.contains(&field), format!("fields among {known}, not `{field}`"))?;
        refuse(fields.insert(field), format!("each field once, not `{field}` again"))?;
    }
    let told = fields.contains("detector") || !several_detectors;
    refuse(told, "the field {detector}, because there are several detectors".into())
}
