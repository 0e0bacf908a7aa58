//! Where the HDUs of a FITS file lie in its bytes: enough to say where two files differ, and to add up
//! checksums. What is in them is for the core.
//!
//! Source: FITS standard 4.0, sections 3.1, 4.4.1 and 4.4.2.7 (checksums: appendix J).

use std::ops::Range;

/// Length of a block (byte).
const BLOCK: usize = 2880;
/// Length of a card (byte).
const CARD: usize = 80;

/// One HDU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hdu {
    /// Its name (EXTNAME), which may be empty.
    pub name: String,
    /// Bytes of its header, with the filling.
    pub header: Range<usize>,
    /// Bytes of its data, with the filling.
    pub data: Range<usize>,
    /// Bytes of one pixel.
    pub pixel_bytes: usize,
    /// Pixels along each axis, the fastest first.
    pub axes: Vec<usize>,
}

/// What is wrong with the structure of a file: number of the HDU, and what was found.
pub type Broken = (usize, String);

/// Whether bytes begin as a FITS file does.
pub fn is_fits(bytes: &[u8]) -> bool {
    bytes.starts_with(b"SIMPLE  =")
}

/// The HDUs of a file.
///
/// # Errors
/// Where it breaks off, or is no FITS file.
pub fn of(bytes: &[u8]) -> Result<Vec<Hdu>, Broken> {
    let mut hdus = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let rest = &bytes[start..];
        // After the last HDU a file may hold anything but another one.
        let word = &rest[..rest.len().min(8)];
        if !hdus.is_empty() && !b"XTENSION".starts_with(word) {
            break;
        }
        let hdu = one(bytes, start).map_err(|reason| (hdus.len(), reason))?;
        start = hdu.data.end;
        hdus.push(hdu);
    }
    if hdus.is_empty() { Err((0, "the file is empty".to_owned())) } else { Ok(hdus) }
}

fn one(bytes: &[u8], start: usize) -> Result<Hdu, String> {
    let header = header(bytes, start)?;
    let cards = &bytes[header.clone()];
    let number = |key: &str| integer(cards, key);
    let axis = |number: usize| integer(cards, &format!("NAXIS{number}"));
    let count = number("NAXIS").filter(|count| (0..=999).contains(count)).unwrap_or(0);
    let axes: Option<Vec<usize>> = (1..=usize::try_from(count).unwrap_or(0))
        .map(|place| axis(place).and_then(|length| usize::try_from(length).ok()))
        .collect();
    let axes = axes.ok_or("an axis has no length")?;
    let pixel_bytes = number("BITPIX").ok_or("there is no BITPIX")?.unsigned_abs() as usize / 8;
    let size = data_bytes(&axes, pixel_bytes, (number("PCOUNT"), number("GCOUNT")));
    let size = size.ok_or("its size is no number")?;
    let end = size.checked_next_multiple_of(BLOCK).and_then(|size| header.end.checked_add(size));
    let end = end.filter(|end| *end <= bytes.len()).ok_or_else(|| {
        let found = bytes.len().saturating_sub(header.end);
        format!("its data break off: found {found} bytes, needed {size}")
    })?;
    let name = text(cards, "EXTNAME").unwrap_or_default();
    Ok(Hdu { name, data: header.end..end, header, pixel_bytes, axes })
}

fn header(bytes: &[u8], start: usize) -> Result<Range<usize>, String> {
    let mut at = start;
    loop {
        let block = bytes.get(at..at + BLOCK).ok_or("its header breaks off")?;
        at += BLOCK;
        if block.chunks(CARD).any(|card| card.starts_with(b"END     ")) {
            return Ok(start..at);
        }
    }
}

fn data_bytes(
    axes: &[usize],
    pixel_bytes: usize,
    (heap, groups): (Option<i64>, Option<i64>),
) -> Option<usize> {
    if axes.is_empty() {
        return Some(0);
    }
    let pixels = axes.iter().try_fold(1_usize, |all, axis| all.checked_mul(*axis))?;
    let heap = usize::try_from(heap.unwrap_or(0)).ok()?;
    let groups = usize::try_from(groups.unwrap_or(1)).ok()?;
    pixels.checked_add(heap)?.checked_mul(groups)?.checked_mul(pixel_bytes)
}

/// The value of a card as it is written, without comment.
fn value<'c>(cards: &'c [u8], key: &str) -> Option<&'c str> {
    let start = format!("{key:<8}=");
    let card = cards.chunks(CARD).find(|card| card.starts_with(start.as_bytes()))?;
    Some(std::str::from_utf8(&card[start.len()..]).ok()?.trim())
}

