//! The sums of one star after the other, row by row.
//!
//! A pixel that lies wholly in a circle lies wholly in every larger one: it is added once, to the
//! ring between two radii, and the rings are added up at the end. With `d` the distance of a row's nearer or farther
//! side from the center, a circle touches, or holds, the pixels of the row whose centers are within
//!
//! ```text
//! sqrt(r² - d_near²) + 1/2      touched
//! sqrt(r² - d_far²)  - 1/2      held
//! ```
//!
//! Only touched pixels that are not held need their overlap.

use std::ops::Range;

use ndarray::{ArrayView2, CowArray, Ix2};

use crate::mask;
use crate::numerics::overlap::{circle_pixel, circle_pixels};

use super::{Masked, Params, Pixels, Weighting};

/// sep adds a pixel, if only with a weight of 0, whose center is less than half a diagonal (pixel,
/// rounded up as there) beyond the radius.
const SEP_REACH_PIX: f64 = 0.7072;

/// Edges that are worked on together.
const BATCH: usize = 128;

/// Sums of one aperture while it grows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) flux: f64,
    pub(super) variance: f64,
    pub(super) area: f64,
    pub(super) n_masked: i32,
    pub(super) saturated: bool,
}

impl Sums {
    fn add(&mut self, other: &Sums) {
        self.flux += other.flux;
        self.variance += other.variance;
        self.area += other.area;
    }

    fn add_whole(&mut self, samples: &[Sample]) {
        for sample in samples {
            self.flux += sample.value;
            self.variance += sample.variance;
            self.area += sample.area;
        }
    }

    #[inline(always)]
    fn add_part(&mut self, sample: &Sample, weight: f64, weighting: Weighting) {
        // A pixel that is no number adds none where it is not touched.
        if weight > 0.0 {
            self.flux += weight * sample.value;
            self.area += weight * sample.area;
            self.variance += sample.variance
                * match weighting {
                    Weighting::WeightSquared => weight * weight,
                    Weighting::Weight => weight,
                };
        }
    }
}

/// What a pixel adds where it lies in a circle; nothing where it is left out.
#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    value: f64,
    variance: f64,
    area: f64,
}

/// A pixel on the edge of a circle.
#[derive(Debug, Clone, Copy)]
struct Edge {
    /// Which circle.
    circle: usize,
    radius: f64,
    /// Distance from the star along columns and rows.
    dx: f64,
    dy: f64,
    sample: Sample,
}

/// A pixel of the row that is left out, saturated or no number.
#[derive(Debug, Clone, Copy)]
struct Odd {
    /// Place in the row.
    column: usize,
    is_saturated: bool,
}

/// Local background: its mean and the variance of that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Local {
    pub(super) mean: f64,
    pub(super) variance: f64,
}

/// Room and constants for the sums of one star after the other.
pub(super) struct Summer<'a> {
    image: CowArray<'a, f32, Ix2>,
    variance: CowArray<'a, f32, Ix2>,
    mask: CowArray<'a, u32, Ix2>,
    mask_bits: u32,
    masked: Masked,
    weighting: Weighting,
    /// Radii from small to large, and their squares.
    radii: Vec<f64>,
    squares: Vec<f64>,
    /// Per radius, the pixels that lie wholly in it but not in the next smaller one.
    ring: Vec<Sums>,
    /// Per radius, the whole sum.
    total: Vec<Sums>,
    /// Of the row: what its pixels add, and those that are left out, saturated or no number.
    samples: Vec<Sample>,
    odd: Vec<Odd>,
    /// Edges that wait.
    edges: Vec<Edge>,
}

