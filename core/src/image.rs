//! The pixel containers: one type for each order of the pixels, so that they cannot be confused.

use std::borrow::Cow;
use std::ops::Range;

use ndarray::{Array2, ArrayView2, s};

use crate::error::{Error, Result};
use crate::geometry::{AmpGeometry, Section};
use crate::header::Header;
use crate::ids::{AmpId, DetectorId};

/// The one NaN that is ever written to a product.
pub const CANONICAL_NAN: f32 = f32::from_bits(0x7fc0_0000);

/// What a pixel value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelUnit {
    /// Data numbers as the converter gave them, pedestal included.
    RawDn,
    /// Data numbers above the overscan level.
    Dn,
    /// A response: data numbers over the detector's median.
    Relative,
}

/// Image, variance and mask of equal shape.
///
/// * `image`: DN (or relative), `variance`: its square, `mask`: bits of [`crate::mask`].
#[derive(Debug, Clone, PartialEq)]
pub struct Planes {
    /// The pixels.
    pub image: Array2<f32>,
    /// Variance of each pixel (DN², or relative).
    pub variance: Array2<f32>,
    /// Bits of [`crate::mask::REGISTRY`].
    pub mask: Array2<u32>,
}

impl Planes {
    /// Planes of `image` with zero variance and no bit set.
    pub fn from_image(image: Array2<f32>) -> Planes {
        let shape = image.dim();
        Planes { image, variance: Array2::zeros(shape), mask: Array2::zeros(shape) }
    }

    /// Planes from three arrays.
    ///
    /// # Errors
    /// [`Error::Input`] if their shapes differ.
    pub fn new(image: Array2<f32>, variance: Array2<f32>, mask: Array2<u32>) -> Result<Planes> {
        let (found, needed) = ((variance.dim(), mask.dim()), image.dim());
        if found != (needed, needed) {
            let (found, needed) = (format!("{found:?}"), format!("{needed:?} for both"));
            return Err(Error::input("planes", "shape of variance and mask", found, needed));
        }
        Ok(Planes { image, variance, mask })
    }

    /// The pixels of image, variance and mask, each as one run, row by row.
    pub fn runs_mut(&mut self) -> (&mut [f32], &mut [f32], &mut [u32]) {
        (run_mut(&mut self.image), run_mut(&mut self.variance), run_mut(&mut self.mask))
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        self.image.dim()
    }
}

/// The pixels of a plane as one run, row by row.
pub fn run<T: Clone>(plane: &Array2<T>) -> Cow<'_, [T]> {
    run_of(plane.view())
}

