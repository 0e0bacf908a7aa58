//! What is kept of a stage: its image, and variance and mask shared with the stage before where the
//! step left them as they were.

use std::cell::OnceCell;
use std::rc::Rc;

use ndarray::{Array2, ArrayView2, Axis, s};

use crate::geometry::{AmpGeometry, Flip, Section};
use crate::header::Header;
use crate::ids::{AmpId, DetectorId};
use crate::image::{PixelUnit, Planes, ScienceImage};
use crate::pipeline::Underway;

use super::info::{Statistics, ToTruth};
use super::thin::{Rows, rows_of};

/// Evidence of a step: a tag of the step's documentation, and numbers along an axis.
pub(super) type Evidence = Vec<(String, Vec<f64>)>;

/// A stage.
pub(super) struct Kept {
    /// `raw`, or the step that made it.
    pub(super) stage: &'static str,
    pub(super) key: String,
    /// The image's kind, place and unit, its planes taken out.
    shell: Underway,
    /// What its numbers count, in the words of its file, where that is all that is known.
    told_unit: Option<String>,
    pub(super) geometry: AmpGeometry,
    pub(super) image: Array2<f32>,
    pub(super) variance: Rc<Array2<f32>>,
    pub(super) mask: Rc<Array2<u32>>,
    pub(super) report: serde_json::Value,
    pub(super) evidence: Evidence,
    /// Numbers of the image, taken when they are first asked for.
    pub(super) statistics: OnceCell<Statistics>,
    /// Its distance to the truth, taken when it is first asked for; none if the truth is not known.
    pub(super) to_truth: OnceCell<Option<ToTruth>>,
}

/// Pixels in sky order at their place on the detector.
#[derive(Debug, Clone, Copy)]
pub struct SkyView<'a> {
    /// The pixels.
    pub image: ArrayView2<'a, f32>,
    /// Their variance (square of the image's unit).
    pub variance: Option<ArrayView2<'a, f32>>,
    /// Their mask bits.
    pub mask: Option<ArrayView2<'a, u32>>,
    /// Column and row of the first pixel on the detector.
    pub origin: (usize, usize),
}

