//! Pocket effect: give the charge that a serial trap has moved between pixels back to its pixels.
//!
//! While a row is read, each pixel passes a trap with content `q` (DN, 0 at the start of the row).
//! For a pixel of charge `n`, in the order of reading, with `a`, `c`, `b`, `m` the amplifier's
//! `alpha`, `cmax`, `beta`, `nmax`,
//!
//! ```text
//! leave = min( c (q/c)^a, q )               enter = min( c (1 - q/c)^a (n/m)^b, n )
//! f(n)  = n + leave - enter                 q    <- max(q - leave + enter, 0)
//! ```
//!
//! with `enter = 0` where `n <= 0`. The correction solves `f(x) = y` for the read row `y`, with `x = 0` in
//! the overscan, in one of two ways:
//!
//! ```text
//! passes    x <- y;    x <- x + (y - f(x)), a few times over the whole row
//! newton    column by column, with the trap as the columns before have left it,
//!           n - K n^b = y - leave   for n > 0        K = c (1 - q/c)^a / m^b
//!           n <- K^(1/(1-b)) + (y - leave)/(1-b);    Newton's step, a few times
//!           n = y - leave           where that is not above 0
//! ```
//!
//! The left side is convex and its start lies right of the root, so that the steps fall to the root,
//! which is where the passes end after many of them. Column `j` of one pass needs columns `<= j` of
//! the pass before it only, so all passes go through a row together, each with its own trap, and
//! nothing but the row itself is held. Sixteen rows go side by side as lanes.
//!
//! The overscan columns that gave the row level its zero hold the end of the released charge, so that
//! the level was too high by the mean of `f(x)` there; its median over the rows, 0.04 to 0.08 DN for
//! the survey camera and the last five columns, is added to every pixel:
//!
//! ```text
//! image <- x + median over rows of mean over those columns of f(x)
//! ```
//!
//! * Planes: `image` in DN, shape `(row, column)`, readout order. The overscan columns become
//!   `y - f(x)`: what the model leaves there. Noise of the light is made before the trap, which
//!   smears it and which the correction undoes; noise of reading comes after the trap and is
//!   amplified, so that the `variance`, which holds no light yet, follows
//!
//!   ```text
//!   variance <- variance (dx/dy)²        dx/dy = 1 / (1 - b enter / n), at most 2
//!   ```
//!
//!   (1.1 at 200 DN, 1.01 at 10,000 DN). What a pixel's noise does to the next ones through the trap
//!   is below 1 % of its variance and is left out.
//! * Order: after `linearity`. Not for a bias, which has no charge to lose.
//! * Mask: `POCKET_OPEN` where the last update was larger than 0.1 DN. That happens where the trap
//!   takes nearly all of a pixel. For the 64 traps of the survey camera and an even sky, four passes
//!   leave less than 0.3 DN in every column from 200 DN on, eight from 100 DN on; three steps leave
//!   less than 0.001 DN there. At 50 DN and below some traps swallow the first columns whole, and
//!   nothing brings them back.
//! * Negative pixels (noise about a low sky) bring no charge and stay as they are but for `leave`,
//!   so that the noise stays even about its mean.
//! * A pixel that is not finite stays as it is, and the trap passes it unchanged. A saturated pixel
//!   counts with the value it has.
//! * Source: the four-parameter model of ztfsensors (repository of 2026-01), used by ztfimg 0.19,
//!   whose inversion is four passes (its matrix factors cancel). Departures: the column-wise solution;
//!   it sets the first two rows at the start and negative pixels after each pass to the image's median
//!   (`pocket/published.rs` does as it does).

pub mod equilibrium;
mod inverse;
mod published;
mod trap;

use std::ops::Range;

use ndarray::{ArrayView1, ArrayViewMut1, ArrayViewMut2, Axis, s};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::geometry::Section;
use crate::image::{AmpImage, PixelUnit, Planes, run_mut};
use crate::instrument::PocketParams;
use crate::mask;
use crate::numerics::stats::finite_median;

use inverse::{Inverse, Solved};
use trap::{LANES, Lanes, NONE, Trap};

pub use trap::forward;

const STEP: &str = "pocket";
/// Last update (DN) above which a pixel counts as not settled.
const OPEN_DN: f64 = 0.1;
const MAX_ITERATIONS: u32 = 50;

