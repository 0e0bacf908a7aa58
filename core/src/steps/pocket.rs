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
//! with `enter = 0` where `n <= 0`. The correction solves `f(x) = y` for the read row `y`:
//!
//! ```text
//! x <- y;    x <- x + (y - f(x)), a few times;    x = 0 in the overscan throughout
//! ```
//!
//! Column `j` of one pass needs columns `<= j` of the pass before it only, so all passes go through
//! a row together, each with its own trap, and nothing but the row itself is held. Sixteen rows go
//! side by side as lanes.
//!
//! * Planes: `image` in DN, shape `(row, column)`, readout order. The overscan columns become
//!   `y - f(x)`: what the model leaves there. `variance` stays: noise of the light is made before
//!   the trap, which smears it and which the correction undoes, so that dx/dn = 1; noise of reading
//!   comes after the trap and is amplified by dx/dy = 1 / (1 - b enter/n), 1.1 at 200 DN and 1.01
//!   at 10,000 DN, where it is a small part of the variance.
//! * Order: after `linearity`. Not for a bias, which has no charge to lose.
//! * Mask: `POCKET_OPEN` where the last update was larger than 0.1 DN. That happens where the trap
//!   takes nearly all of a pixel: the first columns of a row under a sky of a few DN.
//! * Negative pixels (noise about a low sky) bring no charge and stay as they are but for `leave`,
//!   so that the noise stays even about its mean.
//! * A pixel that is not finite stays as it is, and the trap passes it unchanged. A saturated pixel
//!   counts with the value it has.
//! * Source: the four-parameter model of ztfsensors (repository of 2026-01), used by ztfimg 0.19,
//!   whose inversion is this iteration with four passes (its matrix factors cancel). Departures: it
//!   sets the first two rows at the start and negative pixels after each pass to the image's median.

use ndarray::{Array2, ArrayView1, ArrayViewMut1, ArrayViewMut2, Axis};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::image::{AmpImage, PixelUnit};
use crate::instrument::PocketParams;
use crate::mask;
use crate::numerics::power::{exp2, log2};

const STEP: &str = "pocket";
/// Rows that go side by side.
const LANES: usize = 16;
/// Last update (DN) above which a pixel counts as not settled.
const OPEN_DN: f64 = 0.1;
const MAX_ITERATIONS: u32 = 50;

type Lanes = [f64; LANES];

/// Parameters of the recipe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Number of passes (1 to 50).
    #[serde(default = "four")]
    pub iterations: u32,
    /// A trap for all amplifiers (DN); the camera's at the date of the exposure if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trap: Option<PocketParams>,
}

fn four() -> u32 {
    4
}

impl Default for Params {
    fn default() -> Params {
        Params { iterations: four(), trap: None }
    }
}

/// What the step did.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Report {
    /// Largest |y - f(x)| of an imaging pixel after the last pass (DN).
    pub residual_dn: f64,
    /// Pixels whose last update was larger than 0.1 DN.
    pub open: u64,
}

/// What the trap makes of `pixels` (DN, rows of charge in the order of reading, with as many empty
/// columns at the end as the overscan has).
pub fn forward(pixels: &Array2<f64>, params: &PocketParams) -> Array2<f64> {
    let trap = Trap::new(params);
    let mut out = Array2::zeros(pixels.raw_dim());
    let blocks = pixels.axis_chunks_iter(Axis(0), LANES);
    for (pixels, mut out) in blocks.zip(out.axis_chunks_iter_mut(Axis(0), LANES)) {
        let mut content = [0.0; LANES];
        for (pixels, out) in pixels.columns().into_iter().zip(out.columns_mut()) {
            let mut charge = [0.0; LANES];
            charge.iter_mut().zip(pixels).for_each(|(lane, pixel)| *lane = *pixel);
            let read = trap.read(&charge, &mut content);
            out.into_iter().zip(read).for_each(|(pixel, lane)| *pixel = lane);
        }
    }
    out
}

/// Corrects `amp` in place; the `camera`'s trap is used unless the recipe gives one.
///
/// # Errors
/// [`Error::Input`] if the image is not in DN or its sections do not fit it, [`Error::Parameter`]
/// for a number outside its range; then `amp` is unchanged.
pub fn correct(amp: &mut AmpImage, params: &Params, camera: &PocketParams) -> Result<Report> {
    if amp.unit != PixelUnit::Dn {
        return Err(Error::input(STEP, "pixel unit", format!("{:?}", amp.unit), "Dn"));
    }
    let (imaging, shape) = (amp.geometry.imaging, amp.planes.shape());
    if !imaging.fits(shape) || amp.planes.mask.dim() != shape {
        let found = format!("{imaging:?} and a mask of {:?}", amp.planes.mask.dim());
        return Err(Error::input(STEP, "imaging section", found, format!("inside {shape:?}")));
    }
    let chosen = params.trap.unwrap_or(*camera);
    check(params.iterations, &chosen)?;
    let (trap, lit) = (Trap::new(&chosen), imaging.column_start..imaging.column_end);
    let mut report = Report::default();
    let images = amp.planes.image.axis_chunks_iter_mut(Axis(0), LANES);
    for (image, bits) in images.zip(amp.planes.mask.axis_chunks_iter_mut(Axis(0), LANES)) {
        let passes = Passes::new(trap, params.iterations);
        correct_block(image, bits, passes, &lit, &mut report);
    }
    Ok(report)
}

