//! Master files: one IMAGE, VARIANCE and MASK per amplifier, in sky order, and what they are made of.
//!
//! ```text
//! HDU 0         cards of the product, no pixels
//! IMAGE<a>      f32, sky order          for each amplifier a in the camera's order
//! VARIANCE<a>   f32
//! MASK<a>       i32 (tile-compressed, lossless), bits named by MP_ cards
//! ```

use ndarray::ArrayView2;

use crate::error::{Error, Result};
use crate::formats::fits::{
    Encoding, FitsFile, FitsSection, FitsWriter, FloatRows, MaskRows, PixelData, section_text,
};
use crate::geometry::{Flip, Section};
use crate::header::Header;
use crate::ids::{AmpId, DetectorId};
use crate::image::{CcdImage, PixelUnit, Planes, run};
use crate::mask;
use crate::store::{Key, Sink, Source, Store};

/// What a master is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A master bias (DN).
    Bias,
    /// A master dark (DN above the bias, of the exposure time in its EXPTIME card).
    Dark,
    /// A master flat of one lamp (relative).
    LampFlat,
    /// A master flat of one band (relative).
    BandFlat,
}

impl Kind {
    /// Its word in the PRODUCT card.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Bias => "master bias",
            Kind::Dark => "master dark",
            Kind::LampFlat => "lamp flat",
            Kind::BandFlat => "band flat",
        }
    }

    fn unit(self) -> PixelUnit {
        match self {
            Kind::Bias | Kind::Dark => PixelUnit::Dn,
            Kind::LampFlat | Kind::BandFlat => PixelUnit::Relative,
        }
    }
}

/// An opened master file.
pub struct MasterFile {
    key: Key,
    file: FitsFile,
    /// What it is.
    pub kind: Kind,
    /// Its detector.
    pub detector: DetectorId,
    /// Cards of the product.
    pub header: Header,
}

impl MasterFile {
    /// Opens a master of one of the `wanted` kinds.
    ///
    /// # Errors
    /// [`Error::Input`] if it is something else, [`Error::Format`] if it is damaged.
    pub fn open(store: &mut dyn Store, key: &str, wanted: &[Kind]) -> Result<MasterFile> {
        let file = FitsFile::open(&mut Source::open(store, key)?)?;
        let header = file.hdus().first().map(|hdu| hdu.header.clone()).unwrap_or_default();
        let words = || wanted.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(" or ");
        let found = header.text("PRODUCT").unwrap_or("no PRODUCT card");
        let kind = wanted.iter().copied().find(|kind| kind.word() == found).ok_or_else(|| {
            Error::input("master", &format!("kind of {key}"), found, format!("a {}", words()))
        })?;
        let detector = header.integer("DETECTOR").and_then(|id| u32::try_from(id).ok());
        let detector = detector.map(DetectorId).ok_or_else(|| {
            Error::format(key, "HDU 0, DETECTOR", "missing; needed the number of the detector")
        })?;
        Ok(MasterFile { key: key.to_owned(), file, kind, detector, header })
    }

    /// A number of the product's header.
    ///
    /// # Errors
    /// [`Error::Format`] if it is absent or not finite.
    pub fn real(&self, key: &str) -> Result<f64> {
        self.header.real(key).filter(|value| value.is_finite()).ok_or_else(|| {
            Error::format(&self.key, format!("HDU 0, {key}"), "missing; needed a number")
        })
    }

    /// The amplifiers in the file, in order.
    pub fn amps(&self) -> Vec<AmpId> {
        let number = |name: &str| name.strip_prefix("IMAGE")?.parse().ok().map(AmpId);
        self.file.hdus().iter().filter_map(|hdu| number(&hdu.name)).collect()
    }

    /// The pixels of one amplifier, without variance and mask.
    ///
    /// # Errors
    /// [`Error::Format`] if they are missing or damaged.
    pub fn image(&self, store: &mut dyn Store, amp: AmpId) -> Result<ndarray::Array2<f32>> {
        let index = self.index(&format!("IMAGE{amp}"))?;
        Ok(self.file.read_image(&mut Source::open(store, &self.key)?, index)?.values)
    }

    /// The part of one amplifier.
    ///
    /// # Errors
    /// [`Error::Format`] if it is missing or damaged.
    pub fn part(&self, store: &mut dyn Store, amp: AmpId) -> Result<CcdImage> {
        let (image, variance, bits) = (
            self.index(&format!("IMAGE{amp}"))?,
            self.index(&format!("VARIANCE{amp}"))?,
            self.index(&format!("MASK{amp}"))?,
        );
        let mut source = Source::open(store, &self.key)?;
        let planes = Planes::new(
            self.file.read_image(&mut source, image)?.values,
            self.file.read_image(&mut source, variance)?.values,
            self.file.read_mask(&mut source, bits)?,
        )?;
        let section = self.file.hdus().get(image).and_then(|hdu| hdu.header.text("DETSEC"));
        let shape = planes.shape();
        let place = section.and_then(FitsSection::parse).and_then(FitsSection::place);
        let fits =
            |(section, flip): &(Section, Flip)| *flip == Flip::NONE && section.shape() == shape;
        let on_detector = place.filter(fits).map(|(section, _)| section);
        let on_detector = on_detector.ok_or_else(|| {
            let place = format!("IMAGE{amp}, DETSEC");
            Error::format(&self.key, place, format!("{section:?} is no section of {shape:?}"))
        })?;
        Ok(CcdImage {
            planes,
            unit: self.kind.unit(),
            detector: self.detector,
            amps: Vec::new(),
            on_detector,
        })
    }

