//! Where two files that ought to be equal differ first, in words of a person: HDU and card or pixel,
//! line of a text, else the byte. Tables are left to the core.

use crate::hdus::{self, Hdu};

/// The first difference; nothing if there is none.
pub fn first(one: &[u8], other: &[u8]) -> Option<String> {
    let at = place(one, other)?;
    let told = if hdus::is_fits(one) && hdus::is_fits(other) {
        of_fits(one, other, at)
    } else if let (Ok(one), Ok(other)) = (std::str::from_utf8(one), std::str::from_utf8(other)) {
        of_text(one, other)
    } else {
        None
    };
    Some(told.unwrap_or_else(|| format!("byte {at}{}", lengths(one, other))))
}

/// The first byte that is not the same, or the length of the shorter one.
fn place(one: &[u8], other: &[u8]) -> Option<usize> {
    let at = one.iter().zip(other).position(|(a, b)| a != b);
    at.or((one.len() != other.len()).then_some(one.len().min(other.len())))
}

fn lengths(one: &[u8], other: &[u8]) -> String {
    match (one.len(), other.len()) {
        (a, b) if a == b => String::new(),
        (a, b) => format!(" ({a} and {b} bytes)"),
    }
}

fn of_fits(one: &[u8], other: &[u8], at: usize) -> Option<String> {
    let hdus = hdus::of(one).or_else(|_| hdus::of(other)).ok()?;
    let (number, hdu) = hdus.iter().enumerate().find(|(_, hdu)| at < hdu.data.end)?;
    let name = if hdu.name.is_empty() { String::new() } else { format!(" ({})", hdu.name) };
    let place = if hdu.header.contains(&at) {
        let start = hdu.header.start + (at - hdu.header.start) / 80 * 80;
        let card = String::from_utf8_lossy(one.get(start..start + 8)?).trim().to_owned();
        format!("card {}", crate::class::one_line(&card))
    } else {
        pixel(hdu, at)
    };
    let range = hdu.header.start..hdu.data.end;
    let count = match (one.get(range.clone()), other.get(range)) {
        (Some(a), Some(b)) => a.iter().zip(b).filter(|(a, b)| a != b).count(),
        _ => 0,
    };
    let bytes =
        if count == 0 { String::new() } else { format!(", {count} bytes of this HDU differ") };
    Some(format!("HDU {number}{name}: {place}{bytes}{}", lengths(one, other)))
}

/// The pixel of a byte, counted from 0, the fastest axis first.
fn pixel(hdu: &Hdu, at: usize) -> String {
    let mut index = (at - hdu.data.start) / hdu.pixel_bytes.max(1);
    let mut place = Vec::new();
    for axis in &hdu.axes {
        place.push((index % (*axis).max(1)).to_string());
        index /= (*axis).max(1);
    }
    if index == 0 { format!("pixel ({})", place.join(", ")) } else { "behind the data".to_owned() }
}

fn of_text(one: &str, other: &str) -> Option<String> {
    let pairs = one.lines().zip(other.lines());
    let (number, (a, b)) = pairs.enumerate().find(|(_, (a, b))| a != b)?;
    let short = |line: &str| line.trim().chars().take(60).collect::<String>();
    let text = format!("line {}: {} / {}", number + 1, short(a), short(b));
    Some(crate::class::one_line(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_differ_in_a_line_and_other_files_in_a_byte() {
        assert_eq!(first(b"a\nb\nc", b"a\nb\nc"), None);
        assert_eq!(first(b"a\nb\nc", b"a\nx\nc").unwrap(), "line 2: b / x");
        assert_eq!(first(&[0, 255, 1], &[0, 255, 2]).unwrap(), "byte 2");
        assert_eq!(first(&[0, 255], &[0, 255, 2]).unwrap(), "byte 2 (2 and 3 bytes)");
    }

    #[test]
    fn images_differ_in_a_card_or_a_pixel() {
        let cards =
            ["SIMPLE  = T", "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 3", "NAXIS2  = 2", "END"];
        let mut bytes: Vec<u8> =
            cards.iter().flat_map(|c| format!("{c:80}").into_bytes()).collect();
        bytes.resize(2880, b' ');
        bytes.resize(5760, 0);
        bytes[..9].copy_from_slice(b"SIMPLE  =");
        let mut card = bytes.clone();
        card[3 * 80 + 20] = b'9';
        assert!(first(&bytes, &card).unwrap().starts_with("HDU 0: card NAXIS1, 1 bytes"));
        let mut pixel = bytes.clone();
        pixel[2880 + 2 * 4 + 1] = 1;
        assert!(first(&bytes, &pixel).unwrap().starts_with("HDU 0: pixel (1, 1), 1 bytes"));
    }
}
