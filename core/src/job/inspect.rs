//! Inspect: what is in a FITS file, HDU by HDU, or in a parquet file, column by column, as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Context, tables};
use crate::error::{Error, Result};
use crate::formats::fits::{Content, FitsFile, Hdu, ImageInfo};
use crate::header::{Header, Value};
use crate::raw::{AmpDescription, RawFile};
use crate::store::{Key, Source, Store};
use crate::table::{Column, Values};
use crate::warning::Warning;

/// Bytes that begin a parquet file.
const PARQUET: [u8; 4] = *b"PAR1";

/// The product.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Inspection {
    /// Version of this format: 1.
    version: u32,
    file: Key,
    /// Of a FITS file; empty for a table.
    hdus: Vec<HduReport>,
    /// What the camera makes of a FITS file: a visit, or why it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    exposure: Option<Exposure>,
    /// Where the camera sees the pixels of each amplifier of an exposure.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    amplifiers: Vec<AmpDescription>,
    /// Of a parquet file.
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<TableReport>,
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
    /// Axis lengths (slowest axis first): rows and columns of a plane.
    shape: Vec<usize>,
    bitpix: i64,
    compression: Option<String>,
    /// BUNIT, if the header has it.
    unit: Option<String>,
    /// Sections that the header names (DATASEC, BIASSEC, …), as they stand there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    sections: BTreeMap<String, String>,
    #[serde(flatten)]
    statistics: Statistics,
}

/// Physical values of an image.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
struct Statistics {
    /// Least finite value, in the image's `unit` (DN where the header has none).
    min: Option<f64>,
    /// Greatest finite value, in the image's `unit` (DN where the header has none).
    max: Option<f64>,
    /// Mean of the finite values, in the image's `unit` (DN where the header has none).
    mean: Option<f64>,
    /// Values that are not a number.
    nan: u64,
    /// Values that are infinite.
    #[serde(skip_serializing_if = "is_zero")]
    infinite: u64,
    #[serde(skip)]
    count: u64,
    /// Sum of the finite values, in the image's `unit`.
    #[serde(skip)]
    sum: f64,
}

/// What the camera says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Exposure {
    Of(crate::instrument::VisitInfo),
    NotOf { camera: String, reason: String },
}

/// One table.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct TableReport {
    rows: usize,
    columns: Vec<ColumnReport>,
    /// Columns that are not read, and values that changed when they were.
    warnings: Vec<Warning>,
    /// Keys of the table's metadata.
    metadata: Vec<String>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct ColumnReport {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    unit: String,
    /// Of a column of numbers.
    #[serde(flatten)]
    statistics: Option<Statistics>,
}

/// Describes `file`; an HDU whose pixels cannot be read is listed with its error.
pub(super) fn inspect(context: &mut Context<'_>, file: &Key, output: &Key) -> Result<()> {
    let inspection = if is_parquet(context.store, file)? {
        of_table(context.store, file)?
    } else {
        of_fits(context, file)?
    };
    context.write_json(output, &inspection)
}

fn is_parquet(store: &mut dyn Store, file: &Key) -> Result<bool> {
    let mut head = PARQUET.map(|_| 0);
    if store.length(file)? < head.len() as u64 {
        return Ok(false);
    }
    store.read_at(file, 0, &mut head)?;
    Ok(head == PARQUET)
}

fn of_fits(context: &mut Context<'_>, file: &Key) -> Result<Inspection> {
    let mut source = Source::open(context.store, file)?;
    let fits = FitsFile::open(&mut source)?;
    let hdus = fits.hdus().iter().map(|hdu| report(&fits, &mut source, hdu)).collect();
    let raw = RawFile::open(context.store, file, &context.camera);
    let described = raw.and_then(|raw| Ok((raw.describe(&context.camera)?, raw.visit)));
    let (amplifiers, exposure) = match described {
        Ok((amplifiers, visit)) => (amplifiers, Exposure::Of(visit)),
        Err(error) => {
            let (camera, reason) = (context.camera.name.clone(), error.to_string());
            (Vec::new(), Exposure::NotOf { camera, reason })
        }
    };
    let (exposure, table) = (Some(exposure), None);
    Ok(Inspection { version: 1, file: file.clone(), hdus, exposure, amplifiers, table })
}

fn report(fits: &FitsFile, source: &mut Source<'_>, hdu: &Hdu) -> HduReport {
    let (mut image, mut error) = (None, None);
    if let Content::Image(info) = &hdu.content {
        let mut statistics = Statistics::default();
        error = fits.for_each_value(source, hdu.index, |value| statistics.add(value)).err();
        // What was seen before an error is no description of the image.
        let statistics =
            if error.is_none() { statistics.finished() } else { Statistics::default() };
        image = Some(image_report(info, &hdu.header, statistics));
    }
    HduReport {
        index: hdu.index,
        name: hdu.name.clone(),
        kind: hdu.content.to_string(),
        image,
        error,
        header: hdu.header.clone(),
    }
}

fn image_report(info: &ImageInfo, header: &Header, statistics: Statistics) -> ImageReport {
    ImageReport {
        shape: info.shape.clone(),
        bitpix: info.bitpix,
        compression: info.compression.clone(),
        unit: header.text("BUNIT").map(str::to_owned),
        sections: sections(header),
        statistics,
    }
}

/// Cards such as `DATASEC = '[1:2048,1:512]'`; the first of each keyword counts.
fn sections(header: &Header) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for card in &header.cards {
        if let Value::Text(text) = &card.value
            && card.key.contains("SEC")
            && text.trim_start().starts_with('[')
        {
            found.entry(card.key.clone()).or_insert_with(|| text.trim().to_owned());
        }
    }
    found
}