/// How `f(x) = y` is solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Solver {
    /// A plain fixed point over whole rows, as ztfsensors does it.
    #[default]
    Passes,
    /// Newton's steps for one pixel after the other; exact and faster. Needs `beta` below 1.
    Newton,
    /// The passes with the slips of a peer (`pocket/published.rs`).
    Published,
}

/// Parameters of the recipe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// How the model is inverted.
    #[serde(default)]
    pub solver: Solver,
    /// Number of passes, or of steps for each pixel (1 to 50).
    #[serde(default = "four")]
    pub iterations: u32,
    /// A trap for all amplifiers (DN); the camera's at the date of the exposure if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trap: Option<PocketParams>,
    /// Which model of the effect.
    #[serde(default, skip_serializing_if = "Model::is_four_parameter")]
    pub model: Model,
}

/// Which model of the effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// The trap of four parameters.
    #[default]
    FourParameter,
    /// A trap in equilibrium with each pixel, in one pass (`pocket/equilibrium.rs`); its curve comes
    /// from the camera, by date and temperature. The other parameters do not matter.
    Equilibrium,
}

impl Model {
    fn is_four_parameter(&self) -> bool {
        *self == Model::FourParameter
    }
}

fn four() -> u32 {
    4
}

impl Default for Params {
    fn default() -> Params {
        Params { solver: Solver::Passes, iterations: four(), trap: None, model: Model::default() }
    }
}

/// What the step did.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Report {
    /// Largest |y - f(x)| of an imaging pixel after the last pass (DN).
    pub residual_dn: f64,
    /// Pixels whose last update was larger than 0.1 DN.
    pub open: u64,
    /// Released charge under the overscan's zero, given back to every pixel (DN).
    pub tail_dn: f64,
}

/// Corrects `amp` in place by the model of four parameters; the `camera`'s trap is used unless the
/// recipe gives one. (The other model has [`equilibrium::correct`].)
///
/// # Errors
/// [`Error::Input`] if the image is not in DN or its sections do not fit it, [`Error::Parameter`]
/// for a number outside its range or for the other model; then `amp` is unchanged.
pub fn correct(amp: &mut AmpImage, params: &Params, camera: &PocketParams) -> Result<Report> {
    let mut correction = Correction::new(amp, params, camera)?;
    correction.rows(amp, usize::MAX);
    Ok(correction.finish(amp))
}

/// The correction of one amplifier in pieces, for those who must listen in between.
pub struct Correction {
    params: Params,
    trap: PocketParams,
    imaging: Section,
    zero: Range<usize>,
    /// Rows that are done.
    done: usize,
    /// Released charge in the columns that gave the zero (DN), for every row that is done.
    tails: Vec<f64>,
    report: Report,
}

impl Correction {
    /// A correction of `amp` of which no row is done yet.
    ///
    /// # Errors
    /// Those of [`correct`].
    pub fn new(amp: &AmpImage, params: &Params, camera: &PocketParams) -> Result<Correction> {
        let trap = params.trap.unwrap_or(*camera);
        if params.model == Model::Equilibrium {
            let needed = "a model of four parameters, which this trap belongs to";
            return Err(Error::parameter("pocket.model", "equilibrium", needed));
        }
        let imaging = imaging_of(amp)?;
        check(params, &trap)?;
        let zero = amp.zero.map_or(0..0, |zero| zero.column_start..zero.column_end);
        let (tails, report) = (Vec::with_capacity(amp.planes.shape().0), Report::default());
        Ok(Correction { params: *params, trap, imaging, zero, done: 0, tails, report })
    }

    /// Corrects `rows` more rows of the `amp` it was made for; whether some are left. The slips of a
    /// peer need the whole image at once.
    pub fn rows(&mut self, amp: &mut AmpImage, rows: usize) -> bool {
        let all = amp.planes.shape().0;
        if self.params.solver == Solver::Published {
            self.done = all;
            let (iterations, trap) = (self.params.iterations, &self.trap);
            self.report = published::correct(amp, self.imaging, (iterations, trap));
            return false;
        }
        let (first, end) = (self.done.min(all), self.done.saturating_add(rows).min(all));
        self.done = end;
        self.part(amp, first..end);
        end < all
    }

