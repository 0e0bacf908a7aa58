//! The two ways to solve `f(x) = y`, column by column, sixteen rows side by side.

use super::trap::{Before, Group, Lanes, NONE, Trap};
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
                Method::Passes(vec![NONE; params.iterations as usize])
            }
            Solver::Newton => Method::Newton(params.iterations),
        };
        Inverse { trap, content: NONE, method }
    }

    /// An imaging column.
    pub(super) fn solve(&mut self, read: &Lanes) -> Solved {
        let before = self.content.map(|content| self.trap.before(&content));
        let (charge, update) = match &mut self.method {
            Method::Passes(contents) => in_passes(&self.trap, contents, read),
            Method::Newton(steps) => by_newton(&self.trap, &before, (*steps, read)),
        };
        let (mut left, mut slope) = (NONE, NONE);
        let lanes = left.iter_mut().zip(&mut slope).zip(&mut self.content).zip(&charge);
        for ((((left, slope), content), charge), before) in lanes.zip(&before) {
            let passed = self.trap.pass(charge, content, before);
            (*left, *content) = (passed.read, passed.content);
            *slope = self.trap.slope(charge, &passed.entered);
        }
        Solved { charge, update, residual: minus(read, &left), slope }
    }

    /// An overscan column, which holds no charge of its own: what the trap does not explain.
    pub(super) fn leftover(&mut self, read: &Lanes) -> Lanes {
        minus(read, &self.trap.read(&NONE, &mut self.content))
    }
}

/// `x <- x + (y - f(x))` in every pass, each with its own trap; the charge and its last change.
fn in_passes(trap: &Trap, contents: &mut [Lanes], read: &Lanes) -> (Lanes, Lanes) {
    let (mut charge, mut update) = (*read, NONE);
    for content in contents {
        update = minus(read, &trap.read(&charge, content));
        let lanes = charge.as_flattened_mut().iter_mut();
        lanes.zip(update.as_flattened()).for_each(|(charge, update)| *charge += update);
    }
    (charge, update)
}

/// Newton's steps for every pixel; the charge and its last change.
fn by_newton(trap: &Trap, before: &[Before], (steps, read): (u32, &Lanes)) -> (Lanes, Lanes) {
    let (mut charge, mut kept, mut update) = (NONE, *read, NONE);
    let root = 1.0 / (1.0 - trap.beta);
    for ((charge, kept), before) in charge.iter_mut().zip(&mut kept).zip(before) {
        *charge = exp2(&before.log2_take.map(|take| take * root));
        kept.iter_mut().zip(&before.leave).for_each(|(kept, leave)| *kept -= leave);
        charge.iter_mut().zip(&*kept).for_each(|(charge, kept)| *charge += positive(*kept) * root);
    }
    // One step of all groups before the next one, because the steps of a group wait for each other.
    for _ in 0..steps {
        let groups = charge.iter_mut().zip(&mut update).zip(before).zip(&kept);
        for (((charge, update), before), kept) in groups {
            *update = newton_step(trap.beta, charge, (&before.log2_take, kept));
            charge.iter_mut().zip(&*update).for_each(|(charge, update)| *charge -= update);
        }
    }
    let lanes = charge.as_flattened_mut().iter_mut().zip(kept.as_flattened());
    lanes.for_each(|(charge, &kept)| *charge = if kept > 0.0 { *charge } else { kept });
    (charge, update)
}

/// `(n - K n^b - wanted) / (1 - b K n^b / n)`; what is wanted is what was kept, if it is positive.
#[inline(always)]
fn newton_step(beta: f64, n: &Group, (log2_take, kept): (&Group, &Group)) -> Group {
    let least = n.map(|n| if n > f64::MIN_POSITIVE { n } else { f64::MIN_POSITIVE });
    let mut power = log2(&least);
    power.iter_mut().zip(log2_take).for_each(|(power, take)| *power = take + beta * *power);
    let mut step = exp2(&power);
    for (((step, n), least), &kept) in step.iter_mut().zip(n).zip(&least).zip(kept) {
        let enter = *step;
        *step = (n - enter - positive(kept)) / (1.0 - beta * enter / least);
    }
    step
}

#[inline(always)]
fn positive(x: f64) -> f64 {
    if x > 0.0 { x } else { 0.0 }
}

pub(super) fn minus(a: &Lanes, b: &Lanes) -> Lanes {
    let mut out = *a;
    let lanes = out.as_flattened_mut().iter_mut().zip(b.as_flattened());
    lanes.for_each(|(out, b)| *out -= b);
    out
}
