//! A raw file as its camera reads it: the visit, and one amplifier at a time.

mod bands;
mod layout;

#[cfg(test)]
mod tests;

use ndarray::Array2;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::formats::fits::{Content, FitsFile, Hdu, Pixels, section_text};
use crate::geometry::{AmpGeometry, Flip, Section};
use crate::header::Header;
use crate::ids::AmpId;
use crate::image::{AmpImage, RawAmp, run};
use crate::instrument::{Amplifier, FILE_NAME, Instrument, Keywords, VisitInfo};
use crate::store::{Key, Source, Store};
use crate::warning::Warning;

use layout::{Layout, Part, cards, hdu_of, locate, trim_cards};

pub use bands::AmpBands;

/// A raw exposure of one detector, its headers read.
pub struct RawFile {
    key: Key,
    file: FitsFile,
    /// What the exposure is.
    pub visit: VisitInfo,
}

/// What the camera makes of one amplifier of a file; sections are FITS sections of stored arrays.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AmpDescription {
    /// Which amplifier.
    pub amp: AmpId,
    /// The HDU of its imaging pixels.
    pub hdu: usize,
    /// Its imaging pixels.
    pub imaging: String,
    /// Its overscan.
    pub overscan: Option<String>,
    /// The place of its imaging pixels on the detector, sky order.
    pub on_detector: String,
    /// Whether the stored array is mirrored there.
    pub mirrored: Flip,
    /// Gain (electron/DN).
    pub gain_electron_per_dn: f64,
    /// Read noise (electron).
    pub read_noise_electron: f64,
}

impl RawFile {
    /// Opens a raw file and reads its headers.
    ///
    /// # Errors
    /// [`Error::Format`] if it is damaged, [`Error::Input`] if it is not an exposure of `camera`.
    pub fn open(store: &mut dyn Store, key: &str, camera: &Instrument) -> Result<RawFile> {
        let file = FitsFile::open(&mut Source::open(store, key)?)?;
        let mut header = cards(&file, 0);
        if let Some(product) = own_product(&header) {
            let what = format!("kind of {key}");
            return Err(Error::input("raw", &what, product, "a raw exposure"));
        }
        // Cameras differ in whether the visit stands in the primary header or beside the pixels.
        if let Some(first) = camera.amplifiers.first()
            && let Some(hdu) = hdu_of(&file, &first.imaging).and_then(|hdu| file.hdus().get(hdu))
        {
            let own = header.clone();
            header.merge(&hdu.header);
            header.merge(&own);
        }
        let name = key.rsplit('/').next().unwrap_or(key);
        header.set(FILE_NAME, name, "for rules of the camera, where the header says nothing");
        let visit = camera.visit(&header).map_err(|error| in_file(key, error))?;
        Ok(RawFile { key: key.to_owned(), file, visit })
    }

    /// Its HDUs.
    pub fn hdus(&self) -> &[Hdu] {
        self.file.hdus()
    }

    /// The cards of the primary HDU, with those of the amplifier's imaging HDU over them.
    pub fn header(&self, amplifier: &Amplifier) -> Header {
        cards(&self.file, hdu_of(&self.file, &amplifier.imaging).unwrap_or(0))
    }

    /// The same for the imaging pixels alone: a reference pixel of a WCS counts from their first
    /// one, and sections of the raw array are gone.
    ///
    /// # Errors
    /// [`Error::Format`] if the sections of the header are not those of the file.
    pub fn image_header(&self, amplifier: &Amplifier) -> Result<Header> {
        let mut header = self.header(amplifier);
        if let Some(imaging) = locate(&self.file, amplifier)?.imaging.section {
            let regions: Vec<_> =
                std::iter::once(&amplifier.imaging).chain(&amplifier.overscan).collect();
            trim_cards(&mut header, imaging, &regions);
        }
        Ok(header)
    }

