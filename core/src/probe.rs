//! The window through which a front-end may watch a reduction without changing it.
//!
//! Everything is borrowed: nothing is copied if nobody looks. `()` is the probe that does not look.

use std::ops::ControlFlow;

use ndarray::ArrayView2;

use crate::image::Planes;

/// Something inside a step worth seeing, with its unit.
#[derive(Debug, Clone, Copy)]
pub enum Evidence<'a> {
    /// One number.
    Scalar(f64, &'a str),
    /// Numbers along an axis.
    Profile(&'a [f64], &'a str),
    /// A picture.
    Image(ArrayView2<'a, f32>, &'a str),
}

/// Watches the steps.
pub trait Probe {
    /// Called by a step with evidence under a documented tag.
    fn observe(&mut self, _step: &str, _tag: &str, _evidence: Evidence<'_>) {}

    /// Whether [`Probe::after`] is to be called. Without it, steps go through an image in bands of rows.
    fn watches_planes(&self) -> bool {
        false
    }

    /// Called after each step with the planes as they are now; `Break` stops before the next step.
    fn after(&mut self, _step: &str, _planes: &Planes) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl Probe for () {}
