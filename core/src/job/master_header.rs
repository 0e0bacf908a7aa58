//! The cards of a master: what it is, of which exposures, and its level.

use super::Context;
use crate::error::{Error, Result};
use crate::header::Header;
use crate::master::Kind;
use crate::raw::RawFile;
use crate::store::Key;

pub(super) fn product_header(
    context: &Context<'_>,
    kind: Kind,
    raws: &[(Key, RawFile)],
) -> Result<Header> {
    let (_, first) = raws.first().ok_or_else(|| Error::input("stack", "exposures", 0, "one"))?;
    let visit = &first.visit;
    let mut header = Header::new();
    header.set("PRODUCT", kind.word(), "what this file is");
    header.set("DETECTOR", i64::from(visit.detector.0), "number of the detector");
    let of_band = matches!(kind, Kind::LampFlat | Kind::BandFlat);
    if let Some(band) = visit.band.as_ref().filter(|_| of_band) {
        header.set("BAND", band.0.as_str(), "band code");
    }
    if let (Kind::LampFlat, Some(lamp)) = (kind, visit.lamp) {
        header.set("LAMP", lamp, "flat-field lamp");
    }
    header.set("DAY", context.camera.day_of(visit.mjd).to_string(), "day of the first exposure");
    span_cards(&mut header, raws.iter().map(|(_, raw)| raw.visit.mjd.0));
    header.set("NFRAMES", raws.len() as i64, "exposures in the stack");
    context.provenance_cards(&mut header);
    Ok(header)
}

/// When the exposures of a master were taken (MJD), by which others find the nearest one.
pub(super) fn span_cards(header: &mut Header, times: impl Iterator<Item = f64>) {
    let no_time = (f64::INFINITY, f64::NEG_INFINITY);
    let (first, last) = times.fold(no_time, |(low, high), time| (low.min(time), high.max(time)));
    header.set("MJD-BEG", first, "d, UTC, start of the first exposure");
    header.set("MJD-END", last, "d, UTC, start of the last exposure");
}

pub(super) fn level_cards(header: &mut Header, level_dn: f64) {
    header.set("BUNIT", "", "relative response, median of the detector 1");
    header.set("FLTNORM", level_dn, "DN, level of the flat before normalization");
}
