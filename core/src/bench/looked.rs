//! An image that is looked at as it is: its pixels in stored order, its header, what belongs to it.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::formats::fits::{FitsFile, Hdu};
use crate::header::Header;
use crate::image::Planes;
use crate::instrument::Instrument;
use crate::job::read_catalogues;
use crate::numerics::sky::Wcs;
use crate::provenance::digest;
use crate::store::{Source, Store};
use crate::table::Table;

use super::files::{Files, Look};
use super::image_file::{self, ImageChoice};
use super::info::{AmpInfo, CalibrationInfo, ExposureInfo};
use super::kept::Kept;

/// The name of its only stage.
pub(super) const IMAGE: &str = "image";
/// The number under which its pixels are asked for: it has one part.
pub(super) const PART: u32 = 1;
/// Where a header does not say what the numbers count.
const NO_UNIT: &str = "file units";
/// Longest unit that is shown (characters).
const LONGEST_UNIT: usize = 24;

/// Where the mask of an image stands.
enum MaskAt {
    Hdu(usize),
    File(String),
}

pub(super) struct Looked {
    pub(super) files: Files,
    file: FitsFile,
    choices: Vec<ImageChoice>,
    shown: ImageChoice,
    /// Cards of the primary HDU with those of the image over them.
    pub(super) header: Header,
    wcs: Option<Wcs>,
    mask: Option<MaskAt>,
    variance: Option<usize>,
    pub(super) catalogue: Option<Table>,
    notes: Vec<String>,
}

impl Looked {
    pub(super) fn open(store: &mut dyn Store, files: Files, look: &Look) -> Result<Looked> {
        let file = FitsFile::open(&mut Source::open(store, &files.raw)?)?;
        let choices = image_file::images(&file);
        let wanted = |one: &&ImageChoice| look.hdu.is_none_or(|hdu| hdu == one.hdu);
        let shown = choices.iter().find(wanted).cloned().ok_or_else(|| no_image(&file, look))?;
        let mut header = file.hdus().first().map(|hdu| hdu.header.clone()).unwrap_or_default();
        if let Some(hdu) = file.hdus().get(shown.hdu) {
            header.merge(&hdu.header);
        }
        let catalogue = match files.catalogue.as_slice() {
            [] => None,
            keys => Some(read_catalogues(store, keys)?),
        };
        let mut notes = Vec::from([look.why.clone()]);
        notes.extend(header.text("PRODUCT").map(|what| format!("Its header says: {what}.")));
        let wcs = Wcs::from_header(&header).unwrap_or_else(|error| {
            notes.push(format!("Its place on the sky is not shown: {error}"));
            None
        });
        let variance = image_file::companion(&file, &shown, "VARIANCE");
        let mut looked = Looked {
            mask: None,
            files,
            file,
            choices,
            shown,
            header,
            wcs,
            variance,
            catalogue,
            notes,
        };
        looked.mask = looked.find_mask(look);
        Ok(looked)
    }

    /// The mask beside the file, or that inside it if its bits are those of the registry.
    fn find_mask(&mut self, look: &Look) -> Option<MaskAt> {
        if let Some(key) = &look.mask {
            return Some(MaskAt::File(key.clone()));
        }
        let hdu = image_file::companion(&self.file, &self.shown, "MASK")?;
        let other = image_file::other_bits(&self.file.hdus().get(hdu)?.header);
        if let Some(card) = other {
            self.notes.push(format!("Its mask is not shown: its bits have other names ({card})."));
            return None;
        }
        Some(MaskAt::Hdu(hdu))
    }

    pub(super) fn hdus(&self) -> &[Hdu] {
        self.file.hdus()
    }

    /// Its pixels, as the only stage.
    pub(super) fn read(&self, store: &mut dyn Store, camera: &Instrument) -> Result<Kept> {
        let image = self.plane(store, self.shown.hdu)?;
        let variance = self.variance.map(|hdu| self.plane(store, hdu)).transpose()?;
        let mask = self.read_mask(store, camera)?;
        if mask.as_ref().is_some_and(|mask| mask.dim() != image.dim()) {
            let found = mask.map(|mask| format!("{:?}", mask.dim())).unwrap_or_default();
            let needed = format!("{:?}, as the image", image.dim());
            return Err(Error::input("bench", "shape of the mask (rows, columns)", found, needed));
        }
        Ok(Kept::image((IMAGE, self.key()), (image, variance, mask), self.unit()))
    }

    fn plane(&self, store: &mut dyn Store, hdu: usize) -> Result<Array2<f32>> {
        let mut source = Source::open(store, &self.files.raw)?;
        Ok(self.file.read_image(&mut source, hdu)?.values)
    }

