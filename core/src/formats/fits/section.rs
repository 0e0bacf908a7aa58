//! Sections as headers write them: `[x1:x2,y1:y2]`, columns before rows.
//!
//! The convention of IRAF and of NOAO's and LSST's mosaic keywords (BIASSEC, TRIMSEC, DATASEC, DETSEC,
//! …; Valdes 1998, "Guidelines for NOAO Mosaic data", and the FITS registry's IRAF keywords): pixels
//! are counted from one, both ends belong to the section, and an axis whose first number is the
//! larger one runs backwards. `*` and `:` stand for a whole axis, a missing second axis too. A step
//! (`[1:100:2,…]`) is not read.

use crate::geometry::{Flip, Section};

/// Largest number of a section; no detector is as wide.
const LARGEST: usize = 100_000_000;

/// A section as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FitsSection {
    columns: Axis,
    rows: Axis,
}

/// One axis of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Whole,
    /// First and last pixel in the order written, counted from one.
    Part(usize, usize),
}

impl FitsSection {
    /// Reads the text of a header; `None` if it is no section.
    pub fn parse(text: &str) -> Option<FitsSection> {
        let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
        let mut axes = inner.split(',');
        let columns = Axis::parse(axes.next()?)?;
        let rows = axes.next().map_or(Some(Axis::Whole), Axis::parse)?;
        axes.next().is_none().then_some(FitsSection { columns, rows })
    }

    /// The pixels of the section in an array of `shape` (rows, columns), and whether they run
    /// backwards; `None` if they are not all there.
    pub fn within(self, shape: (usize, usize)) -> Option<(Section, Flip)> {
        let (row_start, row_end, rows) = self.rows.range(Some(shape.0))?;
        let (column_start, column_end, columns) = self.columns.range(Some(shape.1))?;
        let section = Section { row_start, row_end, column_start, column_end };
        section.fits(shape).then_some((section, Flip { rows, columns }))
    }

    /// The same where no array is at hand; `None` if an axis is a whole one.
    pub fn place(self) -> Option<(Section, Flip)> {
        let (row_start, row_end, rows) = self.rows.range(None)?;
        let (column_start, column_end, columns) = self.columns.range(None)?;
        let section = Section { row_start, row_end, column_start, column_end };
        Some((section, Flip { rows, columns }))
    }
}

impl Axis {
    fn parse(text: &str) -> Option<Axis> {
        let text = text.trim();
        if text == "*" || text == ":" {
            return Some(Axis::Whole);
        }
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        let pixel = |text: &str| -> Option<usize> {
            let pixel = text.trim().parse().ok()?;
            (1..=LARGEST).contains(&pixel).then_some(pixel)
        };
        Some(Axis::Part(pixel(first)?, pixel(last)?))
    }

    /// Zero-based start, end, and whether it runs backwards.
    fn range(self, length: Option<usize>) -> Option<(usize, usize, bool)> {
        match self {
            Axis::Whole => length.map(|length| (0, length, false)),
            Axis::Part(first, last) => {
                Some((first.min(last).checked_sub(1)?, first.max(last), last < first))
            }
        }
    }
}

/// The text of a section.
pub fn section_text(section: Section) -> String {
    let Section { row_start, row_end, column_start, column_end } = section;
    format!("[{}:{column_end},{}:{row_end}]", column_start + 1, row_start + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Section, Flip)> {
        FitsSection::parse(text)?.place()
    }

    #[test]
    fn a_section_survives_the_way_through_a_header() {
        let section = Section::at((3080, 0), (3080, 3072));
        assert_eq!(section_text(section), "[1:3072,3081:6160]");
        assert_eq!(read("[1:3072,3081:6160]"), Some((section, Flip::NONE)));
    }

    /// Texts of public raw files: SAAO 1.0 m (2013), LSST camera (2019, 2024), AspenCG16 (2018).
    #[test]
    fn sections_are_read_as_public_files_write_them() {
        let saao = FitsSection::parse("[  17: 528,   1: 520]").unwrap();
        assert_eq!(saao.within((520, 536)), Some((Section::at((0, 16), (520, 512)), Flip::NONE)));
        assert_eq!(saao.within((520, 527)), None);
        let lsst = (Section::at((2002, 512), (2002, 512)), Flip { rows: true, columns: true });
        assert_eq!(read("[1024:513,4004:2003]"), Some(lsst));
        let columns = (Section::at((0, 508), (2000, 509)), Flip { rows: false, columns: true });
        assert_eq!(read("[1017:509,1:2000]"), Some(columns));
        let aspen = FitsSection::parse("[1:4096, :]").unwrap();
        assert_eq!(aspen.within((4109, 4109)).unwrap().0, Section::at((0, 0), (4109, 4096)));
        assert_eq!(aspen.place(), None);
        let bias = FitsSection::parse("[4096:4109]").unwrap();
        assert_eq!(bias.within((4109, 4109)).unwrap().0, Section::at((0, 4095), (4109, 14)));
        assert_eq!(read("[7,1:9]"), Some((Section::at((0, 6), (9, 1)), Flip::NONE)));
    }

    #[test]
    fn what_is_no_section_is_none() {
        for text in [
            "",
            "[]",
            "[1:2",
            "1:2,1:2",
            "[0:3,1:2]",
            "[1:3,1:2,1:1]",
            "[1:9:2,1:2]",
            "[-1:3,1:2]",
            "[a:b,1:2]",
            "[1:2,]",
            "[1:99999999999999999999,1:2]",
            "[1:100000001,1:2]",
        ] {
            assert_eq!(FitsSection::parse(text), None, "{text}");
        }
    }
}
