//! Where an amplifier's pixels are: in the file, in the readout array, on the detector.
//!
//! The readout array is `[imaging | overscan]` with the first read pixel at `[0, 0]`, whatever the
//! order and the HDUs of the file. All amplifiers of a detector have imaging arrays of one shape, so
//! that a place in the grid of amplifiers is a place in pixels.

use super::{Amplifier, Electronics, Instrument};
use crate::error::{Error, Result};
use crate::geometry::{AmpGeometry, Section};
use crate::ids::AmpId;

/// Largest number of rows or columns of any array.
pub(super) const MAX_SIDE: usize = 100_000;

impl Instrument {
    /// Where the pixels of `amp` are, given the shapes of its imaging and overscan arrays (their
    /// sections in the file, stored order).
    ///
    /// # Errors
    /// [`Error::Input`] if a shape is not the camera's (or, where sizes follow the file, no possible
    /// one), or the overscan is missing or not expected.
    pub fn geometry(
        &self,
        amp: &Amplifier,
        imaging: (usize, usize),
        overscan: Option<(usize, usize)>,
    ) -> Result<AmpGeometry> {
        let nominal = (amp.overscan_columns > 0).then_some((imaging.0, amp.overscan_columns));
        let refuse = |what: &str, found: String, needed: String| {
            let what = format!("{what} of amplifier {}", amp.id);
            Err(Error::input("camera", &what, found, needed))
        };
        if !self.sizes_from_file && imaging != self.amp_shape {
            let (found, needed) = (format!("{imaging:?}"), format!("{:?}", self.amp_shape));
            return refuse("imaging shape (rows, columns)", found, needed);
        }
        if !possible(imaging) {
            let needed = format!("1 to {MAX_SIDE} rows and columns");
            return refuse("imaging shape (rows, columns)", format!("{imaging:?}"), needed);
        }
        let told = amp.overscan.as_ref().is_some_and(|region| !region.section_keys.is_empty());
        let fits = match overscan {
            Some(shape) if self.sizes_from_file => {
                (nominal.is_some() || told) && possible(shape) && shape.0 == imaging.0
            }
            shape => shape == nominal,
        };
        if !fits {
            let (found, needed) = (format!("{overscan:?}"), format!("{nominal:?}"));
            return refuse("overscan shape (rows, columns)", found, needed);
        }
        Ok(place(amp, imaging, overscan))
    }

    /// Rows and columns of a detector whose amplifiers have imaging arrays of shape `imaging`.
    pub fn detector_shape(&self, imaging: (usize, usize)) -> (usize, usize) {
        let rows = self.amplifiers.iter().map(|amp| amp.row + 1).max().unwrap_or(0);
        let columns = self.amplifiers.iter().map(|amp| amp.column + 1).max().unwrap_or(0);
        (rows * imaging.0, columns * imaging.1)
    }

    /// The nominal shape (rows, columns) of an image HDU of a raw file; `None` if no amplifier has
    /// pixels there. Columns that belong to no section (prescan) count.
    pub fn hdu_shape(&self, hdu: usize) -> Option<(usize, usize)> {
        let sections = self.amplifiers.iter().flat_map(|amp| self.nominal_sections(amp));
        sections
            .filter(|(known, _)| *known == hdu)
            .map(|(_, section)| (section.row_end, section.column_end))
            .reduce(|a, b| (a.0.max(b.0), a.1.max(b.1)))
    }

    /// HDU and section (stored order) of the imaging and then the overscan pixels of `amp`, with
    /// nominal shapes.
    pub fn nominal_sections(&self, amp: &Amplifier) -> Vec<(usize, Section)> {
        let strip = (self.amp_shape.0, amp.overscan_columns);
        let overscan = amp.overscan.as_ref().map(|region| (region, strip));
        std::iter::once((&amp.imaging, self.amp_shape))
            .chain(overscan.filter(|_| amp.overscan_columns > 0))
            .map(|(region, shape)| {
                let section = region.section.unwrap_or_else(|| Section::at((0, 0), shape));
                (region.nominal_hdu(), section)
            })
            .collect()
    }

    /// Gain, read noise and full range of an amplifier whose header does not give them.
    pub fn electronics_of(&self, amp: AmpId) -> Electronics {
        let mut out = self.electronics.clone();
        if let Some(own) = self.amplifier(amp) {
            out.gain_electron_per_dn = own.gain_electron_per_dn.unwrap_or(out.gain_electron_per_dn);
            out.read_noise_electron = own.read_noise_electron.unwrap_or(out.read_noise_electron);
            out.saturation_dn = own.saturation_dn.unwrap_or(out.saturation_dn);
        }
        out
    }
}

fn possible(shape: (usize, usize)) -> bool {
    [shape.0, shape.1].iter().all(|side| (1..=MAX_SIDE).contains(side))
}

fn place(
    amp: &Amplifier,
    imaging: (usize, usize),
    overscan: Option<(usize, usize)>,
) -> AmpGeometry {
    AmpGeometry {
        imaging: Section::at((0, 0), imaging),
        overscan: overscan.map(|shape| Section::at((0, imaging.1), shape)),
        readout_from_stored: amp.readout_from_stored,
        sky_from_stored: amp.sky_from_stored,
        on_detector: Section::at((amp.row * imaging.0, amp.column * imaging.1), imaging),
    }
}
