//! The pixels of one amplifier in sky order, above the median of its overscan.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::formats::fits::FitsFile;
use crate::geometry::Section;
use crate::image::AmpImage;
use crate::instrument::Instrument;
use crate::numerics::stats::{CountingMedian, finite_median};
use crate::raw::RawFile;
use crate::store::{Source, Store};

use super::super::image_file;
use super::sort::{Form, Piece};

/// One amplifier.
pub(super) struct Amplifier {
    /// Its imaging pixels in sky order (DN).
    pub(super) image: Array2<f32>,
    /// Median of its overscan (DN), which was subtracted.
    pub(super) overscan: Option<f64>,
    /// Column and row of its first pixel on the detector.
    pub(super) on_detector: (usize, usize),
}

pub(super) fn read(store: &mut dyn Store, camera: &Instrument, piece: &Piece) -> Result<Amplifier> {
    match piece.form {
        Form::Raw => {
            let file = RawFile::open(store, &piece.key, camera)?;
            raw(file.amplifier(store, camera, piece.amp)?)
        }
        Form::Science { hdu } => science(store, camera, (piece, hdu)),
    }
}

fn raw(amp: AmpImage) -> Result<Amplifier> {
    let geometry = amp.geometry;
    let missing = |what: &str| Error::input("mosaic", what, "not in the array", "inside it");
    let section =
        |section: Section, what: &str| section.view(&amp.planes.image).ok_or_else(|| missing(what));
    let overscan = match geometry.overscan {
        Some(place) => {
            let pixels = section(place, "overscan")?;
            finite_median(pixels.iter().map(|value| f64::from(*value)))
        }
        None => None,
    };
    let imaging = section(geometry.imaging, "imaging pixels")?;
    let zero = overscan.unwrap_or(0.0);
    let above = imaging.mapv(|value| (f64::from(value) - zero) as f32);
    let place = geometry.on_detector;
    Ok(Amplifier {
        image: geometry.sky_from_readout().apply(above),
        overscan,
        on_detector: (place.column_start, place.row_start),
    })
}

fn science(
    store: &mut dyn Store,
    camera: &Instrument,
    (piece, hdu): (&Piece, usize),
) -> Result<Amplifier> {
    let mut source = Source::open(store, &piece.key)?;
    let file = FitsFile::open(&mut source)?;
    let image = file.read_image(&mut source, hdu)?.values;
    let (on_detector, flip) = placed(camera, piece, image.dim())?;
    Ok(Amplifier { image: flip.apply(image), overscan: None, on_detector })
}

/// Where the image of an amplifier of this shape lies on the detector, and how it is turned.
pub(super) fn placed(
    camera: &Instrument,
    piece: &Piece,
    shape: (usize, usize),
) -> Result<((usize, usize), crate::geometry::Flip)> {
    let amplifier = camera.amplifier(piece.amp).ok_or_else(|| {
        let needed = format!("one of the camera {}", camera.name);
        Error::input("mosaic", &format!("amplifier of {}", piece.key), piece.amp, needed)
    })?;
    let overscan =
        (amplifier.overscan_columns > 0).then_some((shape.0, amplifier.overscan_columns));
    let geometry = camera.geometry(amplifier, shape, overscan)?;
    let place = geometry.on_detector;
    Ok(((place.column_start, place.row_start), geometry.sky_from_stored))
}

/// The first image of a science file.
pub(super) fn image_of(file: &FitsFile) -> Option<(usize, (usize, usize))> {
    let first = image_file::images(file).into_iter().next()?;
    Some((first.hdu, (first.height, first.width)))
}

/// The median of all finite pixels, exactly.
pub(super) fn exact_median(image: &Array2<f32>) -> Option<f64> {
    let mut median = CountingMedian::new();
    let finite = || image.iter().copied().filter(|value| value.is_finite());
    median.offer(finite());
    median.begin_second_pass();
    median.offer(finite());
    median.finish()
}