    /// What is wrong with the headers of the amplifiers and does not stop the work.
    ///
    /// # Errors
    /// [`Error::Format`] if the sections of the header are not those of the file.
    pub fn warnings(&self, camera: &Instrument) -> Result<Vec<Warning>> {
        let mut warnings = Vec::new();
        for amplifier in &camera.amplifiers {
            warnings.extend(locate(&self.file, amplifier)?.warnings);
        }
        Ok(warnings)
    }

    /// What the camera makes of each amplifier, without reading pixels.
    ///
    /// # Errors
    /// Those of [`RawFile::amplifier`] that do not need pixels.
    pub fn describe(&self, camera: &Instrument) -> Result<Vec<AmpDescription>> {
        camera.amplifiers.iter().map(|amplifier| self.describe_one(camera, amplifier)).collect()
    }

    fn describe_one(&self, camera: &Instrument, amplifier: &Amplifier) -> Result<AmpDescription> {
        let layout = locate(&self.file, amplifier)?;
        let whole = |part: Part| match part.section {
            Some(section) => Ok(section),
            None => Ok(Section::at((0, 0), layout::shape(&self.file, part.hdu)?)),
        };
        let imaging = whole(layout.imaging)?;
        let overscan = layout.overscan.map(whole).transpose()?;
        let shapes = (imaging.shape(), overscan.map(|section| section.shape()));
        let geometry = geometry(camera, amplifier, shapes, &layout)?;
        let (gain_electron_per_dn, read_noise_electron) = self.electronics(camera, amplifier)?;
        Ok(AmpDescription {
            amp: amplifier.id,
            hdu: layout.imaging.hdu,
            imaging: section_text(imaging),
            overscan: overscan.map(section_text),
            on_detector: section_text(geometry.on_detector),
            mirrored: geometry.sky_from_stored,
            gain_electron_per_dn,
            read_noise_electron,
        })
    }

    /// Reads one amplifier into readout order, overscan attached, with variance and mask.
    ///
    /// # Errors
    /// Those of [`RawFile::read`].
    pub fn amplifier(
        &self,
        store: &mut dyn Store,
        camera: &Instrument,
        amp: AmpId,
    ) -> Result<AmpImage> {
        self.read(store, camera, amp).map(RawAmp::into_image)
    }

    /// Reads one amplifier into readout order, overscan attached.
    ///
    /// # Errors
    /// [`Error::Format`] if its pixels are damaged, [`Error::Input`] if they are not where the
    /// camera says, or gain and read noise are impossible.
    pub fn read(&self, store: &mut dyn Store, camera: &Instrument, amp: AmpId) -> Result<RawAmp> {
        let amplifier = camera.amplifier(amp).ok_or_else(|| {
            Error::input("raw", "amplifier", amp, format!("one of the camera {}", camera.name))
        })?;
        let layout = locate(&self.file, amplifier)?;
        let (imaging, quantum) = self.region(store, layout.imaging)?;
        let overscan = match layout.overscan {
            Some(part) => Some(self.region(store, part)?.0),
            None => None,
        };
        let shapes = (imaging.dim(), overscan.as_ref().map(Array2::dim));
        let geometry = geometry(camera, amplifier, shapes, &layout)?;
        let flip = geometry.readout_from_stored;
        let image = match overscan {
            Some(overscan) => beside(&flip.apply(imaging), &flip.apply(overscan))?,
            None => flip.apply(imaging),
        };
        let quantum = if flip.rows { quantum.into_iter().rev().collect() } else { quantum };
        let (gain, read_noise) = self.electronics(camera, amplifier)?;
        Ok(RawAmp { image, amp, geometry, gain, read_noise, quantum })
    }

