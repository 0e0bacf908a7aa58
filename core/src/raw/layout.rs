//! Where the pixels of one amplifier are in one file, by the camera and by the file's own headers.

use crate::error::{Error, Result};
use crate::formats::fits::{Content, FitsFile, FitsSection};
use crate::geometry::{Flip, Section};
use crate::header::Header;
use crate::instrument::{Amplifier, Region, Unusable};
use crate::warning::Warning;

/// Keywords of sections of a raw array, which mean nothing in a trimmed one.
const RAW_SECTIONS: [&str; 3] = ["BIASSEC", "TRIMSEC", "DATASEC"];

/// A part of one HDU in stored order; all of it without a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) hdu: usize,
    pub(super) section: Option<Section>,
}

/// Where the pixels of one amplifier are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub(super) imaging: Part,
    pub(super) overscan: Option<Part>,
    /// Place of the imaging pixels on the detector, if the header gives it.
    pub(super) on_detector: Option<Section>,
    /// From the stored order of the file to sky order.
    pub(super) sky_from_stored: Flip,
    /// Sections of the header that the array does not have.
    pub(super) warnings: Vec<Warning>,
}

/// The HDU of a region: the one that the camera names, or the first with a plane.
pub(super) fn hdu_of(file: &FitsFile, region: &Region) -> Option<usize> {
    let plane =
        |content: &Content| matches!(content, Content::Image(info) if info.shape.len() == 2);
    let first = || file.hdus().iter().find(|hdu| plane(&hdu.content)).map(|hdu| hdu.index);
    region.hdu.or_else(first)
}

/// The cards of the primary HDU, with those of another one over them.
pub(super) fn cards(file: &FitsFile, hdu: usize) -> Header {
    let mut header = file.hdus().first().map(|hdu| hdu.header.clone()).unwrap_or_default();
    if let Some(hdu) = file.hdus().get(hdu).filter(|_| hdu != 0) {
        header.merge(&hdu.header);
    }
    header
}

/// Rows and columns of an image.
pub(super) fn shape(file: &FitsFile, hdu: usize) -> Result<(usize, usize)> {
    let content = file.hdus().get(hdu).map(|hdu| &hdu.content);
    if let Some(Content::Image(info)) = content
        && let [rows, columns] = *info.shape.as_slice()
    {
        return Ok((rows, columns));
    }
    let found = content.map_or("no such HDU".to_owned(), ToString::to_string);
    let reason = format!("{found}; the camera needs an image there");
    Err(Error::format(file.key(), format!("HDU {hdu}"), reason))
}

/// Where the pixels of `amplifier` are in `file`.
pub(super) fn locate(file: &FitsFile, amplifier: &Amplifier) -> Result<Layout> {
    let none = || Error::format(file.key(), "file", "no image; the camera needs one");
    let hdu = hdu_of(file, &amplifier.imaging).ok_or_else(none)?;
    let mut search = Search { file, amplifier, warnings: Vec::new() };
    let told = search.told(&amplifier.imaging, hdu)?;
    let mut mirrored = told.map_or(Flip::NONE, |(_, flip)| flip);
    let mut imaging = told.map(|(section, _)| section).or(amplifier.imaging.section);
    let overscan = search.overscan((hdu, &mut imaging))?;
    if imaging != told.map(|(section, _)| section) {
        mirrored = Flip::NONE;
    }
    let place = search.place(hdu, imaging)?;
    let sky = place.map_or(amplifier.sky_from_stored, |(_, flip)| flip);
    Ok(Layout {
        imaging: Part { hdu, section: imaging },
        overscan,
        on_detector: place.map(|(section, _)| section),
        sky_from_stored: sky.then(mirrored),
        warnings: search.warnings,
    })
}

/// The cards of a raw array as those of its part `imaging`: the reference pixels move with it.
pub(super) fn trim_cards(header: &mut Header, imaging: Section, regions: &[&Region]) {
    let offsets = [("1", imaging.column_start), ("2", imaging.row_start)];
    let letters = std::iter::once(String::new()).chain(('A'..='Z').map(String::from));
    let references = letters
        .flat_map(|letter| offsets.map(|(axis, offset)| (format!("CRPIX{axis}{letter}"), offset)));
    let physical = offsets.map(|(axis, offset)| (format!("LTV{axis}"), offset));
    for (key, offset) in references.chain(physical).filter(|(_, offset)| 0 < *offset) {
        let old = header.card(&key).map(|card| card.comment.clone());
        if let (Some(value), Some(comment)) = (header.real(&key), old) {
            header.set(&key, value - offset as f64, &comment);
        }
    }
    let keywords = regions.iter().flat_map(|region| region.section_keys.iter());
    for key in RAW_SECTIONS.into_iter().chain(keywords) {
        header.remove(key);
    }
}

/// The search for sections in the headers of one file.
struct Search<'a> {
    file: &'a FitsFile,
    amplifier: &'a Amplifier,
    warnings: Vec<Warning>,
}