    fn index(&self, name: &str) -> Result<usize> {
        self.file
            .named(name)
            .map(|hdu| hdu.index)
            .ok_or_else(|| Error::format(&self.key, name, "no such HDU; needed by the amplifier"))
    }
}

/// Writes the first HDU of a master.
///
/// # Errors
/// [`Error::Store`] if the store cannot take it.
pub fn begin<'a>(store: &'a mut dyn Store, key: &str, header: &Header) -> Result<FitsWriter<'a>> {
    let mut writer = FitsWriter::new(Sink::new(store, key));
    writer.write_hdu(header, None, PixelData::None, Encoding::Plain)?;
    Ok(writer)
}

/// Goes on with a master that [`begin`] has begun.
pub fn resume<'a>(store: &'a mut dyn Store, key: &str) -> FitsWriter<'a> {
    FitsWriter::resume(Sink::new(store, key), 1)
}

/// Appends the three HDUs of one amplifier.
///
/// # Errors
/// [`Error::Store`] if the store cannot take them.
pub fn append(writer: &mut FitsWriter<'_>, part: &CcdImage, amp: AmpId) -> Result<()> {
    let mut header = part_cards(amp, part.on_detector);
    let name = |plane: &str| format!("{plane}{amp}");
    let (image, variance) = (part.planes.image.view(), part.planes.variance.view());
    let plain = Encoding::Plain;
    writer.write_hdu(&header, Some(&name("IMAGE")), PixelData::F32(image), plain)?;
    writer.write_hdu(&header, Some(&name("VARIANCE")), PixelData::F32(variance), plain)?;
    mask_cards(&mut header);
    let bits = PixelData::Mask(part.planes.mask.view());
    writer.write_hdu(&header, Some(&name("MASK")), bits, Encoding::RiceInteger32)
}

fn part_cards(amp: AmpId, on_detector: Section) -> Header {
    let mut header = Header::new();
    header.set("AMP", i64::from(amp.0), "amplifier");
    header.set("DETSEC", section_text(on_detector), "place on the detector, sky order");
    header
}

/// The three HDUs of one amplifier that come in bands of rows, sky order: the bytes of [`append`], while the variance
/// alone is held.
pub struct GrowingPart {
    amp: AmpId,
    shape: (usize, usize),
    header: Header,
    image: FloatRows,
    variance: Vec<f32>,
    mask: MaskRows,
}

impl GrowingPart {
    /// Begins the HDUs of an amplifier with this place on the detector; `room` is memory to be used again.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot take them.
    pub fn begin(
        store: &mut dyn Store,
        key: &str,
        (amp, on_detector): (AmpId, Section),
        mut room: Vec<f32>,
    ) -> Result<GrowingPart> {
        let (header, shape) = (part_cards(amp, on_detector), on_detector.shape());
        let name = format!("IMAGE{amp}");
        let image = resume(store, key).begin_floats(&header, Some(&name), shape)?;
        room.clear();
        room.reserve_exact(shape.0 * shape.1);
        let mask = MaskRows::new(shape);
        Ok(GrowingPart { amp, shape, header, image, variance: room, mask })
    }

    /// Appends the next rows.
    ///
    /// # Errors
    /// As [`GrowingPart::begin`]; [`Error::Input`] if there are too many.
    pub fn take(&mut self, store: &mut dyn Store, key: &str, rows: &Planes) -> Result<()> {
        resume(store, key).append_floats(&mut self.image, &run(&rows.image))?;
        self.variance.extend_from_slice(&run(&rows.variance));
        self.mask.take(&run(&rows.mask))
    }

    /// Appends variance and mask; the memory that was used.
    ///
    /// # Errors
    /// As [`GrowingPart::begin`]; [`Error::Input`] if rows are missing.
    pub fn finish(mut self, store: &mut dyn Store, key: &str) -> Result<Vec<f32>> {
        let found = self.variance.len();
        let variance = ArrayView2::from_shape(self.shape, &self.variance).map_err(|_| {
            Error::input("master", "pixels", found, format!("those of {:?}", self.shape))
        })?;
        let name = |plane: &str| format!("{plane}{}", self.amp);
        let mut writer = resume(store, key);
        let pixels = PixelData::F32(variance);
        writer.write_hdu(&self.header, Some(&name("VARIANCE")), pixels, Encoding::Plain)?;
        mask_cards(&mut self.header);
        writer.write_mask_rows(&self.header, Some(&name("MASK")), self.mask)?;
        Ok(self.variance)
    }
}

/// The MP_ cards that name the bits of a mask.
pub fn mask_cards(header: &mut Header) {
    for entry in mask::REGISTRY {
        let short: String = entry.name.chars().filter(|c| *c != '_').take(5).collect();
        header.set(&format!("MP_{short}"), i64::from(entry.bit), entry.meaning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mask_cards_have_names_of_their_own() {
        let mut header = Header::new();
        mask_cards(&mut header);
        assert_eq!(header.cards.len(), mask::REGISTRY.len());
        assert!(header.cards.iter().all(|card| card.key.len() <= 8));
    }
}