fn check(iterations: u32, trap: &PocketParams) -> Result<()> {
    if !(1..=MAX_ITERATIONS).contains(&iterations) {
        let needed = format!("1 to {MAX_ITERATIONS}");
        return Err(Error::parameter("pocket.iterations", iterations, needed));
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

/// Sixteen rows, column by column.
fn correct_block(
    mut image: ArrayViewMut2<'_, f32>,
    mut bits: ArrayViewMut2<'_, u32>,
    mut passes: Passes,
    lit: &std::ops::Range<usize>,
    report: &mut Report,
) {
    let columns = image.columns_mut().into_iter().zip(bits.columns_mut());
    for (column, (mut pixels, bits)) in columns.enumerate() {
        let read = gather(pixels.view());
        if lit.contains(&column) {
            let solved = passes.solve(&read);
            scatter(&mut pixels, &solved.charge);
            take_stock(bits, &read, &solved, report);
        } else {
            scatter(&mut pixels, &passes.leftover(&read));
        }
    }
}

fn gather(pixels: ArrayView1<'_, f32>) -> Lanes {
    let mut lanes = [0.0; LANES];
    lanes.iter_mut().zip(pixels).for_each(|(lane, pixel)| *lane = f64::from(*pixel));
    lanes
}

/// Writes the lanes; a pixel that is not finite stays as it is.
fn scatter(pixels: &mut ArrayViewMut1<'_, f32>, lanes: &Lanes) {
    for (pixel, lane) in pixels.iter_mut().zip(lanes) {
        *pixel = if pixel.is_finite() { *lane as f32 } else { *pixel };
    }
}

fn take_stock(bits: ArrayViewMut1<'_, u32>, read: &Lanes, solved: &Solved, report: &mut Report) {
    for (lane, bits) in bits.into_iter().enumerate() {
        if !read[lane].is_finite() {
            continue;
        }
        report.residual_dn = report.residual_dn.max(solved.residual[lane].abs());
        if solved.update[lane].abs() > OPEN_DN {
            *bits |= mask::POCKET_OPEN;
            report.open += 1;
        }
    }
}

/// The trap's numbers in the form in which the formula uses them.
#[derive(Clone, Copy)]
struct Trap {
    alpha: f64,
    beta: f64,
    cmax: f64,
    per_cmax: f64,
    per_nmax: f64,
}

impl Trap {
    fn new(params: &PocketParams) -> Trap {
        let PocketParams { alpha, cmax, beta, nmax } = *params;
        Trap { alpha, beta, cmax, per_cmax: 1.0 / cmax, per_nmax: 1.0 / nmax }
    }

    /// One column of all lanes: what is read, and the new content of the traps.
    fn read(&self, charge: &Lanes, content: &mut Lanes) -> Lanes {
        let mut read = [0.0; LANES];
        for ((read, content), charge) in read.iter_mut().zip(content).zip(charge) {
            (*read, *content) = self.pass(*charge, *content);
        }
        read
    }

    /// One pixel of charge `n` at a trap that holds `q`. Both powers of what enters share one
    /// exponential; an overfull trap (`q > c`, from a pixel above `m`) takes nothing.
    #[inline(always)]
    fn pass(&self, n: f64, q: f64) -> (f64, f64) {
        let known = n.abs() <= f64::MAX;
        let charge = if n > 0.0 { n } else { 0.0 };
        let filling = q * self.per_cmax;
        let leave = self.cmax * exp2(self.alpha * log2(filling));
        let leave = if leave < q { leave } else { q };
        let room = self.alpha * log2(1.0 - filling);
        let enter = self.cmax * exp2(room + self.beta * log2(charge * self.per_nmax));
        let enter = if enter < charge { enter } else { charge };
        let freed = if known { leave - enter } else { 0.0 };
        let rest = q - freed;
        (n + freed, if rest > 0.0 { rest } else { 0.0 })
    }
}

/// The traps of all passes over sixteen rows, and one more that tells what is left in the end.
struct Passes {
    trap: Trap,
    contents: Vec<Lanes>,
    last: Lanes,
}

/// One column after the last pass (DN).
struct Solved {
    charge: Lanes,
    update: Lanes,
    residual: Lanes,
}

impl Passes {
    fn new(trap: Trap, iterations: u32) -> Passes {
        Passes { trap, contents: vec![[0.0; LANES]; iterations as usize], last: [0.0; LANES] }
    }

    /// An imaging column: `x <- x + (y - f(x))` in every pass.
    fn solve(&mut self, read: &Lanes) -> Solved {
        let (mut charge, mut update) = (*read, [0.0; LANES]);
        for content in &mut self.contents {
            update = minus(read, &self.trap.read(&charge, content));
            charge.iter_mut().zip(&update).for_each(|(charge, update)| *charge += update);
        }
        let residual = minus(read, &self.trap.read(&charge, &mut self.last));
        Solved { charge, update, residual }
    }

    /// An overscan column, which holds no charge of its own: what the last trap does not explain.
    fn leftover(&mut self, read: &Lanes) -> Lanes {
        minus(read, &self.trap.read(&[0.0; LANES], &mut self.last))
    }
}

fn minus(a: &Lanes, b: &Lanes) -> Lanes {
    let mut out = *a;
    out.iter_mut().zip(b).for_each(|(out, b)| *out -= b);
    out
}
