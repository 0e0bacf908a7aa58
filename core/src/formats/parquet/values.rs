//! Values of a page, by encoding (Apache Parquet, "Encodings"): plain, dictionary, run lengths,
//! differences, split bytes.
//!
//! Every length is checked against the bytes that are there before anything of that length is
//! allocated. Numbers are kept as the bits that the file has, in 64-bit words.

use super::Refusal;
use super::thrift::Cursor;

/// Most bytes of text in a column; a dictionary can repeat a long word in few bytes.
pub(super) const MOST_TEXT: usize = 1 << 30;
/// Values in a block of differences: no writer makes more, and it bounds what a block can claim.
const LARGEST_BLOCK: u64 = 1 << 20;

/// How values stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Physical {
    /// A bit.
    Bit,
    /// Four bytes.
    Four,
    /// Eight bytes.
    Eight,
    /// Any number of bytes.
    Text,
}

/// Values without gaps.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Decoded {
    /// Bits of numbers.
    Words(Vec<u64>),
    /// Text.
    Texts(Vec<String>),
}

/// One value.
pub(super) enum Value {
    /// Bits of a number.
    Word(u64),
    /// Text.
    Text(String),
}

impl Decoded {
    /// No value of this kind.
    pub(super) fn none(physical: Physical) -> Decoded {
        match physical {
            Physical::Text => Decoded::Texts(Vec::new()),
            _ => Decoded::Words(Vec::new()),
        }
    }

    /// One after the other.
    pub(super) fn into_iter(self) -> impl Iterator<Item = Value> {
        let (words, texts) = match self {
            Decoded::Words(words) => (words, Vec::new()),
            Decoded::Texts(texts) => (Vec::new(), texts),
        };
        words.into_iter().map(Value::Word).chain(texts.into_iter().map(Value::Text))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Decoded::Words(words) => words.len(),
            Decoded::Texts(texts) => texts.len(),
        }
    }
}

/// The first `count` values of a page in the encoding with this number.
pub(super) fn decode(
    bytes: &[u8],
    encoding: i64,
    (physical, count): (Physical, usize),
    dictionary: Option<&Decoded>,
) -> Result<Decoded, Refusal> {
    match (encoding, physical) {
        (0, _) => plain(bytes, physical, count),
        (2 | 8, _) => {
            let dictionary = dictionary.ok_or("indices without a dictionary")?;
            let (&width, indices) = bytes.split_first().ok_or("indices without their width")?;
            look_up(dictionary, &hybrid(indices, u32::from(width), count)?)
        }
        (3, Physical::Bit) => {
            let bits = hybrid(prefixed(bytes)?.0, 1, count)?;
            Ok(Decoded::Words(bits.into_iter().map(u64::from).collect()))
        }
        (5, Physical::Four | Physical::Eight) => {
            let values = differences(bytes, count)?.0;
            Ok(Decoded::Words(values.into_iter().map(|value| value as u64).collect()))
        }
        (6, Physical::Text) => texts(pieces(bytes, count)?.into_iter()),
        (7, Physical::Text) => front_coded(bytes, count),
        (9, Physical::Four) => split(bytes, 4, count),
        (9, Physical::Eight) => split(bytes, 8, count),
        _ => Err(Refusal::Unsupported {
            what: format!("encoding {encoding} of {physical:?} values"),
            hint: "write the file with plain or dictionary encoding".to_owned(),
        }),
    }
}

