//! Cards of 80 bytes to a [`Header`] and back.
//!
//! Reading joins CONTINUE cards, takes the word HIERARCH off keys and leaves out the keywords that
//! describe the encoding. Writing is deterministic: fixed columns where the standard asks for them
//! (FITS 4.0, sec. 4.2), the shortest decimal form of a real that reads back as the same number,
//! strings beyond 68 characters over CONTINUE cards (sec. 4.2.1.2), keys that are no standard
//! keyword as HIERARCH cards. `fitsio-pure` makes no HIERARCH cards, hence our own writer.

use super::scan::{BLOCK, CARD, Keyed, RawCard};
use crate::error::{Error, Result};
use crate::header::{Card, Header, Value};

/// Width of the text of a commentary card.
const COMMENTARY: usize = CARD - 8;
/// Column where a fixed-format value ends.
const VALUE_END: usize = 30;

/// Reads the value and the comment of a valued, HIERARCH or CONTINUE card; `None` if it has none.
pub(super) type ReadValue = fn(&RawCard) -> Option<(Value, String)>;

/// What a keyword is about, as far as reading and writing must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Encoding,
    Content,
}

/// Leaves out the cards that describe an encoding, and EXTNAME.
pub(super) fn content(mut all: Header) -> Header {
    all.cards.retain(|card| about(&card.key) == About::Content && card.key != "EXTNAME");
    all
}

/// All cards, those of the encoding included.
pub(super) fn all(cards: &[RawCard], read: ReadValue) -> Header {
    let mut header = Header::new();
    // Whether the last card's string asks to be continued.
    let mut open = false;
    for raw in cards {
        let key = key_of(raw);
        if key == "CONTINUE" && open {
            let (value, comment) = read(raw).unwrap_or((Value::Undefined, String::new()));
            open = extend(header.cards.last_mut(), value, &comment);
            continue;
        }
        let Some(card) = card_of(raw, key, read) else { continue };
        open = matches!(&card.value, Value::Text(text) if text.ends_with('&'));
        header.cards.push(card);
    }
    header
}

fn key_of(raw: &RawCard) -> String {
    let text = std::str::from_utf8(raw).unwrap_or_default();
    match raw.trim_key() {
        "HIERARCH" => {
            let key = text.get(8..).and_then(|rest| rest.split_once('='));
            let words = key.map(|(key, _)| key.split_whitespace().collect::<Vec<_>>().join(" "));
            words.filter(|key| !key.is_empty()).unwrap_or_else(|| "HIERARCH".to_owned())
        }
        key => key.to_owned(),
    }
    .to_ascii_uppercase()
}

fn card_of(raw: &RawCard, key: String, read: ReadValue) -> Option<Card> {
    let text = std::str::from_utf8(raw).unwrap_or_default();
    let rest = text.get(8..).unwrap_or_default().trim_end();
    let commentary = matches!(key.as_str(), "COMMENT" | "HISTORY" | "CONTINUE" | "");
    if commentary || (key != "HIERARCH" && !rest.contains('=')) {
        // A card without any text only fills its block.
        let blank = key.is_empty() && rest.is_empty();
        // A CONTINUE without a string before it is a comment (FITS 4.0, sec. 4.2.1.2).
        let key = if key == "CONTINUE" { "COMMENT".to_owned() } else { key };
        return (!blank).then(|| Card { key, value: Value::Undefined, comment: rest.to_owned() });
    }
    let (value, comment) = read(raw).unwrap_or((Value::Undefined, rest.to_owned()));
    Some(Card { key, value, comment })
}

/// Appends a continuation to the last card; returns whether it asks for one more.
fn extend(last: Option<&mut Card>, value: Value, comment: &str) -> bool {
    let Some(Card { value: Value::Text(text), comment: kept, .. }) = last else { return false };
    text.pop();
    if let Value::Text(more) = &value {
        text.push_str(more);
    }
    if !comment.is_empty() {
        if !kept.is_empty() {
            kept.push(' ');
        }
        kept.push_str(comment);
    }
    matches!(value, Value::Text(more) if more.ends_with('&'))
}

fn about(key: &str) -> About {
    const FIXED: [&str; 26] = [
        "SIMPLE", "XTENSION", "BITPIX", "NAXIS", "EXTEND", "PCOUNT", "GCOUNT", "GROUPS", "END",
        "BSCALE", "BZERO", "BLANK", "TFIELDS", "THEAP", "ZIMAGE", "ZSIMPLE", "ZTENSION", "ZEXTEND",
        "ZBITPIX", "ZNAXIS", "ZPCOUNT", "ZGCOUNT", "ZCMPTYPE", "ZQUANTIZ", "ZDITHER0", "ZBLANK",
    ];
    const CHECKSUMS: [&str; 4] = ["CHECKSUM", "DATASUM", "ZHECKSUM", "ZDATASUM"];
    const COUNTED: [&str; 9] =
        ["NAXIS", "ZNAXIS", "ZTILE", "ZNAME", "ZVAL", "TTYPE", "TFORM", "TDIM", "TUNIT"];
    const SCALES: [&str; 3] = ["ZSCALE", "ZZERO", "ZMASKCMP"];
    let counted = |prefix: &str| {
        let number = key.strip_prefix(prefix).unwrap_or_default();
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    };
    let encoding = FIXED.contains(&key)
        || CHECKSUMS.contains(&key)
        || SCALES.contains(&key)
        || COUNTED.iter().any(|prefix| counted(prefix));
    if encoding { About::Encoding } else { About::Content }
}

