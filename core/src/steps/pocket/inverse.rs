//! The two ways to solve `f(x) = y`, column by column, sixteen rows side by side.

use super::trap::{LANES, Lanes, Trap};
use super::{Params, Solver};
use crate::numerics::power::{exp2, log2};

/// A solver on its way through sixteen rows.
pub(super) struct Inverse {
    trap: Trap,
    /// The content of the trap on the solved charge.
    content: Lanes,
    method: Method,
}

enum Method {
    /// The contents of the traps of all passes.
    Passes(Vec<Lanes>),
    /// Steps for each pixel.
    Newton(u32),
}

/// One column, solved (DN).
pub(super) struct Solved {
    pub(super) charge: Lanes,
    pub(super) update: Lanes,
    pub(super) residual: Lanes,
    pub(super) slope: Lanes,
}

impl Inverse {
    pub(super) fn new(trap: Trap, params: &Params) -> Inverse {
        let method = match params.solver {
            Solver::Passes | Solver::Published => {
                Method::Passes(vec![[0.0; LANES]; params.iterations as usize])
            }
            Solver::Newton => Method::Newton(params.iterations),
        };
        Inverse { trap, content: [0.0; LANES], method }
    }

    /// An imaging column.
    pub(super) fn solve(&mut self, read: &Lanes) -> Solved {
        let (charge, update) = match &mut self.method {
            Method::Passes(contents) => in_passes(&self.trap, contents, read),
            Method::Newton(steps) => by_newton(&self.trap, &self.content, (*steps, read)),
        };
        let (mut residual, mut slope) = (*read, [1.0; LANES]);
        let lanes = residual.iter_mut().zip(&mut slope).zip(&mut self.content).zip(&charge);
        for (((residual, slope), content), &charge) in lanes {
            let passed = self.trap.pass(charge, *content, self.trap.before(*content));
            *residual -= passed.read;
            *content = passed.content;
            *slope = self.trap.slope(charge, passed.entered);
        }
        Solved { charge, update, residual, slope }
    }

    /// An overscan column, which holds no charge of its own: what the trap does not explain.
    pub(super) fn leftover(&mut self, read: &Lanes) -> Lanes {
        minus(read, &self.trap.read(&[0.0; LANES], &mut self.content))
    }
}

/// `x <- x + (y - f(x))` in every pass, each with its own trap; the charge and its last change.
fn in_passes(trap: &Trap, contents: &mut [Lanes], read: &Lanes) -> (Lanes, Lanes) {
    let (mut charge, mut update) = (*read, [0.0; LANES]);
    for content in contents {
        update = minus(read, &trap.read(&charge, content));
        charge.iter_mut().zip(&update).for_each(|(charge, update)| *charge += update);
    }
    (charge, update)
}

/// Newton's steps for every pixel; the charge and its last change.
fn by_newton(trap: &Trap, content: &Lanes, (steps, read): (u32, &Lanes)) -> (Lanes, Lanes) {
    let (mut charge, mut take, mut kept) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    let root = 1.0 / (1.0 - trap.beta);
    for lane in 0..LANES {
        let before = trap.before(content[lane]);
        (kept[lane], take[lane]) = (read[lane] - before.leave, before.log2_take);
        charge[lane] = exp2(take[lane] * root) + positive(kept[lane]) * root;
    }
    let mut update = [0.0; LANES];
    for _ in 0..steps {
        for lane in 0..LANES {
            update[lane] = newton_step(trap.beta, charge[lane], (take[lane], positive(kept[lane])));
            charge[lane] -= update[lane];
        }
    }
    for lane in 0..LANES {
        charge[lane] = if kept[lane] > 0.0 { charge[lane] } else { kept[lane] };
    }
    (charge, update)
}

/// `(n - K n^b - wanted) / (1 - b K n^b / n)`
#[inline(always)]
fn newton_step(beta: f64, n: f64, (log2_take, wanted): (f64, f64)) -> f64 {
    let least = if n > f64::MIN_POSITIVE { n } else { f64::MIN_POSITIVE };
    let enter = exp2(log2_take + beta * log2(least));
    (n - enter - wanted) / (1.0 - beta * enter / least)
}

#[inline(always)]
fn positive(x: f64) -> f64 {
    if x > 0.0 { x } else { 0.0 }
}

pub(super) fn minus(a: &Lanes, b: &Lanes) -> Lanes {
    let mut out = *a;
    out.iter_mut().zip(b).for_each(|(out, b)| *out -= b);
    out
}
