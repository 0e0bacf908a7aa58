//! A raw file as its camera reads it: the visit, and one amplifier at a time.

use ndarray::{Array2, Axis, concatenate};

use crate::error::{Error, Result};
use crate::formats::fits::{Content, FitsFile, Pixels};
use crate::header::Header;
use crate::ids::AmpId;
use crate::image::{AmpImage, PixelUnit, Planes};
use crate::instrument::{Amplifier, Instrument, Region, VisitInfo};
use crate::store::{Key, Source, Store};

/// A raw exposure of one detector, its headers read.
pub struct RawFile {
    key: Key,
    file: FitsFile,
    /// What the exposure is.
    pub visit: VisitInfo,
}

impl RawFile {
    /// Opens a raw file and reads its headers.
    ///
    /// # Errors
    /// [`Error::Format`] if it is damaged, [`Error::Input`] if it is not an exposure of `camera`.
    pub fn open(store: &mut dyn Store, key: &str, camera: &Instrument) -> Result<RawFile> {
        let file = FitsFile::open(&mut Source::open(store, key)?)?;
        let mut header = primary_header(&file);
        // Cameras differ in whether the visit stands in the primary header or beside the pixels.
        if let Some(first) = camera.amplifiers.first()
            && let Some(hdu) = file.hdus().get(first.imaging.hdu)
        {
            let own = header.clone();
            header.merge(&hdu.header);
            header.merge(&own);
        }
        let visit = camera.visit(&header).map_err(|error| in_file(key, error))?;
        Ok(RawFile { key: key.to_owned(), file, visit })
    }

    /// The cards of the primary HDU, with those of the amplifier's imaging HDU over them.
    pub fn header(&self, amplifier: &Amplifier) -> Header {
        let mut header = primary_header(&self.file);
        if let Some(hdu) = self.file.hdus().get(amplifier.imaging.hdu) {
            header.merge(&hdu.header);
        }
        header
    }

    /// Reads one amplifier into readout order, overscan attached. Its variance is that of reading
    /// and of the encoding: `(read noise / gain)² + q² / 12` (DN²).
    ///
    /// # Errors
    /// [`Error::Format`] if its pixels are damaged, [`Error::Input`] if they are not where the
    /// camera says, or gain and read noise are impossible.
    pub fn amplifier(
        &self,
        store: &mut dyn Store,
        camera: &Instrument,
        amp: AmpId,
    ) -> Result<AmpImage> {
        let amplifier = camera.amplifier(amp).ok_or_else(|| {
            Error::input("raw", "amplifier", amp, format!("one of the camera {}", camera.name))
        })?;
        let (imaging, quantum) = self.region(store, &amplifier.imaging)?;
        let overscan = match &amplifier.overscan {
            Some(region) => Some(self.region(store, region)?.0),
            None => None,
        };
        let geometry =
            camera.geometry(amplifier, imaging.dim(), overscan.as_ref().map(Array2::dim))?;
        let flip = geometry.readout_from_stored;
        let mut image = flip.apply(imaging);
        if let Some(overscan) = overscan {
            let overscan = flip.apply(overscan);
            image = concatenate(Axis(1), &[image.view(), overscan.view()]).map_err(|error| {
                Error::input("raw", "overscan beside the imaging pixels", error, "equal rows")
            })?;
        }
        let quantum = if flip.rows { quantum.into_iter().rev().collect() } else { quantum };
        let (gain, read_noise) = self.electronics(camera, amplifier)?;
        let planes = with_read_noise(image, read_noise / gain, &quantum);
        let (unit, zero) = (PixelUnit::RawDn, None);
        Ok(AmpImage { planes, unit, amp, geometry, gain, read_noise, quantum, zero })
    }

    /// Gain (electron/DN) and read noise (electron) of an amplifier: the header's or the camera's.
    fn electronics(&self, camera: &Instrument, amplifier: &Amplifier) -> Result<(f64, f64)> {
        let header = self.header(amplifier);
        let of = |key: &Option<String>| key.as_deref().and_then(|key| header.real(key));
        let camera_values = camera.electronics_of(amplifier.id);
        let gain = of(&camera.dialect.gain).unwrap_or(camera_values.gain_electron_per_dn);
        let noise = of(&camera.dialect.read_noise).unwrap_or(camera_values.read_noise_electron);
        let check = |what: &str, value: f64, least: f64| {
            let fits = value.is_finite() && least <= value && value < 1e6;
            let needed = "a positive number";
            if fits {
                Ok(())
            } else {
                Err(in_file(&self.key, Error::input("raw", what, value, needed)))
            }
        };
        check("gain (electron/DN)", gain, 1e-6)?;
        check("read noise (electron)", noise, 0.0)?;
        Ok((gain, noise))
    }

    /// One region of the file in stored order, and the encoding's step per row (DN).
    fn region(&self, store: &mut dyn Store, region: &Region) -> Result<(Array2<f32>, Vec<f64>)> {
        let refuse = |found: String, needed: String| {
            Error::format(&self.key, format!("HDU {}", region.hdu), format!("{found}; {needed}"))
        };
        let hdu = self.file.hdus().get(region.hdu).ok_or_else(|| {
            refuse(format!("{} HDUs", self.file.hdus().len()), "the camera needs more".to_owned())
        })?;
        if !matches!(hdu.content, Content::Image(_)) {
            let found = format!("{:?}", hdu.content);
            return Err(refuse(found, "the camera needs an image there".to_owned()));
        }
        let mut source = Source::open(store, &self.key)?;
        let Pixels { values, quantum } = self.file.read_image(&mut source, region.hdu)?;
        let Some(section) = region.section else { return Ok((values, quantum)) };
        let pixels = section.view(&values).ok_or_else(|| {
            refuse(format!("{:?} pixels", values.dim()), format!("the section is {section:?}"))
        })?;
        let rows = quantum.get(section.row_start..section.row_end).unwrap_or_default().to_vec();
        Ok((pixels.to_owned(), rows))
    }
}

fn primary_header(file: &FitsFile) -> Header {
    file.hdus().first().map(|hdu| hdu.header.clone()).unwrap_or_default()
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

fn with_read_noise(image: Array2<f32>, read_noise_dn: f64, quantum: &[f64]) -> Planes {
    let mut planes = Planes::from_image(image);
    for (mut row, step) in planes.variance.rows_mut().into_iter().zip(quantum) {
        row.fill((read_noise_dn * read_noise_dn + step * step / 12.0) as f32);
    }
    planes
}
