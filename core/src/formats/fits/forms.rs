//! The column types of tile tables (TFORM, FITS 4.0, sec. 7.3.1).

/// The column types that occur in tile tables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// Pointer into the heap: bytes of an element, 64-bit or not.
    Pointer {
        element: u64,
        wide: bool,
    },
    Double,
    Long,
    /// Anything else, by its width.
    Other(usize),
}

impl Form {
    /// Bytes in a table row.
    pub(super) fn width(self) -> usize {
        match self {
            Form::Pointer { wide: true, .. } => 16,
            Form::Pointer { .. } | Form::Double => 8,
            Form::Long => 4,
            Form::Other(width) => width,
        }
    }

    /// TFORM such as `1PB(123)`, `1D`, `J`.
    pub(super) fn parse(text: &str) -> Option<Form> {
        let text = text.split('(').next()?.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (repeat, code) = text.split_at(digits);
        let repeat = if repeat.is_empty() { 1 } else { repeat.parse::<usize>().ok()? };
        let element = |code: &str| match code {
            "B" => Some(1),
            "I" => Some(2),
            "J" | "E" => Some(4),
            "K" | "D" => Some(8),
            _ => None,
        };
        match (repeat, code) {
            (1, "D") => return Some(Form::Double),
            (1, "J") => return Some(Form::Long),
            _ => {}
        }
        match code.strip_prefix(['P', 'Q']) {
            Some(kind) if repeat == 1 => {
                Some(Form::Pointer { element: element(kind)?, wide: code.starts_with('Q') })
            }
            Some(_) => None,
            None => {
                let size = if matches!(code, "L" | "A") { 1 } else { element(code)? as usize };
                (repeat <= 1 << 20).then_some(Form::Other(repeat * size))
            }
        }
    }
}