/// Values one after the other, lowest byte first; text after its length.
fn plain(bytes: &[u8], physical: Physical, count: usize) -> Result<Decoded, Refusal> {
    let needed = match physical {
        Physical::Bit => count.div_ceil(8),
        Physical::Four | Physical::Text => count.saturating_mul(4),
        Physical::Eight => count.saturating_mul(8),
    };
    if bytes.len() < needed {
        return Err(short(bytes.len(), needed));
    }
    let words = match physical {
        Physical::Bit => {
            let bits = bytes.iter().flat_map(|&byte| (0..8).map(move |bit| (byte >> bit) & 1));
            bits.take(count).map(u64::from).collect()
        }
        Physical::Four => bytes.chunks_exact(4).take(count).map(word).collect(),
        Physical::Eight => bytes.chunks_exact(8).take(count).map(word).collect(),
        Physical::Text => {
            let mut cursor = Cursor::new(bytes);
            let pieces: Option<Vec<&[u8]>> = (0..count)
                .map(|_| {
                    let length = word(cursor.take(4)?);
                    cursor.take(usize::try_from(length).ok()?)
                })
                .collect();
            return texts(pieces.ok_or("text ends after its page")?.into_iter());
        }
    };
    Ok(Decoded::Words(words))
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| (word << 8) | u64::from(byte))
}

fn short(found: usize, needed: usize) -> Refusal {
    Refusal::Damaged(format!("{found} bytes of values, needed {needed}"))
}

fn texts<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<Decoded, Refusal> {
    let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err(Refusal::Damaged(format!("text is not UTF-8: {error}"))),
    };
    Ok(Decoded::Texts(pieces.map(text).collect::<Result<_, _>>()?))
}

fn look_up(dictionary: &Decoded, indices: &[u32]) -> Result<Decoded, Refusal> {
    let length = dictionary.len();
    if let Some(index) = indices.iter().find(|&&index| index as usize >= length) {
        return Err(Refusal::Damaged(format!("index {index} into a dictionary of {length}")));
    }
    let indices = indices.iter().map(|&index| index as usize);
    Ok(match dictionary {
        Decoded::Words(words) => {
            Decoded::Words(indices.filter_map(|index| words.get(index).copied()).collect())
        }
        Decoded::Texts(texts) => {
            let mut used = 0_usize;
            let mut found = Vec::with_capacity(indices.len());
            for text in indices.filter_map(|index| texts.get(index)) {
                used = used.saturating_add(text.len());
                if used > MOST_TEXT {
                    return Err(format!("a page with more than {MOST_TEXT} bytes of text").into());
                }
                found.push(text.clone());
            }
            Decoded::Texts(found)
        }
    })
}

/// What follows a length of four bytes, and what comes after it.
pub(super) fn prefixed(bytes: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    let mut cursor = Cursor::new(bytes);
    let found = (|| {
        let length = usize::try_from(word(cursor.take(4)?)).ok()?;
        cursor.take(length)
    })();
    Ok((found.ok_or("a length beyond the page")?, cursor.rest()))
}

/// Runs of one number, and groups of eight packed ones, each number of `width` bits.
pub(super) fn hybrid(bytes: &[u8], width: u32, count: usize) -> Result<Vec<u32>, Refusal> {
    if width > 32 {
        return Err(format!("indices of {width} bits, needed at most 32").into());
    }
    let mut values: Vec<u32> = Vec::new();
    if width == 0 {
        values.resize(count, 0);
        return Ok(values);
    }
    let mut cursor = Cursor::new(bytes);
    while values.len() < count {
        let left = count - values.len();
        let head = cursor.varint().ok_or("runs end before the page does")?;
        if head & 1 == 0 {
            let run = usize::try_from(head >> 1).unwrap_or(usize::MAX).min(left);
            let value = word(cursor.take(width.div_ceil(8) as usize).ok_or("a run without value")?);
            let value = u32::try_from(value).map_err(|error| error.to_string())?;
            values.resize(values.len() + run, value);
        } else {
            // Some writers leave out the unused rest of the last group.
            let claimed = (head >> 1).saturating_mul(u64::from(width));
            let length = usize::try_from(claimed).unwrap_or(usize::MAX).min(cursor.rest().len());
            let packed = cursor.take(length).unwrap_or_default();
            unpack(packed, width, left, |value| values.push(value as u32));
        }
    }
    Ok(values)
}