    /// Corrects an image that holds some of the rows; none may come twice. The slips of a peer need the whole image.
    pub fn band(&mut self, amp: &mut AmpImage) {
        self.part(amp, 0..amp.planes.shape().0);
    }

    fn part(&mut self, amp: &mut AmpImage, rows: Range<usize>) {
        let (trap, part) = (Trap::new(&self.trap), s![rows, ..]);
        let lit = self.imaging.column_start..self.imaging.column_end;
        let Planes { image, variance, mask: bits } = &mut amp.planes;
        let (mut image, mut variance) = (image.slice_mut(part), variance.slice_mut(part));
        let mut bits = bits.slice_mut(part);
        let variances = variance.axis_chunks_iter_mut(Axis(0), LANES);
        let images = image.axis_chunks_iter_mut(Axis(0), LANES).zip(variances);
        for (block, bits) in images.zip(bits.axis_chunks_iter_mut(Axis(0), LANES)) {
            let rows = block.0.nrows();
            let inverse = Inverse::new(trap, &self.params);
            let columns = (&lit, &self.zero);
            let tail = correct_block(block, bits, inverse, columns, &mut self.report);
            let mean = |sum: &f64| sum / self.zero.len().max(1) as f64;
            self.tails.extend(tail.as_flattened().iter().take(rows).map(mean));
        }
    }

    /// Gives back to every pixel what the zero of the overscan took; after the last row.
    pub fn finish(self, amp: &mut AmpImage) -> Report {
        if self.params.solver == Solver::Published {
            return self.report;
        }
        let report = self.close();
        give_back(amp, &report);
        report
    }

    /// What was found in all rows.
    pub fn close(mut self) -> Report {
        self.report.tail_dn = finite_median(self.tails.into_iter()).unwrap_or(0.0);
        self.report
    }
}

/// Gives back to every pixel what the zero of the overscan took.
pub fn give_back(amp: &mut AmpImage, report: &Report) {
    let tail_dn = report.tail_dn;
    for pixel in run_mut(&mut amp.planes.image) {
        *pixel = (f64::from(*pixel) + tail_dn) as f32;
    }
}

/// The imaging section of an image that the step can work on.
fn imaging_of(amp: &AmpImage) -> Result<Section> {
    if amp.unit != PixelUnit::Dn {
        return Err(Error::input(STEP, "pixel unit", format!("{:?}", amp.unit), "Dn"));
    }
    let (imaging, shape) = (amp.geometry.imaging, amp.planes.shape());
    if !imaging.fits(shape) || amp.planes.mask.dim() != shape {
        let found = format!("{imaging:?} and a mask of {:?}", amp.planes.mask.dim());
        return Err(Error::input(STEP, "imaging section", found, format!("inside {shape:?}")));
    }
    Ok(imaging)
}

fn check(params: &Params, trap: &PocketParams) -> Result<()> {
    let iterations = params.iterations;
    if !(1..=MAX_ITERATIONS).contains(&iterations) {
        let needed = format!("1 to {MAX_ITERATIONS}");
        return Err(Error::parameter("pocket.iterations", iterations, needed));
    }
    if params.solver == Solver::Newton && trap.beta >= 1.0 {
        return Err(Error::parameter("pocket.trap.beta", trap.beta, "below 1 for newton"));
    }
    for (name, value, most) in [
        ("alpha", trap.alpha, 3.0),
        ("cmax", trap.cmax, 1e9),
        ("beta", trap.beta, 3.0),
        ("nmax", trap.nmax, 1e9),
    ] {
        if !(value > 0.0 && value <= most) {
            let needed = format!("above 0, at most {most}");
            return Err(Error::parameter(&format!("pocket.trap.{name}"), value, needed));
        }
    }
    Ok(())
}

