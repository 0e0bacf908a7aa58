//! A probe that keeps all it is shown.

use std::ops::ControlFlow;

use rawsky_core::image::Planes;
use rawsky_core::probe::{Evidence, Probe};

/// What was shown, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recorder {
    /// Evidence from inside the steps.
    pub evidence: Vec<Shown>,
    /// Names of the steps after which planes were shown, with the planes.
    pub planes: Vec<(String, Planes)>,
    /// Stop after the step of this name.
    pub stop_after: Option<String>,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The step that showed it.
    pub step: String,
    /// Its tag.
    pub tag: String,
    /// Its unit.
    pub unit: String,
    /// Its numbers, row by row.
    pub values: Vec<f64>,
}

impl Probe for Recorder {
    fn observe(&mut self, step: &str, tag: &str, evidence: Evidence<'_>) {
        let (values, unit) = match evidence {
            Evidence::Scalar(value, unit) => (vec![value], unit),
            Evidence::Profile(values, unit) => (values.to_vec(), unit),
            Evidence::Image(pixels, unit) => (pixels.iter().map(|p| f64::from(*p)).collect(), unit),
        };
        let (step, tag, unit) = (step.to_owned(), tag.to_owned(), unit.to_owned());
        self.evidence.push(Shown { step, tag, unit, values });
    }

    fn watches_planes(&self) -> bool {
        true
    }

    fn after(&mut self, step: &str, planes: &Planes) -> ControlFlow<()> {
        self.planes.push((step.to_owned(), planes.clone()));
        match &self.stop_after {
            Some(last) if last == step => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}
