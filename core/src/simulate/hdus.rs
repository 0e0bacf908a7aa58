//! The HDUs of a raw file in the camera's layout, made one after the other.
//!
//! An amplifier is made when its first HDU is reached; what belongs to a later HDU (a narrow
//! overscan, as a rule) is kept until then. So never more than a few planes are in memory.

use std::collections::BTreeMap;

use ndarray::{Array2, s};

use crate::error::{Error, Result};
use crate::geometry::Section;
use crate::header::Header;
use crate::ids::AmpId;
use crate::instrument::{Amplifier, Instrument, Region};

use super::exposure::{SimulatedAmp, amplifier};
use super::headers::{amplifier_header, primary_header};
use super::night::SimulatedExposure;
use super::params::{NightParams, check_size};
use super::site::Site;

/// One HDU of a raw file.
#[derive(Debug, Clone, PartialEq)]
pub struct RawHdu {
    /// Its index, 0 for the primary.
    pub index: usize,
    /// Its cards.
    pub header: Header,
    /// Its pixels (DN); none for a header alone.
    pub data: Option<Array2<f32>>,
    /// The amplifiers that were made for it, without their arrays, in the camera's order: level and
    /// truth.
    pub made: Vec<(AmpId, SimulatedAmp)>,
}

/// The HDUs of one exposure; see [`raw_hdus`].
#[derive(Debug)]
pub struct RawHdus<'a> {
    camera: &'a Instrument,
    params: &'a NightParams,
    exposure: &'a SimulatedExposure,
    next: usize,
    last: usize,
    kept: BTreeMap<(AmpId, bool), Array2<f32>>,
}

/// The HDUs of one exposure, in order.
pub fn raw_hdus<'a>(
    camera: &'a Instrument,
    params: &'a NightParams,
    exposure: &'a SimulatedExposure,
) -> RawHdus<'a> {
    let hdus = camera.amplifiers.iter().flat_map(regions).map(|(region, _)| region.nominal_hdu());
    let last = hdus.max();
    let (next, last, kept) = (0, last.unwrap_or(0), BTreeMap::new());
    RawHdus { camera, params, exposure, next, last, kept }
}

/// The regions of an amplifier and whether they are overscan.
fn regions(amp: &Amplifier) -> impl Iterator<Item = (&Region, bool)> {
    std::iter::once((&amp.imaging, false)).chain(amp.overscan.as_ref().map(|region| (region, true)))
}

impl Iterator for RawHdus<'_> {
    type Item = Result<RawHdu>;

    fn next(&mut self) -> Option<Result<RawHdu>> {
        let index = self.next;
        (index <= self.last).then(|| {
            self.next += 1;
            self.hdu(index)
        })
    }
}

impl RawHdus<'_> {
    fn hdu(&mut self, index: usize) -> Result<RawHdu> {
        let here = |amp: &&Amplifier| regions(amp).any(|(region, _)| region.nominal_hdu() == index);
        let amps: Vec<&Amplifier> = self.camera.amplifiers.iter().filter(here).collect();
        let mut header = Header::new();
        if index == 0 {
            header = primary_header(self.camera, self.params, self.exposure)?;
            header.set("NEXTEND", self.last as i64, "number of extensions");
        }
        let (mut made, mut parts) = (Vec::new(), Vec::new());
        for amp in &amps {
            let arrays = self.make(amp, index, &mut made)?;
            parts.extend(arrays);
        }
        if let Some(amp) = amps.first() {
            let site = Site::new(self.camera, self.params, self.exposure.detector, amp.id)?;
            let constants = super::detector::amp_params(&site)?;
            header.merge(&amplifier_header(&site, &constants, &index.to_string()));
        }
        let data = if parts.is_empty() { None } else { Some(assemble(parts)?) };
        Ok(RawHdu { index, header, data, made })
    }

    /// The arrays of `amp` that belong to this HDU, with their sections.
    fn make(
        &mut self,
        amp: &Amplifier,
        index: usize,
        made: &mut Vec<(AmpId, SimulatedAmp)>,
    ) -> Result<Vec<(Option<Section>, Array2<f32>)>> {
        let kept = [(amp.id, false), (amp.id, true)].iter().any(|key| self.kept.contains_key(key));
        if !kept {
            let mut new = amplifier(self.camera, self.params, self.exposure, amp.id)?;
            let imaging = std::mem::replace(&mut new.imaging, Array2::zeros((0, 0)));
            self.kept.insert((amp.id, false), imaging);
            if let Some(overscan) = new.overscan.take() {
                self.kept.insert((amp.id, true), overscan);
            }
            made.push((amp.id, new));
        }
        Ok(regions(amp)
            .filter(|(region, _)| region.nominal_hdu() == index)
            .filter_map(|(region, overscan)| {
                let array = self.kept.remove(&(amp.id, overscan))?;
                Some((region.section, array))
            })
            .collect())
    }
}

/// One array from its parts; pixels that belong to none (prescan) take the first value of their
/// row's last part.
fn assemble(mut parts: Vec<(Option<Section>, Array2<f32>)>) -> Result<Array2<f32>> {
    if let [(None, _)] = parts.as_slice() {
        return parts.pop().map(|(_, array)| array).ok_or_else(|| overlap("no part"));
    }
    let place = |(section, array): (Option<Section>, Array2<f32>)| {
        let section = section.unwrap_or_else(|| Section::at((0, 0), array.dim()));
        (section.shape() == array.dim()).then_some((section, array))
    };
    let parts: Option<Vec<_>> = parts.into_iter().map(place).collect();
    let parts = parts.ok_or_else(|| overlap("a section of another shape"))?;
    let rows = parts.iter().map(|(section, _)| section.row_end).max().unwrap_or(0);
    let columns = parts.iter().map(|(section, _)| section.column_end).max().unwrap_or(0);
    check_size(rows, columns)?;
    let mut out = Array2::zeros((rows, columns));
    for (section, array) in &parts {
        let (from, to) = (section.row_start, section.row_end);
        let mut rows = out.slice_mut(s![from..to, ..]);
        for (mut row, values) in rows.rows_mut().into_iter().zip(array.rows()) {
            row.fill(values.first().copied().unwrap_or(0.0));
        }
    }
    for (section, array) in &parts {
        let rows = section.row_start..section.row_end;
        let columns = section.column_start..section.column_end;
        out.slice_mut(s![rows, columns]).assign(array);
    }
    Ok(out)
}

fn overlap(found: &str) -> Error {
    Error::input("simulate", "sections of an HDU", found, "one section of its own for each part")
}