impl Statistics {
    fn add(&mut self, value: f64) {
        if value.is_nan() {
            self.nan += 1;
        } else if value.is_infinite() {
            self.infinite += 1;
        } else {
            self.count += 1;
            self.sum += value;
            self.min = Some(self.min.map_or(value, |least| least.min(value)));
            self.max = Some(self.max.map_or(value, |most| most.max(value)));
        }
    }

    fn finished(mut self) -> Statistics {
        self.mean = (0 < self.count).then(|| self.sum / self.count as f64);
        self
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn of_table(store: &mut dyn Store, file: &Key) -> Result<Inspection> {
    let (table, warnings) = tables::read(store, file)?;
    let columns = table.columns().iter().map(column_report).collect();
    let metadata = table.metadata.iter().map(|(key, _)| key.clone()).collect();
    let table = TableReport { rows: table.rows(), columns, warnings, metadata };
    let (hdus, exposure, amplifiers) = (Vec::new(), None, Vec::new());
    let table = Some(table);
    Ok(Inspection { version: 1, file: file.clone(), hdus, exposure, amplifiers, table })
}

fn column_report(column: &Column) -> ColumnReport {
    let kind = match &column.values {
        Values::F64(_) => "f64",
        Values::F32(_) => "f32",
        Values::I64(_) => "i64",
        Values::I32(_) => "i32",
        Values::U8(_) => "u8",
        Values::Bool(_) => "bool",
        Values::Text(_) => "text",
    };
    let statistics = column.values.to_f64().map(|values| {
        let mut statistics = Statistics::default();
        values.iter().for_each(|&value| statistics.add(value));
        statistics.finished()
    });
    let (name, unit) = (column.name.clone(), column.unit.clone());
    ColumnReport { name, kind, unit, statistics }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::formats::memory::Memory;
    use crate::job::{Job, Task, Text, VERSION, execute};
    use crate::store::Sink;
    use crate::table::{Table, Values};

    fn inspected(mut store: Memory, file: &str) -> crate::Result<serde_json::Value> {
        let (camera, recipe) = (Text::BuiltIn("toy".into()), Text::BuiltIn("default".into()));
        let task = Task::Inspect { file: file.to_owned(), output: "out.json".to_owned() };
        let job = Job { version: VERSION, camera, recipe, inputs: Vec::new(), task };
        execute(&job, &mut store, &mut ())?;
        Ok(serde_json::from_slice(&store.bytes("out.json")).unwrap())
    }

    #[expect(clippy::disallowed_methods, reason = "a test reads its material from disk")]
    fn of_corpus(name: &str) -> serde_json::Value {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases/fits");
        inspected(Memory::with(name, std::fs::read(folder.join(name)).unwrap()), name).unwrap()
    }

    #[test]
    fn numbers_that_are_not_finite_are_counted_and_left_out_of_the_mean() {
        let report = of_corpus("plain_f4.fits.gz");
        let image = &report["hdus"][0]["image"];
        assert_eq!(image["shape"], serde_json::json!([6, 5]));
        assert_eq!((&image["nan"], &image["infinite"]), (&1.into(), &2.into()));
        let of = |key: &str| image[key].as_f64().unwrap();
        // Zero and a subnormal number are the least of 27 values about 1000.
        assert!(of("min") == 0.0 && of("min") < of("mean") && of("mean") < of("max"));
        assert!(report["exposure"]["not-of"]["reason"].is_string());
    }

    #[test]
    fn cubes_and_tables_are_listed() {
        let report = of_corpus("axes.fits.gz");
        let shapes: Vec<_> = (0..4).map(|hdu| &report["hdus"][hdu]["image"]["shape"]).collect();
        let needed = serde_json::json!([[11], [3, 4, 5], [1, 4, 5], [2, 1, 3, 4]]);
        assert_eq!(shapes, needed.as_array().unwrap().iter().collect::<Vec<_>>());
        assert!((0..4).all(|hdu| report["hdus"][hdu]["image"]["mean"].is_f64()), "{report}");
        let report = of_corpus("tables.fits.gz");
        let kinds: Vec<_> = (0..4).map(|hdu| report["hdus"][hdu]["kind"].as_str()).collect();
        let tables = ["binary table of 4 rows, 2 columns", "ASCII table of 3 rows, 2 columns"];
        assert_eq!(kinds, [Some("no data"), Some(tables[0]), Some(tables[1]), Some("image")]);
    }

    #[test]
    #[cfg(feature = "parquet")]
    fn a_parquet_file_is_told_column_by_column() {
        let mut table = Table::new();
        table.set("ra", "deg", Values::F64(vec![10.0, 20.0, f64::NAN])).unwrap();
        table.set("name", "", Values::Text(vec!["a".into(), "b".into(), "c".into()])).unwrap();
        let mut store = Memory::default();
        let mut sink = Sink::new(&mut store, "a.parquet");
        crate::formats::parquet::write(&table, &mut sink).unwrap();
        let report = inspected(store, "a.parquet").unwrap();
        assert_eq!(report["hdus"], serde_json::json!([]));
        let needed = serde_json::json!({ "rows": 3, "columns": [
            { "name": "ra", "type": "f64", "unit": "deg", "min": 10.0, "max": 20.0, "mean": 15.0,
              "nan": 1 },
            { "name": "name", "type": "text", "unit": "" }
        ], "warnings": [], "metadata": [] });
        assert_eq!(report["table"], needed);
        assert!(inspected(Memory::with("a", b"PAR1".to_vec()), "a").is_err());
    }
}