/// Up to `most` numbers of `width` bits, lowest bit first.
fn unpack(packed: &[u8], width: u32, most: usize, mut push: impl FnMut(u64)) -> usize {
    let (mut held, mut bits, mut count) = (0_u128, 0, 0);
    let mask = (1_u128 << width) - 1;
    for &byte in packed {
        held |= u128::from(byte) << bits;
        bits += 8;
        while bits >= width && count < most {
            push((held & mask) as u64);
            held >>= width;
            bits -= width;
            count += 1;
        }
        if count == most {
            break;
        }
    }
    count
}

/// The first number, then differences in blocks: each has the least difference and, packed in
/// miniblocks, what the others have above it. Also how many bytes were used.
fn differences(bytes: &[u8], count: usize) -> Result<(Vec<i64>, usize), Refusal> {
    let mut cursor = Cursor::new(bytes);
    let values = blocks(&mut cursor, count)?;
    Ok((values, bytes.len() - cursor.rest().len()))
}

fn blocks(cursor: &mut Cursor<'_>, count: usize) -> Result<Vec<i64>, Refusal> {
    let ended = "differences end before the page does";
    let block = cursor.varint().ok_or(ended)?;
    let miniblocks = cursor.varint().ok_or(ended)?;
    let total = cursor.varint().ok_or(ended)?;
    let first = cursor.zigzag().ok_or(ended)?;
    let each = block.checked_div(miniblocks).unwrap_or(0);
    if block > LARGEST_BLOCK || each == 0 || each % 8 != 0 {
        return Err(format!("blocks of {block} differences in {miniblocks} parts").into());
    }
    if total != count as u64 {
        return Err(format!("{total} numbers for {count} values").into());
    }
    let (miniblocks, each) = (miniblocks as usize, each as usize);
    let mut values: Vec<i64> = Vec::new();
    let mut last = first;
    values.extend((count > 0).then_some(first));
    while values.len() < count {
        let least = cursor.zigzag().ok_or(ended)?;
        let widths = cursor.take(miniblocks).ok_or(ended)?;
        for &width in widths {
            let wanted = each.min(count - values.len());
            if wanted == 0 {
                break;
            }
            let mut add = |above: u64| {
                last = last.wrapping_add(least).wrapping_add(above as i64);
                values.push(last);
            };
            match width {
                0 => (0..wanted).for_each(|_| add(0)),
                1..=64 => {
                    let length = (each / 8 * usize::from(width)).min(cursor.rest().len());
                    let packed = cursor.take(length).ok_or(ended)?;
                    if unpack(packed, u32::from(width), wanted, add) < wanted {
                        return Err(ended.into());
                    }
                }
                _ => return Err(format!("differences of {width} bits").into()),
            }
        }
    }
    Ok(values)
}

/// Lengths as differences, then all bytes.
fn pieces(bytes: &[u8], count: usize) -> Result<Vec<&[u8]>, Refusal> {
    let (lengths, used) = differences(bytes, count)?;
    let mut cursor = Cursor::new(bytes.get(used..).unwrap_or_default());
    let piece = |length: i64| cursor.take(usize::try_from(length).ok()?);
    let pieces: Option<Vec<&[u8]>> = lengths.into_iter().map(piece).collect();
    pieces.ok_or_else(|| "text ends after its page".into())
}

/// What each text shares with the start of the one before, then the rest of it.
fn front_coded(bytes: &[u8], count: usize) -> Result<Decoded, Refusal> {
    let (shared, used) = differences(bytes, count)?;
    let rests = pieces(bytes.get(used..).unwrap_or_default(), count)?;
    let mut whole: Vec<u8> = Vec::new();
    let mut found = Vec::new();
    let mut length = 0_usize;
    for (shared, rest) in shared.into_iter().zip(rests) {
        let shared = usize::try_from(shared).ok().filter(|&shared| shared <= whole.len());
        whole.truncate(shared.ok_or("text shares more than there was before")?);
        whole.extend_from_slice(rest);
        length = length.saturating_add(whole.len());
        if length > MOST_TEXT {
            return Err(format!("a page with more than {MOST_TEXT} bytes of text").into());
        }
        found.push(String::from_utf8(whole.clone()).map_err(|error| error.to_string())?);
    }
    Ok(Decoded::Texts(found))
}