/// Sixteen rows, column by column; the sum of `f(x)` over the columns that gave the zero.
fn correct_block(
    (mut image, mut variance): (ArrayViewMut2<'_, f32>, ArrayViewMut2<'_, f32>),
    mut bits: ArrayViewMut2<'_, u32>,
    mut inverse: Inverse,
    (lit, zero): (&Range<usize>, &Range<usize>),
    report: &mut Report,
) -> Lanes {
    let mut tail = NONE;
    let columns = image.columns_mut().into_iter().zip(bits.columns_mut());
    for (column, (mut pixels, bits)) in columns.enumerate() {
        let read = gather(pixels.view());
        if lit.contains(&column) {
            let solved = inverse.solve(&read);
            scatter(&mut pixels, &solved.charge);
            let variances = variance.column_mut(column).into_iter();
            variances.zip(solved.slope.as_flattened()).for_each(|(variance, slope)| {
                *variance = (f64::from(*variance) * slope * slope) as f32;
            });
            take_stock(bits, &read, &solved, report);
        } else {
            let leftover = inverse.leftover(&read);
            scatter(&mut pixels, &leftover);
            if zero.contains(&column) {
                let released = inverse::minus(&read, &leftover);
                let sums = tail.as_flattened_mut().iter_mut().zip(released.as_flattened());
                sums.for_each(|(sum, released)| *sum += released);
            }
        }
    }
    tail
}

fn gather(pixels: ArrayView1<'_, f32>) -> Lanes {
    let mut lanes = NONE;
    let numbers = lanes.as_flattened_mut().iter_mut().zip(pixels);
    numbers.for_each(|(lane, pixel)| *lane = f64::from(*pixel));
    lanes
}

/// Writes the lanes; a pixel that is not finite stays as it is.
fn scatter(pixels: &mut ArrayViewMut1<'_, f32>, lanes: &Lanes) {
    for (pixel, lane) in pixels.iter_mut().zip(lanes.as_flattened()) {
        *pixel = if pixel.is_finite() { *lane as f32 } else { *pixel };
    }
}

