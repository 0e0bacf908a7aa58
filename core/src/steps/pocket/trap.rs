//! The serial trap: what one pixel of charge and the trap do to each other, sixteen rows side by side.
//!
//! The formulas are those of [`super`]; both powers of what enters share one exponential.

use ndarray::{Array2, Axis};

use crate::instrument::PocketParams;
use crate::numerics::power::{exp2, log2};

/// Rows that go side by side.
pub(super) const LANES: usize = 16;
/// One number of each of sixteen rows.
pub(super) type Lanes = [f64; LANES];

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

/// What the content of a trap decides before a pixel comes.
#[derive(Clone, Copy)]
pub(super) struct Before {
    /// Charge that leaves (DN).
    pub(super) leave: f64,
    /// log2 of `K` in `enter = min(K n^b, n)`.
    pub(super) log2_take: f64,
}

/// One pixel after the trap.
#[derive(Clone, Copy)]
pub(super) struct Passed {
    /// What is read (DN).
    pub(super) read: f64,
    /// What the trap holds then (DN).
    pub(super) content: f64,
    /// What entered it (DN).
    pub(super) entered: f64,
}

impl Trap {
    pub(super) fn new(params: &PocketParams) -> Trap {
        let PocketParams { alpha, cmax, beta, nmax } = *params;
        let log2_scale = log2(cmax) - beta * log2(nmax);
        Trap { alpha, beta, cmax, per_cmax: 1.0 / cmax, log2_scale }
    }

    /// One column of all lanes: what is read, and the new content of the traps.
    pub(super) fn read(&self, charge: &Lanes, content: &mut Lanes) -> Lanes {
        let mut read = [0.0; LANES];
        for ((read, content), charge) in read.iter_mut().zip(content).zip(charge) {
            let passed = self.pass(*charge, *content, self.before(*content));
            (*read, *content) = (passed.read, passed.content);
        }
        read
    }

    /// What a trap that holds `q` is about to do; an overfull one (`q > c`, from a pixel above `m`)
    /// takes nothing.
    #[inline(always)]
    pub(super) fn before(&self, q: f64) -> Before {
        let filling = q * self.per_cmax;
        let leave = self.cmax * exp2(self.alpha * log2(filling));
        let leave = if leave < q { leave } else { q };
        Before { leave, log2_take: self.alpha * log2(1.0 - filling) + self.log2_scale }
    }

    /// One pixel of charge `n` at a trap that holds `q`. Charge that is not finite changes nothing.
    #[inline(always)]
    pub(super) fn pass(&self, n: f64, q: f64, before: Before) -> Passed {
        let known = n.abs() <= f64::MAX;
        let charge = if n > 0.0 { n } else { 0.0 };
        let enter = exp2(before.log2_take + self.beta * log2(charge));
        let enter = if enter < charge { enter } else { charge };
        let freed = if known { before.leave - enter } else { 0.0 };
        let rest = q - freed;
        let content = if rest > 0.0 { rest } else { 0.0 };
        Passed { read: n + freed, content, entered: enter }
    }

    /// dx/dy of the correction at a pixel of charge `n` of which `entered` went into the trap.
    #[inline(always)]
    pub(super) fn slope(&self, n: f64, entered: f64) -> f64 {
        let kept = 1.0 - self.beta * entered / n;
        let bounded = if kept > 0.5 { kept } else { 0.5 };
        if n > 0.0 && bounded < 1.0 { 1.0 / bounded } else { 1.0 }
    }
}
