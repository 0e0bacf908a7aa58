//! A simulated night as files: raws, science headers, masks, a catalogue, and the truth.
//!
//! ```text
//! raw/YYYY/MMDD/<fraction>/<raw name>            the camera's layout
//! headers/<stem>_q<a>_sciimg.fits                cards alone: the WCS of the amplifier
//! masks/<stem>_q<a>_mskimg.fits                  as another pipeline would deliver
//! catalogue/stars.parquet
//! truth/<stem>_q<a>_truth.fits                   LIGHT, SKY, SIGNAL, MASK (stored order)
//! truth/<stem>_q<a>_stars.parquet                true positions and fluxes
//! truth/bias_c<CC>.fits, truth/lamp_c<CC>_l<LL>.fits, truth/night.json
//! ```

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{Context, Task};
use crate::error::{Error, Result};
use crate::formats::fits::{Encoding, FitsWriter, PixelData};
use crate::header::Header;
use crate::ids::{AmpId, DetectorId, Role};
use crate::instrument::Instrument;
use crate::simulate::{self, NightParams, Part, SimulatedAmp, SimulatedExposure};
use crate::store::{Key, Sink};

/// How raw files are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RawEncoding {
    /// Quantized, dithered, Rice: as fpack does with floats.
    #[default]
    FloatRice,
    /// 16-bit whole numbers, Rice.
    Rice16,
    /// Plain floats.
    None,
}

/// A noise of 16 steps: the loss is far below the noise of reading.
const QUANTIZE_LEVEL: f32 = 16.0;

/// One task of a simulated night and where its files belong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimulationPart {
    /// The task.
    pub task: Task,
    /// Key of each product and its path below the night's folder.
    pub outputs: Vec<(Key, String)>,
}

/// The tasks of a night, each of which can be done alone.
///
/// # Errors
/// [`Error::Parameter`] if a parameter is impossible.
pub fn simulation_parts(
    camera: &Instrument,
    params: &NightParams,
    encoding: RawEncoding,
) -> Result<Vec<SimulationPart>> {
    let mut params = params.clone();
    params.integer_raws |= encoding == RawEncoding::Rice16;
    let night = simulate::night(camera, &params)?;
    let part = |part: Part| {
        let outputs = outputs(camera, &params, &night, &part);
        SimulationPart { task: Task::Simulate { night: params.clone(), part, encoding }, outputs }
    };
    Ok(night.parts().into_iter().map(part).collect())
}

fn outputs(
    camera: &Instrument,
    params: &NightParams,
    night: &simulate::Night,
    part: &Part,
) -> Vec<(Key, String)> {
    let in_folder = |folder: &str, name: String| (name.clone(), format!("{folder}/{name}"));
    match part {
        Part::Catalogue => vec![
            in_folder("catalogue", CATALOGUE.to_owned()),
            in_folder("truth", NIGHT_TRUTH.to_owned()),
        ],
        Part::Bias { detector } => vec![in_folder("truth", bias_name(*detector))],
        Part::Lamp { detector, lamp } => vec![in_folder("truth", lamp_name(*detector, *lamp))],
        Part::Exposure { exposure } => {
            let Some(exposure) = night.exposures.get(*exposure) else { return Vec::new() };
            let day = params.date.replace('-', "");
            let (year, rest) = day.split_at(day.len().min(4));
            let fraction = (exposure.mjd.0.fract() * 1e6).round() as u64;
            let folder = format!("raw/{year}/{rest}/{fraction:06}");
            let mut all = vec![in_folder(&folder, exposure.name.clone())];
            if exposure.role == Role::Science {
                for amp in &camera.amplifiers {
                    for (folder, suffix) in SCIENCE_FILES {
                        all.push(in_folder(folder, science_name(exposure, amp.id, suffix)));
                    }
                }
            }
            all
        }
    }
}