/// First bytes of all values, then all second bytes, and so on.
fn split(bytes: &[u8], width: usize, count: usize) -> Result<Decoded, Refusal> {
    let stride = bytes.len() / width;
    if stride < count || count == 0 {
        return if count == 0 { Ok(Decoded::Words(Vec::new())) } else { Err(short(stride, count)) };
    }
    let mut words = vec![0_u64; count];
    for stream in bytes.chunks_exact(stride).take(width).rev() {
        for (word, &byte) in words.iter_mut().zip(stream) {
            *word = (*word << 8) | u64::from(byte);
        }
    }
    Ok(Decoded::Words(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_packed_groups_follow_the_specification() {
        // The specification's example: 0..8 in three bits each.
        let packed = [0x03, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        assert_eq!(hybrid(&packed, 3, 8).unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(hybrid(&[0x08, 0x05], 3, 4).unwrap(), [5; 4]);
        assert_eq!(hybrid(&[], 0, 3).unwrap(), [0; 3]);
        for (bytes, width) in [(&packed[..2], 3), (&[8], 3), (&[], 1), (&packed[..], 33)] {
            assert!(hybrid(bytes, width, 8).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn differences_follow_the_examples_of_the_specification() {
        // 1, 2, 3, 4, 5 and 7, 5, 3, 1, 2, 3, 4, 5 in blocks of 128 with 4 parts.
        let straight = [0x80, 0x01, 0x04, 0x05, 0x02, 0x02, 0, 0, 0, 0];
        assert_eq!(differences(&straight, 5).unwrap(), (vec![1, 2, 3, 4, 5], 10));
        let mut bent = vec![0x80, 0x01, 0x04, 0x08, 0x0e, 0x03, 2, 0, 0, 0];
        bent.extend([0b1100_0000, 0b0011_1111, 0, 0, 0, 0, 0, 0]);
        assert_eq!(differences(&bent, 8).unwrap(), (vec![7, 5, 3, 1, 2, 3, 4, 5], 18));
        assert!(differences(&bent[..10], 8).is_err());
        assert!(differences(&bent, 9).is_err());
    }

    #[test]
    fn split_bytes_are_joined_again() {
        let numbers = [0x0403_0201_u64, 0x1413_1211];
        let bytes = [0x01, 0x11, 0x02, 0x12, 0x03, 0x13, 0x04, 0x14];
        assert_eq!(split(&bytes, 4, 2).unwrap(), Decoded::Words(numbers.to_vec()));
        assert!(split(&bytes, 4, 3).is_err());
    }

    #[test]
    fn what_lies_beyond_a_page_or_dictionary_is_refused() {
        let bytes = [1, 0, 0, 0, b'a', 9, 0, 0, 0, b'b'];
        let texts = Decoded::Texts(vec!["a".to_owned()]);
        assert_eq!(plain(&bytes, Physical::Text, 1).unwrap(), texts);
        assert!(plain(&bytes, Physical::Text, 2).is_err());
        assert!(plain(&bytes, Physical::Eight, 2).is_err());
        assert!(plain(&[1, 0, 0, 0, 0xff], Physical::Text, 1).is_err());
        let dictionary = Decoded::Words(vec![7]);
        assert!(look_up(&dictionary, &[0, 1]).is_err());
        assert_eq!(look_up(&dictionary, &[0, 0]).unwrap(), Decoded::Words(vec![7, 7]));
        assert!(decode(&[1, 2], 8, (Physical::Eight, 1), None).is_err());
    }
}
