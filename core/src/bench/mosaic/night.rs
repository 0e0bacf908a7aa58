//! A simulated exposure of every detector of a camera.

use crate::error::Result;
use crate::ids::Role;
use crate::instrument::Instrument;
use crate::job::{RawEncoding, Task, simulation_parts};
use crate::simulate::{self, NightParams, Part};

use super::super::preparation::{Unit, unit};

/// The jobs that write one raw science exposure of each detector.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) if there is no such camera.
pub fn mosaic_night(camera: &str, seed: u64) -> Result<Vec<Unit>> {
    let camera = Instrument::built_in(camera)?;
    let detectors: Vec<u32> = camera.detectors.iter().map(|detector| detector.id.0).collect();
    let params = NightParams {
        seed,
        detectors,
        biases: 0,
        flats_per_lamp: 0,
        exposures: 1,
        ..NightParams::default()
    };
    let night = simulate::night(&camera, &params)?;
    let mut units = Vec::new();
    for part in simulation_parts(&camera, &params, RawEncoding::None)? {
        let Task::Simulate { part: Part::Exposure { exposure }, .. } = &part.task else { continue };
        let Some(exposure) = night.exposures.get(*exposure) else { continue };
        if exposure.role == Role::Science {
            let label = format!("simulating detector {}", exposure.detector);
            units.push(unit(&camera.name, label, (part.task.clone(), Vec::new())));
        }
    }
    Ok(units)
}