impl Search<'_> {
    fn shape(&self, hdu: usize) -> Result<(usize, usize)> {
        shape(self.file, hdu)
    }

    /// The section that the header names for a region.
    fn told(&mut self, region: &Region, hdu: usize) -> Result<Option<(Section, Flip)>> {
        if region.section_keys.is_empty() {
            return Ok(None);
        }
        let shape = self.shape(hdu)?;
        let header = cards(self.file, hdu);
        for key in region.section_keys.iter() {
            let Some(text) = header.text(key).filter(|text| !text.trim().is_empty()) else {
                continue;
            };
            let within = FitsSection::parse(text).and_then(|section| section.within(shape));
            if within.is_some() {
                return Ok(within);
            }
            let needed = format!("a section [x1:x2,y1:y2] in {} x {} pixels", shape.1, shape.0);
            self.unusable(region, (hdu, key), (text, &needed))?;
        }
        Ok(None)
    }

    /// An error or a warning, as the region says.
    fn unusable(
        &mut self,
        region: &Region,
        (hdu, key): (usize, &str),
        (found, needed): (&str, &str),
    ) -> Result<()> {
        match region.unusable {
            Unusable::Refuse => {
                let place = format!("HDU {hdu}, {key}");
                let reason = format!("{found}, but needed {needed}");
                Err(Error::format(self.file.key(), place, reason))
            }
            Unusable::Ignore => {
                let text = format!(
                    "{}: HDU {hdu}, {key} is {found}; needed {needed}; left out",
                    self.file.key()
                );
                self.warnings.push(Warning::new("raw", "unusable-section", 1, text));
                Ok(())
            }
        }
    }

    /// The overscan; imaging pixels give way to an overscan that the header names beside them.
    fn overscan(
        &mut self,
        (imaging_hdu, imaging): (usize, &mut Option<Section>),
    ) -> Result<Option<Part>> {
        let Some(region) = &self.amplifier.overscan else { return Ok(None) };
        let hdu = region.hdu.unwrap_or(imaging_hdu);
        if let Some((section, _)) = self.told(region, hdu)? {
            if hdu != imaging_hdu {
                return Ok(Some(Part { hdu, section: Some(section) }));
            }
            let section = self.beside(region, hdu, (section, imaging))?;
            return Ok(section.map(|section| Part { hdu, section: Some(section) }));
        }
        if region.rest {
            let section = self.rest(hdu, *imaging)?;
            return Ok(section.map(|section| Part { hdu, section: Some(section) }));
        }
        let whole_or_none = region.section.is_some() || region.section_keys.is_empty();
        Ok(whole_or_none.then_some(Part { hdu, section: region.section }))
    }

    /// Columns that are read after the imaging pixels.
    fn rest(&self, hdu: usize, imaging: Option<Section>) -> Result<Option<Section>> {
        let shape = self.shape(hdu)?;
        let Some(imaging) = imaging else { return Ok(None) };
        let rest = if self.amplifier.readout_from_stored.columns {
            Section { column_start: 0, column_end: imaging.column_start, ..imaging }
        } else {
            Section { column_start: imaging.column_end, column_end: shape.1, ..imaging }
        };
        Ok(Some(rest).filter(|rest| rest.fits(shape)))
    }

    /// An overscan in the array of its imaging pixels: for the same rows, in other columns.
    fn beside(
        &mut self,
        region: &Region,
        hdu: usize,
        (overscan, imaging): (Section, &mut Option<Section>),
    ) -> Result<Option<Section>> {
        let shape = self.shape(hdu)?;
        let overlaps = |light: &Section| {
            light.column_start < overscan.column_end
                && overscan.column_start < light.column_end
                && light.row_start < overscan.row_end
                && overscan.row_start < light.row_end
        };
        if let Some(light) = imaging.filter(overlaps) {
            let found = format!("{light:?}, which holds overscan ({overscan:?})");
            let keys = self.amplifier.imaging.section_keys.0.join(" or ");
            let needed = "pixels of its own";
            self.unusable(&self.amplifier.imaging, (hdu, &keys), (&found, needed))?;
            *imaging = None;
        }
        let light = *imaging.get_or_insert_with(|| remainder(overscan, shape));
        let apart =
            light.column_end <= overscan.column_start || overscan.column_end <= light.column_start;
        let rows = Section { row_start: light.row_start, row_end: light.row_end, ..overscan };
        if apart && overscan.row_start <= rows.row_start && rows.row_end <= overscan.row_end {
            return Ok(Some(rows));
        }
        let needed = format!("columns beside every row of the imaging section, {light:?}");
        let keys = region.section_keys.0.join(" or ");
        self.unusable(region, (hdu, &keys), (&format!("{overscan:?}"), &needed))?;
        Ok(None)
    }

    /// The place on the detector that the header names for the imaging pixels.
    fn place(&self, hdu: usize, imaging: Option<Section>) -> Result<Option<(Section, Flip)>> {
        let keys = &self.amplifier.place_keys;
        let header = if keys.is_empty() { Header::new() } else { cards(self.file, hdu) };
        let Some(text) = keys.text(&header) else { return Ok(None) };
        let shape = match imaging {
            Some(section) => section.shape(),
            None => self.shape(hdu)?,
        };
        let place = FitsSection::parse(&text).and_then(FitsSection::place);
        let place = place.filter(|(section, _)| section.shape() == shape);
        let place = place.ok_or_else(|| {
            let names = keys.iter().collect::<Vec<_>>().join(" or ");
            let needed = format!("a section of {} x {} pixels", shape.1, shape.0);
            Error::format(
                self.file.key(),
                format!("HDU {hdu}, {names}"),
                format!("{text}, but needed {needed}"),
            )
        })?;
        Ok(Some(place))
    }
}

/// What an overscan leaves of an array: the columns on its wider side, or the rows on its taller one
/// if it takes all columns.
fn remainder(overscan: Section, shape: (usize, usize)) -> Section {
    let wider = |start: usize, end: usize, length: usize| {
        if length.saturating_sub(end) <= start { (0, start) } else { (end, length) }
    };
    let whole = Section::at((0, 0), shape);
    if overscan.shape().1 == shape.1 {
        let (row_start, row_end) = wider(overscan.row_start, overscan.row_end, shape.0);
        return Section { row_start, row_end, ..whole };
    }
    let (column_start, column_end) = wider(overscan.column_start, overscan.column_end, shape.1);
    Section { column_start, column_end, ..whole }
}
