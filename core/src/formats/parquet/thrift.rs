//! Walks Thrift's compact protocol, in which a parquet file's footer and page headers are written
//! (Apache Thrift, "Thrift Compact protocol encoding"), without allocating what they claim.

/// Structures and lists inside one another that are followed.
const DEEPEST: usize = 16;
/// What stands in a path for the element of a list or map.
pub(super) const ELEMENT: i16 = 0;

/// What is met on a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// A structure begins.
    Begin,
    /// A whole number or a logical value (0 or 1).
    Whole(i64),
}

/// Bytes that are read from the front.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// From the first of `bytes` on.
    pub(super) fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes }
    }

    /// What has not been read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// The next `count` bytes, if there are as many.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// A whole number in groups of seven bits, lowest first; bits beyond the 64th are refused.
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A signed number, its sign in the lowest bit.
    pub(super) fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// Walks a structure. `visit` gets the field numbers on the way to each token, with [`ELEMENT`]
    /// for every element of a list. `None` if the bytes break the protocol.
    pub(super) fn walk(&mut self, visit: &mut dyn FnMut(&[i16], Token)) -> Option<()> {
        self.structure(&mut Vec::new(), visit)
    }

    fn structure(
        &mut self,
        path: &mut Vec<i16>,
        visit: &mut dyn FnMut(&[i16], Token),
    ) -> Option<()> {
        visit(path, Token::Begin);
        let mut field = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            field = match head >> 4 {
                0 => i16::try_from(self.zigzag()?).ok()?,
                step => field.checked_add(i16::from(step))?,
            };
            path.push(field);
            match head & 0x0f {
                1 => visit(path, Token::Whole(1)),
                2 => visit(path, Token::Whole(0)),
                kind => self.value(kind, path, visit)?,
            }
            path.pop();
        }
    }

    fn value(
        &mut self,
        kind: u8,
        path: &mut Vec<i16>,
        visit: &mut dyn FnMut(&[i16], Token),
    ) -> Option<()> {
        if path.len() > DEEPEST {
            return None;
        }
        match kind {
            1..=3 => visit(path, Token::Whole(i64::from(self.byte()?))),
            4..=6 => visit(path, Token::Whole(self.zigzag()?)),
            7 => drop(self.take(8)?),
            8 => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.take(length)?;
            }
            9 | 10 => self.list(path, visit)?,
            11 => self.map(path, visit)?,
            12 => self.structure(path, visit)?,
            _ => return None,
        }
        Some(())
    }

    /// Each element takes a byte at least, so a wrong length ends with the bytes.
    fn list(&mut self, path: &mut Vec<i16>, visit: &mut dyn FnMut(&[i16], Token)) -> Option<()> {
        let head = self.byte()?;
        let length = match head >> 4 {
            15 => self.varint()?,
            length => u64::from(length),
        };
        (0..length).try_for_each(|_| self.element(head & 0x0f, path, visit))
    }

    fn map(&mut self, path: &mut Vec<i16>, visit: &mut dyn FnMut(&[i16], Token)) -> Option<()> {
        let length = self.varint()?;
        if length == 0 {
            return Some(());
        }
        let kinds = self.byte()?;
        (0..length).try_for_each(|_| {
            self.element(kinds >> 4, path, visit)?;
            self.element(kinds & 0x0f, path, visit)
        })
    }

    fn element(
        &mut self,
        kind: u8,
        path: &mut Vec<i16>,
        visit: &mut dyn FnMut(&[i16], Token),
    ) -> Option<()> {
        path.push(ELEMENT);
        let read = self.value(kind, path, visit);
        path.pop();
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(bytes: &[u8]) -> Option<Vec<(Vec<i16>, Token)>> {
        let mut found = Vec::new();
        let mut cursor = Cursor::new(bytes);
        cursor.walk(&mut |path, token| found.push((path.to_vec(), token)))?;
        Some(found)
    }

    #[test]
    fn numbers_of_nested_structures_are_found_under_their_field_numbers() {
        // 1: i32 = -3, 5: { 1: true, 2: binary of 2 bytes }, 6: [i32; 2] = [1, -1].
        let bytes = [0x15, 0x05, 0x4c, 0x11, 0x18, 0x02, 7, 7, 0x00, 0x19, 0x25, 0x02, 0x01, 0x00];
        let whole = |path: &[i16], value| (path.to_vec(), Token::Whole(value));
        let expected = vec![
            (vec![], Token::Begin),
            whole(&[1], -3),
            (vec![5], Token::Begin),
            whole(&[5, 1], 1),
            whole(&[6, ELEMENT], 1),
            whole(&[6, ELEMENT], -1),
        ];
        assert_eq!(tokens(&bytes), Some(expected));
        for length in 0..bytes.len() {
            assert_eq!(tokens(&bytes[..length]), None, "{length}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        assert_eq!(tokens(&[0x1c; 1000]), None);
        assert_eq!(tokens(&[0x19; 1000]), None);
        // A list of 2^63 numbers in no bytes.
        let list = [0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert_eq!(tokens(&list), None);
        assert_eq!(Cursor::new(&[0xff; 11]).varint(), None);
        assert_eq!(Cursor::new(&[0xff; 9]).varint(), None);
    }
}