fn run_of<T: Clone>(pixels: ArrayView2<'_, T>) -> Cow<'_, [T]> {
    match pixels.to_slice() {
        Some(pixels) => Cow::Borrowed(pixels),
        None => Cow::Owned(pixels.iter().cloned().collect()),
    }
}

/// The same, to be changed.
pub fn run_mut<T: Clone>(plane: &mut Array2<T>) -> &mut [T] {
    if !plane.is_standard_layout() {
        *plane = plane.as_standard_layout().into_owned();
    }
    plane.as_slice_mut().unwrap_or_default()
}

/// One amplifier as it was read: raw DN in readout order, overscan attached, without variance and mask.
#[derive(Debug, Clone, PartialEq)]
pub struct RawAmp {
    /// Pixels in readout order (DN).
    pub image: Array2<f32>,
    /// Which amplifier.
    pub amp: AmpId,
    /// Where its pixels are.
    pub geometry: AmpGeometry,
    /// Gain (electron/DN).
    pub gain: f64,
    /// Read noise (electron).
    pub read_noise: f64,
    /// Step of the raw encoding per readout row (DN): 1 for integers, 0 for exact floats.
    pub quantum: Vec<f64>,
}

impl RawAmp {
    /// With variance and mask. The variance is that of reading and of the encoding:
    /// `(read noise / gain)² + q² / 12` (DN²).
    pub fn into_image(self) -> AmpImage {
        let variance = self.variance(0..self.image.nrows());
        let mask = Array2::zeros(self.image.dim());
        let planes = Planes { image: self.image, variance, mask };
        AmpImage {
            planes,
            unit: PixelUnit::RawDn,
            amp: self.amp,
            geometry: self.geometry,
            gain: self.gain,
            read_noise: self.read_noise,
            quantum: self.quantum,
            zero: None,
        }
    }

    /// Some of its rows as an image of their own, with variance and mask; their sections count from the first of them.
    /// `None` if there are no such rows.
    pub fn rows(&self, rows: Range<usize>) -> Option<AmpImage> {
        let all = self.image.nrows();
        let geometry = self.geometry.rows(rows.clone(), all)?;
        let quantum = self.quantum.get(rows.clone())?.to_vec();
        let image = self.image.slice(s![rows.clone(), ..]).to_owned();
        let mask = Array2::zeros(image.dim());
        let planes = Planes { image, variance: self.variance(rows), mask };
        Some(AmpImage {
            planes,
            unit: PixelUnit::RawDn,
            amp: self.amp,
            geometry,
            gain: self.gain,
            read_noise: self.read_noise,
            quantum,
            zero: None,
        })
    }

    fn variance(&self, rows: Range<usize>) -> Array2<f32> {
        let (noise, columns) = (self.read_noise / self.gain, self.image.ncols());
        let mut variance = Vec::with_capacity(rows.len() * columns);
        for row in rows.clone() {
            let step = self.quantum.get(row).copied().unwrap_or(0.0);
            let value = (noise * noise + step * step / 12.0) as f32;
            variance.resize(variance.len() + columns, value);
        }
        Array2::from_shape_vec((rows.len(), columns), variance).unwrap_or_default()
    }
}

/// One amplifier in readout order, overscan attached: `[imaging | overscan]`.
#[derive(Debug, Clone, PartialEq)]
pub struct AmpImage {
    /// Pixels in readout order.
    pub planes: Planes,
    /// What they count.
    pub unit: PixelUnit,
    /// Which amplifier.
    pub amp: AmpId,
    /// Where its pixels are.
    pub geometry: AmpGeometry,
    /// Gain (electron/DN).
    pub gain: f64,
    /// Read noise (electron).
    pub read_noise: f64,
    /// Step of the raw encoding per readout row (DN): 1 for integers, 0 for exact floats.
    pub quantum: Vec<f64>,
    /// The overscan pixels whose level was taken as zero, once `overscan` has run.
    pub zero: Option<Section>,
}

/// A detector, or the part of it that one amplifier reads, in sky order, trimmed.
#[derive(Debug, Clone, PartialEq)]
pub struct CcdImage {
    /// Pixels in sky order.
    pub planes: Planes,
    /// What they count.
    pub unit: PixelUnit,
    /// Which detector.
    pub detector: DetectorId,
    /// The amplifiers it is made of, in the camera's order.
    pub amps: Vec<AmpPart>,
    /// Which part of the detector the planes cover.
    pub on_detector: Section,
}

/// A detector, or a part of it, to be read: the pixels of each plane as one run, row by row.
#[derive(Debug, Clone)]
pub struct CcdView<'a> {
    /// The pixels.
    pub image: Cow<'a, [f32]>,
    /// Variance of each pixel.
    pub variance: Cow<'a, [f32]>,
    /// Bits of [`crate::mask::REGISTRY`].
    pub mask: Cow<'a, [u32]>,
    /// What the pixels count.
    pub unit: PixelUnit,
    /// Which detector.
    pub detector: DetectorId,
    /// Which part of the detector the planes cover.
    pub on_detector: Section,
}

/// Image, variance and mask, row by row.
type Runs<'a> = (Cow<'a, [f32]>, Cow<'a, [f32]>, Cow<'a, [u32]>);

impl CcdImage {
    /// All pixels.
    pub fn view(&self) -> CcdView<'_> {
        let Planes { image, variance, mask } = &self.planes;
        self.seen((run(image), run(variance), run(mask)), self.on_detector)
    }

    /// The pixels of a section of the detector, copied unless they are whole rows; `None` if they are not all there.
    pub fn part(&self, section: Section) -> Option<CcdView<'_>> {
        let origin = (
            section.row_start.checked_sub(self.on_detector.row_start)?,
            section.column_start.checked_sub(self.on_detector.column_start)?,
        );
        let at = Section::at(origin, section.shape());
        let Planes { image, variance, mask } = &self.planes;
        let planes = (at.view(image)?, at.view(variance)?, at.view(mask)?);
        Some(self.seen((run_of(planes.0), run_of(planes.1), run_of(planes.2)), section))
    }

    fn seen<'a>(&self, (image, variance, mask): Runs<'a>, on_detector: Section) -> CcdView<'a> {
        let (unit, detector) = (self.unit, self.detector);
        CcdView { image, variance, mask, unit, detector, on_detector }
    }
}

/// One amplifier's part of a [`CcdImage`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AmpPart {
    /// Which amplifier.
    pub amp: AmpId,
    /// Where its pixels are.
    pub geometry: AmpGeometry,
    /// Gain (electron/DN).
    pub gain: f64,
    /// Read noise (electron).
    pub read_noise: f64,
}

/// One amplifier's detrended image in stored order, with its header.
#[derive(Debug, Clone, PartialEq)]
pub struct ScienceImage {
    /// Pixels in stored order.
    pub planes: Planes,
    /// What they count.
    pub unit: PixelUnit,
    /// Which detector.
    pub detector: DetectorId,
    /// Which amplifier.
    pub amp: AmpId,
    /// Cards of the image, with its WCS if one was given.
    pub header: Header,
}