/// A header block: the structural cards, `name` as EXTNAME, the header's own cards, END, padding.
///
/// Cards of the header that describe an encoding are left out, and so is its EXTNAME if there is
/// a `name`.
pub(super) fn block(structure: &[RawCard], name: Option<&str>, header: &Header) -> Result<Vec<u8>> {
    let mut bytes: Vec<u8> = structure.iter().flatten().copied().collect();
    if let Some(name) = name {
        let value = Value::Text(name.to_owned());
        let card = Card { key: "EXTNAME".to_owned(), value, comment: String::new() };
        format(&card, &mut bytes)?;
    }
    for card in &header.cards {
        let named = name.is_some() && card.key == "EXTNAME";
        if about(&card.key) == About::Content && !named {
            format(card, &mut bytes)?;
        }
    }
    push(&mut bytes, "END");
    bytes.resize(bytes.len().next_multiple_of(BLOCK), b' ');
    Ok(bytes)
}

/// A structural card.
pub(super) fn structural(key: &str, value: Value, comment: &str) -> Result<RawCard> {
    let card = Card { key: key.to_owned(), value, comment: comment.to_owned() };
    let mut bytes = Vec::with_capacity(CARD);
    format(&card, &mut bytes)?;
    bytes.try_into().map_err(|_| Error::parameter(key, "too long", "one card"))
}

fn push(bytes: &mut Vec<u8>, text: &str) {
    let end = bytes.len() + CARD;
    bytes.extend(text.bytes().take(CARD));
    bytes.resize(end, b' ');
}

/// Appends a card as one or more blocks of 80 bytes.
fn format(card: &Card, bytes: &mut Vec<u8>) -> Result<()> {
    let comment = ascii(&card.comment);
    if matches!(card.key.as_str(), "COMMENT" | "HISTORY" | "") {
        for chunk in chunks(&comment, COMMENTARY) {
            push(bytes, &format!("{:8}{chunk}", card.key));
        }
        return Ok(());
    }
    let lead = lead(&card.key)?;
    let value = match &card.value {
        Value::Text(text) => return format_text(&lead, &ascii(text), &comment, bytes),
        Value::Logical(value) => if *value { "T" } else { "F" }.to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => real(*value),
        Value::Undefined => String::new(),
    };
    let width = VALUE_END.saturating_sub(lead.len());
    let line = format!("{lead}{value:>width$}");
    if line.len() > CARD {
        return Err(Error::parameter(&card.key, line.len(), "a card of at most 80 characters"));
    }
    push(bytes, &with_comment(line, &comment));
    Ok(())
}

/// Everything up to the value.
fn lead(key: &str) -> Result<String> {
    let standard = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if !key.is_empty() && key.len() <= 8 && key.bytes().all(standard) {
        if matches!(key, "CONTINUE" | "HIERARCH" | "END") {
            return Err(Error::parameter("keyword", key, "one that the standard does not reserve"));
        }
        return Ok(format!("{key:8}= "));
    }
    let fits = key.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'=');
    if !fits || key.trim() != key || key.len() > 50 {
        let needed = "at most 50 printable ASCII characters without '='";
        return Err(Error::parameter("keyword", format!("{key:?}"), needed));
    }
    Ok(format!("HIERARCH {key} = "))
}

/// The shortest form that reads back as the same number; FITS has no NaN or infinity, which become
/// undefined values.
fn real(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    let text = format!("{value:?}").to_ascii_uppercase();
    match text.split_once('E') {
        Some((digits, power)) if !digits.contains('.') => format!("{digits}.0E{power}"),
        _ => text,
    }
}

fn format_text(lead: &str, text: &str, comment: &str, bytes: &mut Vec<u8>) -> Result<()> {
    let quoted: Vec<String> =
        text.trim_end().chars().map(|c| if c == '\'' { "''".into() } else { c.into() }).collect();
    let length: usize = quoted.iter().map(String::len).sum();
    if lead.len() + length + 2 <= CARD {
        let line = format!("{lead}'{:8}'", quoted.concat());
        // Padding to eight characters is for XTENSION and readers of old; it may not fit.
        let line = if line.len() <= CARD { line } else { format!("{lead}'{}'", quoted.concat()) };
        let width = VALUE_END;
        push(bytes, &with_comment(format!("{line:<width$}"), comment));
        return Ok(());
    }
    let mut rest = quoted.as_slice();
    let mut lead = lead;
    loop {
        // Quotes and the ampersand take three places.
        let (taken, left) = take(rest, CARD - lead.len() - 3);
        rest = left;
        let text = taken.concat();
        let last = rest.is_empty();
        let roomy = lead.len() + text.len() + 2 + 3 + comment.len() <= CARD;
        if last && (comment.is_empty() || roomy) {
            push(bytes, &with_comment(format!("{lead}'{text}'"), comment));
            return Ok(());
        }
        push(bytes, &format!("{lead}'{text}&'"));
        lead = "CONTINUE  ";
        if last {
            push(bytes, &with_comment(format!("{lead}''"), comment));
            return Ok(());
        }
    }
}

/// As many characters as fit, a doubled quote staying whole.
fn take(quoted: &[String], room: usize) -> (&[String], &[String]) {
    let mut used = 0;
    let count = quoted.iter().take_while(|piece| {
        used += piece.len();
        used <= room
    });
    quoted.split_at(count.count())
}

fn with_comment(mut line: String, comment: &str) -> String {
    if !comment.is_empty() && line.len() + 3 < CARD {
        line.push_str(" / ");
        line.push_str(comment);
    }
    line.truncate(CARD);
    line
}

/// Header text is printable ASCII by the standard.
fn ascii(text: &str) -> String {
    text.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect()
}

fn chunks(text: &str, width: usize) -> Vec<String> {
    if text.is_empty() {
        return vec![String::new()];
    }
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(width).map(|chunk| chunk.iter().collect()).collect()
}