impl<'a> Summer<'a> {
    pub(super) fn new(pixels: Pixels<'a>, params: &Params, radii: Vec<f64>) -> Summer<'a> {
        Summer {
            image: in_rows(pixels.image),
            variance: in_rows(pixels.variance),
            mask: in_rows(pixels.mask),
            mask_bits: params.mask_bits,
            masked: params.masked,
            weighting: params.weighting,
            squares: radii.iter().map(|radius| radius * radius).collect(),
            ring: vec![Sums::default(); radii.len()],
            total: vec![Sums::default(); radii.len()],
            radii,
            samples: Vec::new(),
            odd: Vec::new(),
            edges: Vec::new(),
        }
    }

    /// The sums of the last star, radii from small to large.
    pub(super) fn total(&self) -> &[Sums] {
        &self.total
    }

    /// Sums the pixels around `(x, y)` for every radius.
    pub(super) fn sum(&mut self, (x, y): (f64, f64)) {
        self.ring.fill(Sums::default());
        self.total.fill(Sums::default());
        let largest = self.radii.last().copied().unwrap_or(0.0);
        let (rows, columns) = self.image.dim();
        let (Some((top, bottom)), Some((left, right))) =
            (span(y, largest, rows), span(x, largest, columns))
        else {
            return;
        };
        for row in top..bottom {
            let start = (left as f64 - x, row as f64 - y);
            self.load(row, left..right);
            self.cross(start);
            if self.edges.len() >= BATCH {
                self.add_edges();
            }
            self.add_odd(start);
        }
        self.add_edges();
        let mut inside = Sums::default();
        for (total, ring) in self.total.iter_mut().zip(&self.ring) {
            inside.add(ring);
            total.add(&inside);
        }
    }

    /// Reads a row.
    fn load(&mut self, row: usize, columns: Range<usize>) {
        self.samples.clear();
        self.odd.clear();
        let planes = (
            run(&self.image, row, &columns),
            run(&self.variance, row, &columns),
            run(&self.mask, row, &columns),
        );
        let pixels = planes.0.iter().zip(planes.1).zip(planes.2);
        let look = self.mask_bits | mask::SATURATED;
        let is_odd = |value: f32, variance: f32, bits: u32| {
            u32::from(!value.is_finite()) | u32::from(!variance.is_finite()) | (bits & look)
        };
        let odd = pixels
            .clone()
            .fold(0, |odd, ((&value, &variance), &bits)| odd | is_odd(value, variance, bits));
        if odd == 0 {
            self.samples.extend(pixels.map(|((&value, &variance), _)| {
                let (value, variance) = (f64::from(value), f64::from(variance));
                Sample { value, variance, area: 1.0 }
            }));
            return;
        }
        for (column, ((value, variance), bits)) in pixels.enumerate() {
            let sample = self.sample((*value, *variance), *bits);
            let is_saturated = bits & mask::SATURATED != 0;
            if is_saturated || sample.area == 0.0 || !sample.value.is_finite() {
                self.odd.push(Odd { column, is_saturated });
            }
            self.samples.push(sample);
        }
    }

    #[inline(always)]
    fn sample(&self, (value, variance): (f32, f32), bits: u32) -> Sample {
        let named = bits & self.mask_bits != 0;
        let is_left_out = match self.masked {
            Masked::LeaveOut => named || !value.is_finite() || !variance.is_finite(),
            Masked::NotANumber => false,
        };
        if is_left_out {
            return Sample::default();
        }
        let value = if named { f64::NAN } else { f64::from(value) };
        Sample { value, variance: f64::from(variance), area: 1.0 }
    }

    /// Adds the pixels of the row that lie wholly in circles, and finds those on their edges; the first pixel of
    /// the row lies at `(dx, dy)` from the star.
    fn cross(&mut self, (dx, dy): (f64, f64)) {
        let (near, far) = ((dy.abs() - 0.5).max(0.0), dy.abs() + 0.5);
        let (near2, far2, count) = (near * near, far * far, self.samples.len());
        let mut held = 0..0;
        let circles = self.radii.iter().zip(&self.squares).zip(&mut self.ring).enumerate();
        for (circle, ((&radius, &square), ring)) in circles {
            if square <= near2 {
                continue;
            }
            let touched = within((square - near2).sqrt() + 0.5, dx, count);
            let mut whole = match far2 < square {
                true => within((square - far2).sqrt() - 0.5, dx, count),
                false => 0..0,
            };
            if whole.is_empty() {
                whole = touched.end..touched.end;
            } else {
                let between = if held.is_empty() { whole.end..whole.end } else { held.clone() };
                for side in [whole.start..between.start, between.end..whole.end] {
                    ring.add_whole(self.samples.get(side).unwrap_or_default());
                }
                held = whole.clone();
            }
            for side in [touched.start..whole.start, whole.end..touched.end] {
                let dx = dx + side.start as f64;
                let samples = self.samples.get(side).unwrap_or_default();
                self.edges.extend(samples.iter().enumerate().map(|(place, &sample)| Edge {
                    circle,
                    radius,
                    dx: dx + place as f64,
                    dy,
                    sample,
                }));
            }
        }
    }

    /// Adds the pixels on edges of circles, two at a time.
    fn add_edges(&mut self) {
        let Summer { edges, total, weighting, .. } = self;
        let mut add = |edge: &Edge, weight: f64| {
            if let Some(sums) = total.get_mut(edge.circle) {
                sums.add_part(&edge.sample, weight, *weighting);
            }
        };
        let mut waiting: Option<&Edge> = None;
        for edge in edges.iter() {
            if edge.dx.abs() < 0.5 || edge.dy.abs() < 0.5 {
                add(edge, circle_pixel(edge.dx, edge.dy, edge.radius));
            } else if let Some(other) = waiting.take() {
                let (x, y) = ([other.dx, edge.dx], [other.dy, edge.dy]);
                let [first, second] = circle_pixels(x, y, [other.radius, edge.radius]);
                add(other, first);
                add(edge, second);
            } else {
                waiting = Some(edge);
            }
        }
        if let Some(edge) = waiting {
            add(edge, circle_pixel(edge.dx, edge.dy, edge.radius));
        }
        edges.clear();
    }

    /// Counts the odd pixels of a row where they lie in circles.
    fn add_odd(&mut self, (dx, dy): (f64, f64)) {
        let Summer { odd, samples, total, radii, masked, .. } = self;
        for one in odd.iter() {
            let (dx, Some(sample)) = (dx + one.column as f64, samples.get(one.column)) else {
                continue;
            };
            let is_lost = *masked == Masked::NotANumber && !sample.value.is_finite();
            for (&radius, sums) in radii.iter().zip(total.iter_mut()) {
                if circle_pixel(dx, dy, radius) > 0.0 {
                    sums.saturated |= one.is_saturated;
                    sums.n_masked += i32::from(sample.area == 0.0);
                } else if is_lost && is_seen((dx, dy), radius) {
                    sums.flux = f64::NAN;
                }
            }
        }
    }

    /// Mean and its variance over the annulus; `None` without a good pixel.
    pub(super) fn annulus(&self, (x, y): (f64, f64), (inner, outer): (f64, f64)) -> Option<Local> {
        let (rows, columns) = self.image.dim();
        let ((top, bottom), (left, right)) = (span(y, outer, rows)?, span(x, outer, columns)?);
        let (mut n, mut sum, mut variance) = (0.0, 0.0, 0.0);
        for row in top..bottom {
            for column in left..right {
                let (dx, dy) = (column as f64 - x, row as f64 - y);
                let distance2 = dx * dx + dy * dy;
                if distance2 < inner * inner || distance2 >= outer * outer {
                    continue;
                }
                let at = (row, column);
                let numbers = (*self.image.get(at)?, *self.variance.get(at)?);
                let sample = self.sample(numbers, *self.mask.get(at)?);
                n += sample.area;
                sum += sample.value;
                variance += sample.variance;
            }
        }
        (n > 0.0).then(|| Local { mean: sum / n, variance: variance / (n * n) })
    }
}

/// Whether sep looks at a pixel that a circle does not touch: 0 times no number is none.
fn is_seen((dx, dy): (f64, f64), radius: f64) -> bool {
    let (reach, box_half) = (radius + SEP_REACH_PIX, radius + 0.5);
    dx * dx + dy * dy < reach * reach && dx.abs() < box_half && dy.abs() < box_half
}

/// A plane whose rows are runs of pixels.
fn in_rows<T: Clone>(plane: ArrayView2<'_, T>) -> CowArray<'_, T, Ix2> {
    if plane.is_standard_layout() { plane.into() } else { plane.to_owned().into() }
}

/// Some pixels of a row; none if they are not there.
fn run<'a, T>(plane: &'a CowArray<'_, T, Ix2>, row: usize, columns: &Range<usize>) -> &'a [T] {
    let width = plane.ncols();
    let (start, end) = (row * width + columns.start, row * width + columns.end);
    plane.as_slice().and_then(|pixels| pixels.get(start..end)).unwrap_or_default()
}

/// The columns, of `count` of which the first lies at `dx`, that are at most `half` from the center.
fn within(half: f64, dx: f64, count: usize) -> Range<usize> {
    // Positive numbers are cut down to integers; beyond either end they stop there.
    let place = |at: f64| if at < 0.0 { 0 } else { (at as usize + 1).min(count) };
    let (start, end) = (place(-half - dx), place(half - dx));
    start..end.max(start)
}

/// First and one past the last pixel of a line that a circle can touch; `None` if there is none.
fn span(center: f64, radius: f64, length: usize) -> Option<(usize, usize)> {
    let low = (center - radius + 0.5).floor().max(0.0);
    let high = (center + radius + 0.5).ceil().min(length as f64);
    // A NaN would pass the bounds as 0 and the length.
    (center.is_finite() && low < high).then_some((low as usize, high as usize))
}