const CATALOGUE: &str = "stars.parquet";
const NIGHT_TRUTH: &str = "night.json";
const SCIENCE_FILES: [(&str, &str); 4] = [
    ("headers", "sciimg.fits"),
    ("masks", "mskimg.fits"),
    ("truth", "truth.fits"),
    ("truth", "stars.parquet"),
];

fn bias_name(detector: DetectorId) -> String {
    format!("bias_c{:02}.fits", detector.0)
}

fn lamp_name(detector: DetectorId, lamp: Option<i64>) -> String {
    format!("lamp_c{:02}_l{:02}.fits", detector.0, lamp.unwrap_or(0))
}

fn science_name(exposure: &SimulatedExposure, amp: AmpId, suffix: &str) -> String {
    let stem = exposure.name.split('.').next().unwrap_or_default();
    format!("{stem}_q{amp}_{suffix}")
}

/// Makes one part of a night.
pub(super) fn simulate(
    context: &mut Context<'_>,
    params: &NightParams,
    part: &Part,
    encoding: RawEncoding,
) -> Result<()> {
    match part {
        Part::Catalogue => catalogue(context, params),
        Part::Bias { detector } => bias(context, params, *detector),
        Part::Lamp { detector, lamp } => lamp_flat(context, params, *detector, *lamp),
        Part::Exposure { exposure } => {
            let night = simulate::night(&context.camera, params)?;
            let count = night.exposures.len();
            let exposure = night.exposures.get(*exposure).ok_or_else(|| {
                Error::parameter("exposure", exposure, format!("one of the night's {count}"))
            })?;
            expose(context, params, exposure, encoding)
        }
    }
}

fn catalogue(context: &mut Context<'_>, params: &NightParams) -> Result<()> {
    let table = simulate::catalogue(&context.camera, params)?;
    super::tables::write(context, &CATALOGUE.to_owned(), &table)?;
    let truth = simulate::night_truth(&context.camera, params)?;
    context.write_json(&NIGHT_TRUTH.to_owned(), &truth)
}

fn bias(context: &mut Context<'_>, params: &NightParams, detector: DetectorId) -> Result<()> {
    let key = bias_name(detector);
    let mut writer = FitsWriter::new(Sink::new(context.store, &key));
    writer.write_hdu(&truth_header(detector), None, PixelData::None, Encoding::Plain)?;
    for amp in &context.camera.amplifiers {
        let truth = simulate::bias_truth(&context.camera, params, detector, amp.id)?;
        let pixels = PixelData::F32(truth.pattern.view());
        writer.write_hdu(
            &Header::new(),
            Some(&format!("PATTERN{}", amp.id)),
            pixels,
            Encoding::Plain,
        )?;
    }
    context.wrote(&key);
    Ok(())
}

fn lamp_flat(
    context: &mut Context<'_>,
    params: &NightParams,
    detector: DetectorId,
    lamp: Option<i64>,
) -> Result<()> {
    let key = lamp_name(detector, lamp);
    let mut header = truth_header(detector);
    if let Some(lamp) = lamp {
        header.set("LAMP", lamp, "flat-field lamp");
    }
    let mut writer = FitsWriter::new(Sink::new(context.store, &key));
    writer.write_hdu(&header, None, PixelData::None, Encoding::Plain)?;
    for amp in &context.camera.amplifiers {
        let flat = simulate::lamp_truth(&context.camera, params, lamp, (detector, amp.id))?;
        let pixels = PixelData::F32(flat.view());
        writer.write_hdu(
            &Header::new(),
            Some(&format!("IMAGE{}", amp.id)),
            pixels,
            Encoding::Plain,
        )?;
    }
    context.wrote(&key);
    Ok(())
}

fn truth_header(detector: DetectorId) -> Header {
    let mut header = Header::new();
    header.set("PRODUCT", "truth", "what this file is: known because it was simulated");
    header.set("DETECTOR", i64::from(detector.0), "number of the detector");
    header
}

