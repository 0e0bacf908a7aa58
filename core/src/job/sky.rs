//! Sky: which pixels of a catalogue that is cut up by HEALPix pixel each image needs, so that a host
//! can offer those files alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Context;
use super::headers::{OpenTable, cards_of, is_table};
use crate::error::{Error, Result};
use crate::formats::fits::{Content, FitsFile};
use crate::header::Header;
use crate::ids::AmpId;
use crate::measure::catalogue::pixels::pixels;
use crate::numerics::sky::Wcs;
use crate::raw::RawFile;
use crate::store::{Key, Source};

/// An image whose place on the sky is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkyRequest {
    /// A science image, the FITS file of its header, or a table of headers.
    pub file: Key,
    /// Which amplifier, for a table.
    #[serde(default)]
    pub amp: Option<AmpId>,
    /// The raw exposure, for a table.
    #[serde(default)]
    pub raw: Option<Key>,
}

/// The product: one entry per request, in the order asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sky {
    /// Version of this format: 1.
    pub version: u32,
    /// The images.
    pub fields: Vec<SkyField>,
}

/// The pixels of one image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SkyField {
    /// What was asked.
    pub request: SkyRequest,
    /// HEALPix pixels (nside 64, nested), ascending; none where there is no WCS.
    pub pixels: Vec<u64>,
    /// Why they cannot be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// Beginnings of the keywords that place an image on the sky.
const WCS_KEYWORDS: [&str; 17] = [
    "CTYPE", "CUNIT", "CRVAL", "CRPIX", "CDELT", "CROTA", "CD", "PC", "PV", "A_", "B_", "AP_",
    "BP_", "LONPOLE", "LATPOLE", "RADE", "EQUINOX",
];

/// An image's header, its rows and columns, or why there is none.
pub(super) type Placed = Result<(Header, (usize, usize))>;

/// Answers every request; one that cannot be answered is listed with its error.
pub(super) fn sky(context: &mut Context<'_>, images: &[SkyRequest], output: &Key) -> Result<()> {
    let mut placed: BTreeMap<usize, Placed> = BTreeMap::new();
    let mut in_tables: BTreeMap<&Key, Vec<usize>> = BTreeMap::new();
    for (index, request) in images.iter().enumerate() {
        if is_table(&request.file) {
            in_tables.entry(&request.file).or_default().push(index);
        } else {
            placed.insert(index, of_file(context, &request.file));
        }
    }
    for (key, indices) in in_tables {
        let asked = indices.iter().filter_map(|&index| Some((index, images.get(index)?)));
        match of_table(context, key, &asked.collect::<Vec<_>>()) {
            Ok(found) => placed.extend(found),
            Err(error) => placed.extend(indices.into_iter().map(|at| (at, Err(error.clone())))),
        }
    }
    let fields = images.iter().enumerate();
    let fields = fields.map(|(index, request)| field(request, placed.remove(&index))).collect();
    context.write_json(output, &Sky { version: 1, fields })
}

fn field(request: &SkyRequest, placed: Option<Placed>) -> SkyField {
    let found = placed.unwrap_or_else(|| Ok((Header::new(), (1, 1))));
    let found = found.and_then(|(header, shape)| Ok((Wcs::from_header(&header)?, shape)));
    let (pixels, error) = match found {
        Ok((Some(wcs), shape)) => (pixels(&wcs, shape), None),
        Ok((None, _)) => (Vec::new(), None),
        Err(error) => (Vec::new(), Some(error)),
    };
    SkyField { request: request.clone(), pixels, error }
}

/// From a FITS file; rows and columns are the camera's where it holds no image.
pub(super) fn of_file(context: &mut Context<'_>, key: &Key) -> Placed {
    let file = FitsFile::open(&mut Source::open(context.store, key)?)?;
    let shape = file.hdus().iter().find_map(|hdu| match &hdu.content {
        Content::Image(info) => match info.shape[..] {
            [rows, columns] => Some((rows, columns)),
            _ => None,
        },
        _ => None,
    });
    Ok((cards_of(&file), shape.unwrap_or(context.camera.amp_shape)))
}

/// From a table of headers, which is read once for all that is asked of it.
fn of_table(
    context: &mut Context<'_>,
    key: &Key,
    asked: &[(usize, &SkyRequest)],
) -> Result<BTreeMap<usize, Placed>> {
    let table = OpenTable::open(context.store, &context.camera, key)?;
    let (mut placed, mut rows) = (BTreeMap::new(), BTreeMap::new());
    for &(index, request) in asked {
        match row(context, &table, request) {
            Ok(Some(row)) => drop(rows.insert(index, row)),
            Ok(None) => {}
            Err(error) => drop(placed.insert(index, Err(error))),
        }
    }
    let is_wcs = |name: &str| WCS_KEYWORDS.iter().any(|start| name.starts_with(start));
    let headers = table.headers(rows.values().copied().collect(), is_wcs)?;
    for (index, row) in rows {
        let header = headers.get(&row).cloned().unwrap_or_default();
        placed.insert(index, Ok((header, context.camera.amp_shape)));
    }
    Ok(placed)
}

fn row(
    context: &mut Context<'_>,
    table: &OpenTable,
    request: &SkyRequest,
) -> Result<Option<usize>> {
    let (Some(raw), Some(amp)) = (&request.raw, request.amp) else {
        let needed = "its raw exposure and amplifier";
        return Err(Error::input("sky", "row of a table", "no more than the table", needed));
    };
    let raw = RawFile::open(context.store, raw, &context.camera)?;
    table.row(&context.camera, &raw, amp)
}