impl Kept {
    pub(super) fn new(
        (stage, key): (&'static str, String),
        (mut image, geometry): (Underway, AmpGeometry),
        before: Option<&Kept>,
        (report, evidence): (serde_json::Value, Evidence),
    ) -> Kept {
        let empty = Planes::from_image(Array2::zeros((0, 0)));
        let planes = std::mem::replace(image.planes_mut(), empty);
        let Planes { image: pixels, variance, mask } = planes;
        Kept {
            stage,
            key,
            shell: image,
            told_unit: None,
            geometry,
            image: pixels,
            variance: shared(variance, before.map(|kept| &kept.variance)),
            mask: shared(mask, before.map(|kept| &kept.mask)),
            report,
            evidence,
            statistics: OnceCell::new(),
            to_truth: OnceCell::new(),
        }
    }

    /// An image in stored order that is looked at as it is; planes that it does not have are empty.
    pub(super) fn image(
        (stage, key): (&'static str, String),
        (image, variance, mask): (Array2<f32>, Option<Array2<f32>>, Option<Array2<u32>>),
        unit: String,
    ) -> Kept {
        let place = Section::at((0, 0), image.dim());
        let geometry = AmpGeometry {
            imaging: place,
            overscan: None,
            readout_from_stored: Flip::NONE,
            sky_from_stored: Flip::NONE,
            on_detector: place,
        };
        let shell = ScienceImage {
            planes: Planes::from_image(Array2::zeros((0, 0))),
            unit: PixelUnit::Dn,
            detector: DetectorId(0),
            amp: AmpId(0),
            header: Header::new(),
        };
        Kept {
            stage,
            key,
            shell: Underway::Science(shell),
            told_unit: Some(unit),
            geometry,
            image,
            variance: Rc::new(variance.unwrap_or_default()),
            mask: Rc::new(mask.unwrap_or_default()),
            report: serde_json::Value::Null,
            evidence: Vec::new(),
            statistics: OnceCell::new(),
            to_truth: OnceCell::new(),
        }
    }

    /// The same stage of an amplifier that has only these rows; all of it if it has rows without light, which
    /// do not thin with the others.
    pub(super) fn of_rows(&self, rows: &Rows) -> Kept {
        let all = self.image.nrows();
        let (mirrored, thins) = match &self.shell {
            Underway::Amplifier(_) => {
                (self.geometry.sky_from_readout().rows, self.geometry.rows(0..all, all).is_some())
            }
            Underway::Detector(_) => (false, true),
            Underway::Science(_) => (self.geometry.sky_from_stored.rows, true),
        };
        let places = if thins { rows.places(mirrored) } else { (0..all).collect() };
        let mut shell = self.shell.clone();
        let geometry = if thins { rows.shell(&mut shell, &self.geometry) } else { self.geometry };
        *shell.planes_mut() = Planes {
            image: rows_of(&self.image, &places),
            variance: rows_of(&self.variance, &places),
            mask: rows_of(&self.mask, &places),
        };
        let nothing = (serde_json::Value::Null, Vec::new());
        Kept::new((self.stage, self.key.clone()), (shell, geometry), None, nothing)
    }

    /// The image as the next step takes it.
    pub(super) fn underway(&self) -> Underway {
        let mut image = self.shell.clone();
        *image.planes_mut() = self.planes();
        image
    }

    /// Its planes; one that it does not have is zero.
    pub(super) fn planes(&self) -> Planes {
        Planes {
            image: self.image.clone(),
            variance: whole(&self.variance, self.image.dim()),
            mask: whole(&self.mask, self.image.dim()),
        }
    }

    /// What its numbers count; nothing for a response.
    pub(super) fn unit(&self) -> String {
        self.told_unit.clone().unwrap_or_else(|| super::info::unit(self.shell.unit()).to_owned())
    }

    /// Bytes of its own; what is shared counts with the stage that made it.
    pub(super) fn bytes(&self, before: Option<&Kept>) -> usize {
        let own = |shared: bool, count: usize| if shared { 0 } else { 4 * count };
        let same_variance = before.is_some_and(|kept| Rc::ptr_eq(&kept.variance, &self.variance));
        let same_mask = before.is_some_and(|kept| Rc::ptr_eq(&kept.mask, &self.mask));
        4 * self.image.len()
            + own(same_variance, self.variance.len())
            + own(same_mask, self.mask.len())
    }

    /// The imaging pixels in sky order.
    pub(super) fn sky(&self) -> SkyView<'_> {
        let (rows, columns) = self.image.dim();
        let (flip, imaging) = match &self.shell {
            Underway::Amplifier(_) => (self.geometry.sky_from_readout(), self.geometry.imaging),
            Underway::Detector(_) => (Flip::NONE, Section::at((0, 0), (rows, columns))),
            Underway::Science(_) => {
                (self.geometry.sky_from_stored, Section::at((0, 0), (rows, columns)))
            }
        };
        let rows = imaging.row_start.min(rows)..imaging.row_end.min(rows);
        let columns = imaging.column_start.min(columns)..imaging.column_end.min(columns);
        let cut = s![rows, columns];
        let place = self.geometry.on_detector;
        let shape = self.image.dim();
        SkyView {
            image: turned(self.image.slice(cut), flip),
            variance: (self.variance.dim() == shape)
                .then(|| turned(self.variance.slice(cut), flip)),
            mask: (self.mask.dim() == shape).then(|| turned(self.mask.slice(cut), flip)),
            origin: (place.column_start, place.row_start),
        }
    }

    /// The planes of the science image, once it is split.
    pub(super) fn science(&self) -> Option<Planes> {
        match &self.shell {
            Underway::Science(_) => Some(self.planes()),
            _ => None,
        }
    }
}

/// A copy of a plane, or zeros in the place of one that is not there.
fn whole<T: Clone + Default>(plane: &Array2<T>, shape: (usize, usize)) -> Array2<T> {
    if plane.dim() == shape { plane.clone() } else { Array2::default(shape) }
}

/// The array of the stage before, if it is the same.
fn shared<T: PartialEq>(array: Array2<T>, before: Option<&Rc<Array2<T>>>) -> Rc<Array2<T>> {
    match before {
        Some(before) if **before == array => Rc::clone(before),
        _ => Rc::new(array),
    }
}

pub(super) fn turned<T>(mut view: ArrayView2<'_, T>, flip: Flip) -> ArrayView2<'_, T> {
    if flip.rows {
        view.invert_axis(Axis(0));
    }
    if flip.columns {
        view.invert_axis(Axis(1));
    }
    view
}