fn expose(
    context: &mut Context<'_>,
    params: &NightParams,
    exposure: &SimulatedExposure,
    encoding: RawEncoding,
) -> Result<()> {
    let camera = context.camera.clone();
    for hdu in simulate::raw_hdus(&camera, params, exposure) {
        let hdu = hdu?;
        let name = hdu.header.text("EXTNAME").map(str::to_owned);
        let mut writer = match hdu.index {
            0 => FitsWriter::new(Sink::new(context.store, &exposure.name)),
            written => FitsWriter::resume(Sink::new(context.store, &exposure.name), written),
        };
        match &hdu.data {
            None => {
                writer.write_hdu(&hdu.header, None, PixelData::None, Encoding::Plain)?;
            }
            Some(data) => {
                let (pixels, how) = (PixelData::F32(data.view()), encoding.of_fits(data));
                writer.write_hdu(&hdu.header, name.as_deref(), pixels, how)?;
            }
        }
        if exposure.role == Role::Science {
            for (amp, made) in &hdu.made {
                science_files(context, params, exposure, (*amp, made))?;
            }
        }
    }
    context.wrote(&exposure.name);
    Ok(())
}

impl RawEncoding {
    /// How a plane is written. One step for all of its rows takes a fraction of the time of a step for each.
    fn of_fits(self, plane: &Array2<f32>) -> Encoding {
        match self {
            RawEncoding::FloatRice => {
                let step = simulate::noise_of(plane).map(|noise| noise as f32 / QUANTIZE_LEVEL);
                Encoding::RiceFloat { quantize_level: step.map_or(QUANTIZE_LEVEL, |step| -step) }
            }
            RawEncoding::Rice16 => Encoding::RiceInteger16,
            RawEncoding::None => Encoding::Plain,
        }
    }
}

/// Header, mask and truth of one amplifier of a science exposure.
fn science_files(
    context: &mut Context<'_>,
    params: &NightParams,
    exposure: &SimulatedExposure,
    (amp, made): (AmpId, &SimulatedAmp),
) -> Result<()> {
    let camera = context.camera.clone();
    let key = |suffix: &str| science_name(exposure, amp, suffix);
    let header = simulate::science_header(&camera, params, exposure, amp)?;
    write_fits(context, &key("sciimg.fits"), &header, &[])?;
    let mask = simulate::science_mask(&camera, params, exposure, (amp, made))?;
    let mask = (None, PixelData::Mask(mask.view()), Encoding::RiceInteger32);
    write_fits(context, &key("mskimg.fits"), &header, &[mask])?;
    if let Some(truth) = &made.truth {
        let plain = Encoding::Plain;
        let planes = [
            (Some("LIGHT"), PixelData::F32(truth.light.view()), plain),
            (Some("SKY"), PixelData::F32(truth.sky.view()), plain),
            (Some("SIGNAL"), PixelData::F32(truth.signal.view()), plain),
            (Some("MASK"), PixelData::Mask(truth.mask.view()), Encoding::RiceInteger32),
        ];
        write_fits(context, &key("truth.fits"), &truth_header(exposure.detector), &planes)?;
    }
    let stars = simulate::star_truth(&camera, params, exposure, amp)?;
    super::tables::write(context, &key("stars.parquet"), &stars)
}

/// A file of a header alone, or of a header and named planes.
fn write_fits(
    context: &mut Context<'_>,
    key: &Key,
    header: &Header,
    planes: &[(Option<&str>, PixelData<'_>, Encoding)],
) -> Result<()> {
    let mut writer = FitsWriter::new(Sink::new(context.store, key));
    writer.write_hdu(header, None, PixelData::None, Encoding::Plain)?;
    for (name, pixels, encoding) in planes {
        writer.write_hdu(&Header::new(), *name, *pixels, *encoding)?;
    }
    context.wrote(key);
    Ok(())
}
