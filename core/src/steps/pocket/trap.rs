//! The serial trap: what one pixel of charge and the trap do to each other, sixteen rows side by side.
//!
//! The formulas are those of [`super`]; both powers of what enters share one exponential. The rows go in groups of
//! four, as the functions of [`crate::numerics::power`] want their numbers; a call for each group costs next to nothing,
//! and the browser loads the code once.

use ndarray::{Array2, Axis};

use crate::instrument::PocketParams;
use crate::numerics::power::{exp2, log2};

/// Rows whose numbers go through each operation together.
const GROUP: usize = 4;
/// Rows that go side by side.
pub(super) const LANES: usize = 16;
/// One number of each of four rows.
pub(super) type Group = [f64; GROUP];
/// One number of each of sixteen rows.
pub(super) type Lanes = [Group; LANES / GROUP];
/// Sixteen times nothing.
pub(super) const NONE: Lanes = [[0.0; GROUP]; LANES / GROUP];

/// What the trap makes of `pixels` (DN, rows of charge in the order of reading, with as many empty
/// columns at the end as the overscan has).
pub fn forward(pixels: &Array2<f64>, params: &PocketParams) -> Array2<f64> {
    let trap = Trap::new(params);
    let mut out = Array2::zeros(pixels.raw_dim());
    let blocks = pixels.axis_chunks_iter(Axis(0), LANES);
    for (pixels, mut out) in blocks.zip(out.axis_chunks_iter_mut(Axis(0), LANES)) {
        let mut content = NONE;
        for (pixels, out) in pixels.columns().into_iter().zip(out.columns_mut()) {
            let mut charge = NONE;
            charge
                .as_flattened_mut()
                .iter_mut()
                .zip(pixels)
                .for_each(|(lane, &pixel)| *lane = pixel);
            let read = trap.read(&charge, &mut content);
            out.into_iter().zip(read.as_flattened()).for_each(|(pixel, &lane)| *pixel = lane);
        }
    }
    out
}

/// The trap's numbers in the form in which the formula uses them.
#[derive(Clone, Copy)]
pub(super) struct Trap {
    alpha: f64,
    pub(super) beta: f64,
    cmax: f64,
    per_cmax: f64,
    /// log2 of `c / m^b`.
    log2_scale: f64,
}

/// What the contents of traps decide before their pixels come.
#[derive(Clone, Copy)]
pub(super) struct Before {
    /// Charge that leaves (DN).
    pub(super) leave: Group,
    /// log2 of `K` in `enter = min(K n^b, n)`.
    pub(super) log2_take: Group,
}

/// Pixels after their traps.
#[derive(Clone, Copy)]
pub(super) struct Passed {
    /// What is read (DN).
    pub(super) read: Group,
    /// What the traps hold then (DN).
    pub(super) content: Group,
    /// What entered them (DN).
    pub(super) entered: Group,
}

impl Trap {
    pub(super) fn new(params: &PocketParams) -> Trap {
        let PocketParams { alpha, cmax, beta, nmax } = *params;
        let [log2_cmax, log2_nmax] = log2(&[cmax, nmax]);
        let log2_scale = log2_cmax - beta * log2_nmax;
        Trap { alpha, beta, cmax, per_cmax: 1.0 / cmax, log2_scale }
    }

    /// One column of all lanes: what is read, and the new content of the traps.
    pub(super) fn read(&self, charge: &Lanes, content: &mut Lanes) -> Lanes {
        let mut read = NONE;
        for ((read, content), charge) in read.iter_mut().zip(content).zip(charge) {
            let passed = self.pass(charge, content, &self.before(content));
            (*read, *content) = (passed.read, passed.content);
        }
        read
    }

    /// What traps that hold `q` are about to do; an overfull one (`q > c`, from a pixel above `m`)
    /// takes nothing.
    #[inline(never)]
    pub(super) fn before(&self, q: &Group) -> Before {
        let filling = q.map(|q| q * self.per_cmax);
        let mut leave = exp2(&log2(&filling).map(|log| self.alpha * log));
        for (leave, &q) in leave.iter_mut().zip(q) {
            *leave *= self.cmax;
            *leave = if *leave < q { *leave } else { q };
        }
        let room = log2(&filling.map(|filling| 1.0 - filling));
        Before { leave, log2_take: room.map(|log| self.alpha * log + self.log2_scale) }
    }

    /// Pixels of charge `n` at traps that hold `q`. Charge that is not finite changes nothing.
    #[inline(never)]
    pub(super) fn pass(&self, n: &Group, q: &Group, before: &Before) -> Passed {
        let charge = n.map(|n| if n > 0.0 { n } else { 0.0 });
        let mut entered = log2(&charge);
        for (power, take) in entered.iter_mut().zip(&before.log2_take) {
            *power = take + self.beta * *power;
        }
        entered = exp2(&entered);
        let (mut read, mut content) = (*n, *q);
        for lane in 0..GROUP {
            let known = n[lane].abs() <= f64::MAX;
            entered[lane] = if entered[lane] < charge[lane] { entered[lane] } else { charge[lane] };
            let freed = if known { before.leave[lane] - entered[lane] } else { 0.0 };
            let rest = q[lane] - freed;
            content[lane] = if rest > 0.0 { rest } else { 0.0 };
            read[lane] += freed;
        }
        Passed { read, content, entered }
    }

    /// dx/dy of the correction at pixels of charge `n` of which `entered` went into their traps.
    #[inline(always)]
    pub(super) fn slope(&self, n: &Group, entered: &Group) -> Group {
        let mut slope = *entered;
        for (slope, &n) in slope.iter_mut().zip(n) {
            let kept = 1.0 - self.beta * *slope / n;
            let bounded = if kept > 0.5 { kept } else { 0.5 };
            *slope = if n > 0.0 && bounded < 1.0 { 1.0 / bounded } else { 1.0 };
        }
        slope
    }
}
