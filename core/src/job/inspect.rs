//! Inspect: what is in a FITS file, HDU by HDU, as JSON.

use serde::Serialize;

use super::Context;
use crate::error::{Error, Result};
use crate::formats::fits::{Content, FitsFile, ImageInfo};
use crate::header::Header;
use crate::raw::RawFile;
use crate::store::{Key, Source};

/// The product.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Inspection {
    /// Version of this format: 1.
    version: u32,
    file: Key,
    hdus: Vec<HduReport>,
    /// What the camera makes of the file: a visit, or why it is none.
    exposure: Exposure,
}

/// One HDU.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct HduReport {
    index: usize,
    name: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<ImageReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
    header: Header,
}

/// One image and its pixels.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct ImageReport {
    /// Rows and columns (slowest axis first).
    shape: Vec<usize>,
    bitpix: i64,
    compression: Option<String>,
    /// BUNIT, if the header has it.
    unit: Option<String>,
    /// Least value, in the `unit` above (DN where the header has none).
    min: Option<f64>,
    /// Greatest value, in the `unit` above (DN where the header has none).
    max: Option<f64>,
    /// Mean of the values, in the `unit` above (DN where the header has none).
    mean: Option<f64>,
    /// Values that are not a number.
    nan: u64,
}

/// What the camera says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Exposure {
    Of(crate::instrument::VisitInfo),
    NotOf { camera: String, reason: String },
}

/// Describes `file`; an HDU whose pixels cannot be read is listed with its error.
pub(super) fn inspect(context: &mut Context<'_>, file: &Key, output: &Key) -> Result<()> {
    let mut source = Source::open(context.store, file)?;
    let fits = FitsFile::open(&mut source)?;
    let mut hdus = Vec::with_capacity(fits.hdus().len());
    for hdu in fits.hdus() {
        let mut report = HduReport {
            index: hdu.index,
            name: hdu.name.clone(),
            kind: kind(&hdu.content),
            image: None,
            error: None,
            header: hdu.header.clone(),
        };
        if let Content::Image(info) = &hdu.content {
            let mut image = empty_report(info, &hdu.header);
            if info.shape.len() == 2 {
                match fits.read_image(&mut source, hdu.index) {
                    Ok(pixels) => statistics(&mut image, pixels.values.iter().copied()),
                    Err(error) => report.error = Some(error),
                }
            }
            report.image = Some(image);
        }
        hdus.push(report);
    }
    let exposure = match RawFile::open(context.store, file, &context.camera) {
        Ok(raw) => Exposure::Of(raw.visit),
        Err(error) => {
            Exposure::NotOf { camera: context.camera.name.clone(), reason: error.to_string() }
        }
    };
    context.write_json(output, &Inspection { version: 1, file: file.clone(), hdus, exposure })
}

fn kind(content: &Content) -> String {
    match content {
        Content::Empty => "no data".to_owned(),
        Content::Image(_) => "image".to_owned(),
        Content::Table { rows, columns } => format!("table of {rows} rows, {columns} columns"),
        Content::Other(what) => what.clone(),
    }
}

fn empty_report(info: &ImageInfo, header: &Header) -> ImageReport {
    ImageReport {
        shape: info.shape.clone(),
        bitpix: info.bitpix,
        compression: info.compression.clone(),
        unit: header.text("BUNIT").map(str::to_owned),
        min: None,
        max: None,
        mean: None,
        nan: 0,
    }
}

/// Least, greatest and mean of the values that are not NaN.
fn statistics(report: &mut ImageReport, values: impl Iterator<Item = f32>) {
    let (mut count, mut sum) = (0_u64, 0.0);
    for value in values {
        let value = f64::from(value);
        if value.is_nan() {
            report.nan += 1;
            continue;
        }
        count += 1;
        sum += value;
        report.min = Some(report.min.map_or(value, |least: f64| least.min(value)));
        report.max = Some(report.max.map_or(value, |most: f64| most.max(value)));
    }
    report.mean = (0 < count).then(|| sum / count as f64);
}