    /// Gain (electron/DN) and read noise (electron) of an amplifier: the header's or the camera's.
    fn electronics(&self, camera: &Instrument, amplifier: &Amplifier) -> Result<(f64, f64)> {
        let header = self.header(amplifier);
        let camera_values = camera.electronics_of(amplifier.id);
        let value = |what: &str, keywords: &Keywords, otherwise: f64, least: f64| {
            let fits = |value: &f64| least <= *value && *value < 1e6;
            // Programs that do not know a value write zero. Any other value that cannot be is
            // refused, unless another keyword says it better.
            let given = || keywords.numbers(&header).filter(|value| *value != 0.0 || fits(value));
            let value = given().find(fits).or(given().next()).unwrap_or(otherwise);
            if fits(&value) {
                return Ok(value);
            }
            let needed = "a positive number";
            Err(in_file(&self.key, Error::input("raw", what, value, needed)))
        };
        let dialect = &camera.dialect;
        let (gain, noise) = (camera_values.gain_electron_per_dn, camera_values.read_noise_electron);
        let gain = value("gain (electron/DN)", &dialect.gain, gain, 1e-6)?;
        let noise = value("read noise (electron)", &dialect.read_noise, noise, 0.0)?;
        Ok((gain, noise))
    }

    /// One region of the file in stored order, and the encoding's step per row (DN).
    fn region(&self, store: &mut dyn Store, part: Part) -> Result<(Array2<f32>, Vec<f64>)> {
        let refuse = |found: String, needed: String| {
            Error::format(&self.key, format!("HDU {}", part.hdu), format!("{found}; {needed}"))
        };
        let hdu = self.file.hdus().get(part.hdu).ok_or_else(|| {
            refuse(format!("{} HDUs", self.file.hdus().len()), "the camera needs more".to_owned())
        })?;
        if !matches!(hdu.content, Content::Image(_)) {
            let found = format!("{:?}", hdu.content);
            return Err(refuse(found, "the camera needs an image there".to_owned()));
        }
        let mut source = Source::open(store, &self.key)?;
        let Pixels { values, quantum } = self.file.read_image(&mut source, part.hdu)?;
        let Some(section) = part.section else { return Ok((values, quantum)) };
        let pixels = section.view(&values).ok_or_else(|| {
            refuse(format!("{:?} pixels", values.dim()), format!("the section is {section:?}"))
        })?;
        let rows = quantum.get(section.row_start..section.row_end).unwrap_or_default().to_vec();
        Ok((pixels.to_owned(), rows))
    }
}

/// Where the pixels are in the readout array and on the detector.
fn geometry(
    camera: &Instrument,
    amplifier: &Amplifier,
    (imaging, overscan): ((usize, usize), Option<(usize, usize)>),
    layout: &Layout,
) -> Result<AmpGeometry> {
    let nominal = camera.geometry(amplifier, imaging, overscan)?;
    Ok(AmpGeometry {
        on_detector: layout.on_detector.unwrap_or(nominal.on_detector),
        sky_from_stored: layout.sky_from_stored,
        ..nominal
    })
}

/// What a product of this program is, by its header.
fn own_product(header: &Header) -> Option<&str> {
    let own = header.text("CREATOR").is_some_and(|creator| creator.starts_with("rawsky"));
    header.text("PRODUCT").filter(|_| own)
}

/// The same error, with the name of the file before what was wrong.
pub(crate) fn in_file(key: &str, error: Error) -> Error {
    match error {
        Error::Input { step, what, found, needed } => {
            Error::Input { step, what: format!("{what} of {key}"), found, needed }
        }
        other => other,
    }
}

/// Two planes of equal rows, the columns of the second after those of the first.
fn beside(first: &Array2<f32>, second: &Array2<f32>) -> Result<Array2<f32>> {
    let ((rows, columns), (found, more)) = (first.dim(), second.dim());
    let wrong = || {
        let what = "rows of overscan beside the imaging pixels";
        Error::input("raw", what, found, rows)
    };
    if rows != found {
        return Err(wrong());
    }
    let mut pixels = Vec::with_capacity(first.len() + second.len());
    let (first, second) = (run(first), run(second));
    for (first, second) in first.chunks(columns.max(1)).zip(second.chunks(more.max(1))) {
        pixels.extend_from_slice(first);
        pixels.extend_from_slice(second);
    }
    Array2::from_shape_vec((rows, columns + more), pixels).map_err(|_| wrong())
}