    fn read_mask(&self, store: &mut dyn Store, camera: &Instrument) -> Result<Option<Array2<u32>>> {
        match &self.mask {
            None => Ok(None),
            Some(MaskAt::Hdu(hdu)) => {
                let mut source = Source::open(store, &self.files.raw)?;
                self.file.read_mask(&mut source, *hdu).map(Some)
            }
            Some(MaskAt::File(key)) => {
                let mut bits = crate::job::read_mask(store, key)?;
                let own = camera.own_bits();
                bits.mapv_inplace(|bits| own.of(bits));
                Ok(Some(bits))
            }
        }
    }

    /// Key of its stage.
    pub(super) fn key(&self) -> String {
        digest(format!("{IMAGE} {} {}", self.files.raw, self.shown.hdu).as_bytes())
    }

    fn unit(&self) -> String {
        let told = self.header.text("BUNIT").map(str::trim).filter(|text| !text.is_empty());
        told.unwrap_or(NO_UNIT).chars().take(LONGEST_UNIT).collect()
    }

    /// Right ascension and declination (deg) of a pixel (x, y), with a WCS.
    pub(super) fn sky(&self, at: (f64, f64)) -> Option<(f64, f64)> {
        let (ra, dec) = self.wcs.as_ref()?.sky_from_pixel(at.0, at.1);
        Some((ra.to_degrees(), dec.to_degrees()))
    }

    /// Whether the command that measures stars takes this image: the first of its file, and no other
    /// product.
    pub(super) fn is_measurable(&self) -> bool {
        let first = self.choices.first().is_some_and(|first| first.hdu == self.shown.hdu);
        let product = self.header.text("PRODUCT").unwrap_or("science image");
        first && product == "science image"
    }

    /// Whether it has errors of its own.
    pub(super) fn has_variance(&self) -> bool {
        self.variance.is_some()
    }

    /// Its planes as the command has them: what is not there is zero, and a NaN is marked.
    pub(super) fn planes(kept: &Kept) -> Planes {
        let mut planes = kept.planes();
        planes.mask.zip_mut_with(&planes.image, |bits, pixel| {
            if pixel.is_nan() {
                *bits |= crate::mask::NO_DATA;
            }
        });
        planes
    }

    pub(super) fn info(&self, camera: &Instrument) -> ExposureInfo {
        let number = |key: &str| self.header.real(key).filter(|value| value.is_finite());
        let detector = self.header.integer("DETECTOR").and_then(|id| u32::try_from(id).ok());
        let (width, height) = (self.shown.width, self.shown.height);
        ExposureInfo {
            name: self.files.raw.rsplit('/').next().unwrap_or_default().to_owned(),
            camera: camera.name.clone(),
            kind: IMAGE,
            detector: detector.unwrap_or(0),
            band: self.header.text("BAND").or(self.header.text("FILTER")).map(str::to_owned),
            start: self.header.text("DATE-OBS").map(str::to_owned),
            exposure_s: number("EXPTIME").or(number("EXPOSURE")),
            amps: vec![AmpInfo { amp: PART, x0: 0, y0: 0, width, height }],
            width,
            height,
            simulated: false,
            seed: None,
            calibration: self.beside(),
            hdu: Some(self.shown.hdu),
            images: self.choices.clone(),
            notes: self.notes.clone(),
        }
    }

    fn beside(&self) -> Vec<CalibrationInfo> {
        let found =
            |what: &str, found: Option<String>| CalibrationInfo { what: what.to_owned(), found };
        let mask = self.mask.as_ref().map(|at| match at {
            MaskAt::Hdu(hdu) => format!("HDU {hdu}"),
            MaskAt::File(key) => key.rsplit('/').next().unwrap_or_default().to_owned(),
        });
        let wcs = self.wcs.as_ref().map(|wcs| format!("{:.3} ″/pixel", wcs.pixel_scale_arcsec()));
        let stars = self.catalogue.as_ref().map(|table| format!("{} stars", table.rows()));
        vec![
            found("numbers", Some(self.shown.stored.clone())),
            found("mask", mask),
            found("variance", self.variance.map(|hdu| format!("HDU {hdu}"))),
            found("place on the sky", wcs),
            found("catalogue", stars),
        ]
    }
}

fn no_image(file: &FitsFile, look: &Look) -> Error {
    let needed = match look.hdu {
        Some(hdu) => format!("an image of two axes in HDU {hdu}"),
        None => "an image of two axes".to_owned(),
    };
    Error::input("bench", &format!("content of {}", file.key()), image_file::contents(file), needed)
}