fn take_stock(bits: ArrayViewMut1<'_, u32>, read: &Lanes, solved: &Solved, report: &mut Report) {
    let last = solved.residual.as_flattened().iter().zip(solved.update.as_flattened());
    for ((bits, read), (residual, update)) in bits.into_iter().zip(read.as_flattened()).zip(last) {
        if !read.is_finite() {
            continue;
        }
        report.residual_dn = report.residual_dn.max(residual.abs());
        if update.abs() > OPEN_DN {
            *bits |= mask::POCKET_OPEN;
            report.open += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "rows that must be equal are equal to the last bit")]

    use ndarray::{Array2, array, concatenate};

    use super::*;
    use crate::geometry::{AmpGeometry, Flip};
    use crate::ids::AmpId;
    use crate::instrument::Instrument;

    const TRAP: PocketParams =
        PocketParams { alpha: 1.4, cmax: 420.0, beta: 0.45, nmax: 120_000.0 };

    /// Rows of charge of the fixture: an even sky, edges of bright light, falling light.
    fn charge() -> Array2<f64> {
        let mut rows = Array2::zeros((3, 12));
        rows.row_mut(0).slice_mut(s![..8]).fill(200.0);
        let steps = [
            [0.0, 0.0, 5e3, 5e3, 30.0, 20.0, 10.0, 0.0],
            [6e4, 50.0, 50.0, 50.0, 4e4, 1.0, 2.0, 3.0],
        ];
        rows.slice_mut(s![1.., ..8]).assign(&array![steps[0], steps[1]]);
        rows
    }

    /// What the plain numpy statement of ztfsensors' model makes of [`charge`], to 12 digits.
    fn read_by_the_peer() -> Array2<f64> {
        array![
            [
                176.390802364,
                185.692382757,
                193.809750261,
                197.693947142,
                199.191593646,
                199.722840181,
                199.905710446,
                199.968007764,
                19.937413986,
                9.33036545629,
                5.24842306502,
                3.27556843261
            ],
            [
                0.0,
                0.0,
                4899.50273757,
                4988.18913605,
                89.7604101494,
                35.9337751443,
                18.400568455,
                9.57937755552,
                5.35955399567,
                3.33367321399,
                2.22376140749,
                1.56001470722
            ],
            [
                59692.5420039,
                319.392179007,
                53.4935043006,
                51.5144330968,
                39783.5566168,
                202.966740869,
                19.8844264357,
                10.2692049593,
                6.92673537115,
                4.12442741872,
                2.6705920701,
                1.83300924902
            ],
        ]
    }

    fn amp(read: &Array2<f64>, overscan: usize) -> AmpImage {
        let (rows, columns) = read.dim();
        let imaging = Section::at((0, 0), (rows, columns - overscan));
        let strip = Section::at((0, columns - overscan), (rows, overscan));
        AmpImage {
            planes: Planes::from_image(read.mapv(|x| x as f32)),
            unit: PixelUnit::Dn,
            amp: AmpId(1),
            geometry: AmpGeometry {
                imaging,
                overscan: Some(strip),
                readout_from_stored: Flip::NONE,
                sky_from_stored: Flip::NONE,
                on_detector: imaging,
            },
            gain: 6.0,
            read_noise: 9.0,
            quantum: vec![1.0; rows],
            zero: None,
        }
    }

    fn corrected(read: &Array2<f64>, overscan: usize) -> AmpImage {
        let mut amp = amp(read, overscan);
        correct(&mut amp, &Params::default(), &TRAP).unwrap();
        amp
    }

    /// All traps of the survey camera.
    fn survey_traps() -> Vec<PocketParams> {
        let camera = Instrument::built_in("ztf").unwrap();
        camera.pocket[0].rows.iter().map(|row| row.params()).collect()
    }

    /// An even sky without noise: rows of `columns` at `level`, then 30 of overscan.
    fn sky(level: f64, rows: usize, columns: usize) -> Array2<f64> {
        Array2::from_shape_fn(
            (rows, columns + 30),
            |(_, column)| {
                if column < columns { level } else { 0.0 }
            },
        )
    }

    /// Numbers of mean 0 and standard deviation 1: sums of twelve even ones.
    fn noise(shape: (usize, usize)) -> Array2<f64> {
        let mut state = 7_u64;
        let mut even = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        };
        Array2::from_shape_fn(shape, |_| (0..12).map(|_| even()).sum())
    }

    #[test]
    fn the_trap_reads_as_the_peers_model_does() {
        for (ours, peer) in forward(&charge(), &TRAP).iter().zip(&read_by_the_peer()) {
            assert!((ours - peer).abs() <= 1e-10 * peer.max(1.0), "{ours} for {peer}");
        }
    }

    /// Four passes of the same iteration on the peer's forward model in numpy, 9 digits, and what
    /// it leaves in the overscan.
    #[test]
    fn four_passes_give_the_peers_numbers() {
        let image = corrected(&read_by_the_peer(), 4).planes.image;
        let peer = array![
            [
                199.999811, 200.000275, 200.000058, 199.999885, 199.999939, 200.000007, 200.000027,
                200.000008
            ],
            [0.0, 0.0, 5000.00019, 4999.99983, 30.0036272, 19.985492, 10.0057444, 3.49190483],
            [
                60000.001,
                50.0000206,
                49.9982546,
                50.0017464,
                39999.9981,
                1.05438035,
                2.34404308,
                0.502367975
            ],
        ];
        for (ours, peer) in image.slice(s![.., ..8]).iter().zip(&peer) {
            assert!((f64::from(*ours) - peer).abs() <= 1e-6 * peer.max(1.0), "{ours} for {peer}");
        }
        let left = array![
            [0.0, 0.0, 0.0, 0.0],
            [-1.44548622, -0.731142156, -0.413801467, -0.253099305],
            [0.982963789, 0.489912516, 0.274552201, 0.166731489],
        ];
        for (ours, peer) in image.slice(s![.., 8..]).iter().zip(&left) {
            assert!((f64::from(*ours) - peer).abs() <= 1e-6, "{ours} for {peer}");
        }
    }

    /// Newton's steps lead where the passes end, wherever the trap leaves something of each pixel.
    #[test]
    fn both_solvers_end_at_the_same_charge() {
        let patient = Params { iterations: 50, ..Params::default() };
        let steps = Params { solver: Solver::Newton, iterations: 5, ..Params::default() };
        let rows = (sky(150.0, 37, 50) + noise((37, 80)) * 4.0).mapv(|x| x.max(0.0));
        let read = forward(&rows, &TRAP) + noise((37, 80));
        let (mut one, mut other) = (amp(&read, 30), amp(&read, 30));
        correct(&mut one, &patient, &TRAP).unwrap();
        correct(&mut other, &steps, &TRAP).unwrap();
        let (one, other) = (one.planes, other.planes);
        let largest = other.image.iter().zip(&one.image).map(|(a, b)| (a - b).abs());
        assert!(largest.clone().fold(0.0, f32::max) < 1e-4, "{:?}", largest.fold(0.0, f32::max));
        assert!(other.mask.iter().chain(&one.mask).all(|bits| *bits == 0));
    }

    #[test]
    fn three_steps_bring_back_every_survey_amplifier() {
        for level in [100.0, 200.0, 500.0, 2_000.0, 20_000.0, 60_000.0] {
            let worst = worst_profile_error(
                level,
                Params { solver: Solver::Newton, iterations: 3, ..Params::default() },
            );
            assert!(worst < 1e-3_f64.max(1e-6 * level), "{worst} DN at {level} DN");
        }
    }

    #[test]
    fn the_report_counts_what_did_not_settle() {
        let mut amp = amp(&read_by_the_peer(), 4);
        let report = correct(&mut amp, &Params::default(), &TRAP).unwrap();
        // The numpy iteration above: two updates above 0.1 DN, 0.170206 DN left.
        assert_eq!(report.open, 2);
        assert!((report.residual_dn - 0.170_206).abs() < 1e-6, "{report:?}");
        assert_eq!(mask::count(&amp.planes.mask, mask::POCKET_OPEN), 2);
        let patient = Params { iterations: 50, ..Params::default() };
        let mut again = super::tests::amp(&read_by_the_peer(), 4);
        let settled = correct(&mut again, &patient, &TRAP).unwrap();
        assert_eq!(settled.open, 0);
        assert!(settled.residual_dn < 1e-3, "{settled:?}");
    }

    #[test]
    fn no_charge_is_made_and_what_is_missing_is_in_the_trap() {
        let (charge, read) = (charge(), forward(&charge(), &TRAP));
        for (charge, read) in charge.rows().into_iter().zip(read.rows()) {
            let missing = charge.sum() - read.sum();
            assert!((0.0..TRAP.cmax).contains(&missing), "{missing}");
        }
        let late = concatenate![Axis(1), charge, Array2::zeros((3, 5_000))];
        let missing = late.sum() - forward(&late, &TRAP).sum();
        assert!((0.0..0.1).contains(&missing), "{missing}");
    }

    #[test]
    fn charge_moves_to_later_columns_only() {
        let dark = sky(100.0, 1, 40);
        let mut bright = dark.clone();
        bright[[0, 12]] = 30_000.0;
        let change = forward(&bright, &TRAP) - forward(&dark, &TRAP);
        assert!(change.slice(s![0, ..12]).iter().all(|&d| d == 0.0));
        assert!(change[[0, 12]] < 29_900.0);
        assert!(change.slice(s![0, 13..33]).iter().all(|&d| d > 0.0));
    }

    #[test]
    fn a_row_does_not_depend_on_the_others() {
        let rows = (sky(150.0, 37, 50) + noise((37, 80)) * 4.0).mapv(|x| x.max(0.0));
        let (read, image) = (forward(&rows, &TRAP), corrected(&rows, 30).planes.image);
        for row in 0..37 {
            let alone = rows.slice(s![row..=row, ..]).to_owned();
            assert_eq!(forward(&alone, &TRAP).row(0), read.row(row));
            assert_eq!(corrected(&alone, 30).planes.image.row(0), image.row(row));
        }
    }

    #[test]
    fn pieces_of_rows_give_what_all_at_once_gives() {
        let charge = (sky(150.0, 37, 50) + noise((37, 80)) * 4.0).mapv(|x| x.max(0.0));
        let mut raw = amp(&forward(&charge, &TRAP), 30);
        raw.zero = Some(Section::at((0, 75), (37, 5)));
        let mut whole = raw.clone();
        let report = correct(&mut whole, &Params::default(), &TRAP).unwrap();
        assert!(report.tail_dn > 0.0 && whole != raw);
        for rows in [1, 5, 16, 37, 100] {
            let mut pieces = raw.clone();
            let mut correction = Correction::new(&pieces, &Params::default(), &TRAP).unwrap();
            let mut count = 1;
            while correction.rows(&mut pieces, rows) {
                count += 1;
            }
            assert_eq!(count, 37_usize.div_ceil(rows));
            assert_eq!((correction.finish(&mut pieces), &pieces), (report, &whole));
        }
    }

    /// Largest error of the corrected profile of an even sky, over the traps of the survey camera.
    fn worst_profile_error(level: f64, params: Params) -> f64 {
        let (truth, mut worst) = (sky(level, 1, 200), 0.0_f64);
        for trap in survey_traps() {
            let read = forward(&truth, &trap);
            assert!(truth[[0, 0]] - read[[0, 0]] > 3.0, "no effect at {level} DN");
            let mut amp = amp(&read, 30);
            correct(&mut amp, &params, &trap).unwrap();
            let back = amp.planes.image.mapv(f64::from) - &truth;
            worst = back.iter().fold(worst, |worst, d| worst.max(d.abs()));
        }
        worst
    }

    fn passes(iterations: u32) -> Params {
        Params { iterations, ..Params::default() }
    }

    #[test]
    fn the_column_profile_of_every_survey_amplifier_comes_back() {
        for level in [200.0, 500.0, 2_000.0, 20_000.0] {
            let worst = worst_profile_error(level, passes(4));
            assert!(worst < 0.3, "{worst} DN at {level} DN");
        }
    }

    #[test]
    fn a_low_sky_needs_more_passes() {
        assert!(worst_profile_error(100.0, passes(4)) > 1.0);
        let worst = worst_profile_error(100.0, passes(8));
        assert!(worst < 0.3, "{worst} DN");
    }

    /// Read noise of 1.5 DN is added after the trap; its own mean is taken off.
    #[test]
    fn the_mean_is_kept_however_low_the_sky() {
        let noise = noise((32, 3_102)) * 1.5;
        let pixels = (32 * 3_072) as f64;
        let own_mean = noise.slice(s![.., ..3_072]).sum() / pixels;
        let traps = survey_traps();
        let newton = Params { solver: Solver::Newton, iterations: 3, ..Params::default() };
        for level in [0.0, 1.0, 5.0, 20.0, 50.0, 100.0, 200.0] {
            for (trap, params) in [
                (traps[0], passes(4)),
                (traps[30], passes(4)),
                (traps[63], passes(4)),
                (traps[0], newton),
                (traps[30], newton),
                (traps[63], newton),
            ] {
                let truth = sky(level, 32, 3_072);
                let mut amp = amp(&(forward(&truth, &trap) + &noise), 30);
                correct(&mut amp, &params, &trap).unwrap();
                let error = amp.planes.image.mapv(f64::from) - &truth;
                let bias = error.slice(s![.., ..3_072]).sum() / pixels - own_mean;
                assert!(bias.abs() < 0.02, "{bias} DN at {level} DN, {params:?}, {trap:?}");
            }
        }
    }

    #[test]
    fn a_negative_pixel_brings_nothing_and_is_kept() {
        let read = array![[-3.0, -1.0, 500.0, -2.0, 0.0, 0.0]];
        let image = corrected(&read, 2).planes.image;
        assert_eq!((image[[0, 0]], image[[0, 1]]), (-3.0, -1.0));
        // After the bright pixel the trap gives: the pixel held less than was read.
        assert!(image[[0, 3]] < -2.0);
    }

    #[test]
    fn a_pixel_without_data_leaves_the_row_as_if_it_were_not_there() {
        let row = sky(80.0, 1, 20);
        let without = corrected(&row, 30).planes.image;
        for missing in [f64::NAN, f64::INFINITY] {
            let gap = Array2::from_elem((1, 1), missing);
            let with = concatenate![Axis(1), row.slice(s![.., ..6]), gap, row.slice(s![.., 6..])];
            let image = corrected(&with, 30).planes.image;
            assert!(!image[[0, 6]].is_finite());
            assert_eq!(image.slice(s![.., ..6]), without.slice(s![.., ..6]));
            assert_eq!(image.slice(s![.., 7..]), without.slice(s![.., 6..]));
            let read = forward(&with, &TRAP);
            assert_eq!(read.slice(s![.., 7..]), forward(&row, &TRAP).slice(s![.., 6..]));
        }
    }

    #[test]
    fn a_pixel_beyond_the_range_does_not_poison_its_row() {
        let mut row = sky(100.0, 1, 60);
        row[[0, 10]] = 5e6;
        let read = forward(&row, &TRAP);
        assert!(read.iter().all(|x| x.is_finite()));
        let image = corrected(&read, 30).planes.image;
        assert!((image[[0, 59]] - 100.0).abs() < 0.3);
    }

    #[test]
    fn what_cannot_be_corrected_is_refused_and_left_alone() {
        let good = amp(&read_by_the_peer(), 4);
        let refuse = |amp: &AmpImage, params: &Params, trap: &PocketParams| {
            let mut after = amp.clone();
            let told = correct(&mut after, params, trap).unwrap_err().to_string();
            assert_eq!(after, *amp);
            told
        };
        let (params, raw) =
            (Params::default(), AmpImage { unit: PixelUnit::RawDn, ..good.clone() });
        assert!(refuse(&raw, &params, &TRAP).contains("found RawDn, needed Dn"));
        let mut odd = good.clone();
        odd.geometry.imaging = Section::at((0, 0), (3, 13));
        assert!(refuse(&odd, &params, &TRAP).contains("imaging section"));
        for iterations in [0, 51] {
            let params = Params { iterations, ..params };
            assert!(refuse(&good, &params, &TRAP).contains("pocket.iterations"));
        }
        let newton = Params { solver: Solver::Newton, ..params };
        assert!(refuse(&good, &newton, &PocketParams { beta: 1.0, ..TRAP }).contains("below 1"));
        for bad in [
            PocketParams { alpha: f64::NAN, ..TRAP },
            PocketParams { cmax: 0.0, ..TRAP },
            PocketParams { beta: 3.1, ..TRAP },
            PocketParams { nmax: f64::INFINITY, ..TRAP },
        ] {
            assert!(refuse(&good, &params, &bad).contains("pocket.trap."));
            let params = Params { trap: Some(bad), ..params };
            assert!(refuse(&good, &params, &TRAP).contains("pocket.trap."));
        }
    }

    #[test]
    fn charge_released_under_the_zero_of_the_overscan_is_given_back() {
        // The overscan step takes the mean of its last columns as zero, released charge and all.
        let rows = 64;
        let mut charge = Array2::from_elem((rows, 230), 160.0);
        charge.slice_mut(s![.., 200..]).fill(0.0);
        let mut read = forward(&charge, &TRAP);
        let tail = read.slice(s![.., 225..]).mean().unwrap();
        assert!(tail > 0.03, "{tail}");
        read -= tail;
        let mut amp = amp(&read, 30);
        amp.zero = Some(Section::at((0, 225), (rows, 5)));
        let report =
            correct(&mut amp, &Params { iterations: 12, ..Params::default() }, &TRAP).unwrap();
        assert!((report.tail_dn - tail).abs() < 2e-3, "{report:?} {tail}");
        let mean = amp.planes.image.slice(s![.., 50..200]).mean().unwrap();
        assert!((mean - 160.0).abs() < 5e-3, "{mean}");
    }

    #[test]
    fn the_variance_of_reading_follows_the_slope_of_the_correction() {
        let (rows, columns) = (16, 200);
        let mut light = Array2::from_elem((rows, columns + 20), 200.0);
        light.slice_mut(s![.., columns..]).fill(0.0);
        let read = forward(&light, &TRAP);
        let params = Params { iterations: 20, ..Params::default() };
        let at = |read: &Array2<f64>| {
            let mut amp = amp(read, 20);
            amp.planes.variance.fill(4.0);
            correct(&mut amp, &params, &TRAP).unwrap();
            (f64::from(amp.planes.image[[0, 150]]), f64::from(amp.planes.variance[[0, 150]]))
        };
        let mut more = read.clone();
        more[[0, 150]] += 1.0;
        let ((low, variance), (high, _)) = (at(&read), at(&more));
        let slope = high - low;
        assert!(slope > 1.03 && (variance / (4.0 * slope * slope) - 1.0).abs() < 0.01, "{slope}");
    }

    #[test]
    fn parameters_refuse_unknown_fields_and_have_defaults() {
        let empty: Params = toml::from_str("").unwrap();
        assert_eq!(empty, Params { iterations: 4, ..Params::default() });
        assert!(toml::from_str::<Params>("iteration = 4").is_err());
    }
}