fn integer(cards: &[u8], key: &str) -> Option<i64> {
    value(cards, key)?.split('/').next()?.trim().parse().ok()
}

fn text(cards: &[u8], key: &str) -> Option<String> {
    let quoted = value(cards, key)?.strip_prefix('\'')?;
    Some(quoted.split('\'').next()?.trim().to_owned())
}

/// What the checksums of an HDU say against it; nothing if they fit or it has none.
pub fn checksum_fault(bytes: &[u8], hdu: &Hdu) -> Option<String> {
    let cards = &bytes[hdu.header.clone()];
    let data = sum(&bytes[hdu.data.clone()], 0);
    let declared = text(cards, "DATASUM").and_then(|text| text.trim().parse::<u32>().ok());
    if let Some(declared) = declared.filter(|declared| *declared != data) {
        return Some(format!("its data sum to {data}, but DATASUM is {declared}"));
    }
    // Header and data with a CHECKSUM sum to minus zero; one of zeros or blanks is not yet set.
    let set = text(cards, "CHECKSUM").is_some_and(|text| !text.chars().all(|c| "0 ".contains(c)));
    let all = sum(cards, data);
    (set && all != u32::MAX && all != 0).then(|| format!("header and data sum to {all}, not to -0"))
}

/// The 32-bit sum with end-around carry.
fn sum(bytes: &[u8], start: u32) -> u32 {
    let words =
        bytes.chunks_exact(4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]));
    let mut total = words.fold(u64::from(start), |total, word| total + u64::from(word));
    while total > u64::from(u32::MAX) {
        total = (total & u64::from(u32::MAX)) + (total >> 32);
    }
    total as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hdu(cards: &[&str], data: &[u8]) -> Vec<u8> {
        let mut bytes: Vec<u8> =
            cards.iter().flat_map(|c| format!("{c:80}").into_bytes()).collect();
        bytes.extend(format!("{:80}", "END").into_bytes());
        bytes.resize(bytes.len().next_multiple_of(BLOCK), b' ');
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        bytes
    }

    const PRIMARY: [&str; 3] = ["SIMPLE  =                    T", "BITPIX  =  8", "NAXIS   = 0"];
    const IMAGE: [&str; 6] = [
        "XTENSION= 'IMAGE   '",
        "BITPIX  = -32 / bits",
        "NAXIS   = 2",
        "NAXIS1  = 3",
        "NAXIS2  = 2",
        "EXTNAME = 'MASK    ' / its name",
    ];

    #[test]
    fn hdus_are_found_and_a_cut_file_is_told() {
        let mut bytes = hdu(&PRIMARY, &[]);
        bytes.extend(hdu(&IMAGE, &[1; 24]));
        let found = of(&bytes).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[1].name.as_str(), found[1].pixel_bytes), ("MASK", 4));
        assert_eq!((found[1].axes.as_slice(), found[1].data.clone()), (&[3, 2][..], 5760..8640));
        for length in (1..bytes.len()).step_by(BLOCK / 2) {
            let cut = of(&bytes[..length]);
            // Cut between two HDUs, nothing tells that there was another.
            assert!(length == BLOCK || cut.is_err(), "{length}: {cut:?}");
        }
        assert!(of(b"no FITS").is_err() && of(b"").is_err());
    }

    #[test]
    fn sizes_that_overflow_are_told() {
        let mut cards = IMAGE.to_vec();
        cards[3] = "NAXIS1  = 4611686018427387904";
        cards[4] = "NAXIS2  = 4611686018427387904";
        let mut bytes = hdu(&PRIMARY, &[]);
        bytes.extend(hdu(&cards, &[]));
        assert_eq!(of(&bytes).unwrap_err(), (1, "its size is no number".to_owned()));
    }

    #[test]
    fn a_flipped_bit_breaks_the_sum() {
        let mut cards = PRIMARY.to_vec();
        cards.splice(1.., ["BITPIX  = 8", "NAXIS   = 1", "NAXIS1  = 8"]);
        cards.push("DATASUM = '16909060'");
        let mut bytes = hdu(&cards, &[1, 2, 3, 4]);
        let found = of(&bytes).unwrap();
        assert_eq!(checksum_fault(&bytes, &found[0]), None);
        bytes[BLOCK + 3] ^= 1;
        assert!(checksum_fault(&bytes, &found[0]).unwrap().contains("DATASUM"));
        assert_eq!(sum(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2], 0), 2);
    }
}
