//! The arithmetic: cameras, recipes, steps, stacks, photometry, simulation.

use std::hint::black_box;

use rawsky_core::instrument::Instrument;
use rawsky_core::recipe::Recipe;
use rawsky_core::{measure, pipeline, provenance, simulate, stack};

/// Takes the address of every entry point; their number.
pub(crate) fn reach() -> usize {
    let kept = [
        Instrument::built_in as *const (),
        Recipe::built_in as *const (),
        Recipe::check as *const (),
        provenance::digest as *const (),
        pipeline::calibration as *const (),
        pipeline::correct_amplifier as *const (),
        pipeline::correct_detector as *const (),
        pipeline::detrend as *const (),
        pipeline::stack as *const (),
        stack::lamps::mean_of_lamps as *const (),
        stack::normalize::normalize as *const (),
        measure::photometer_catalogue as *const (),
        simulate::night as *const (),
        simulate::amplifier as *const (),
        simulate::catalogue as *const (),
        simulate::primary_header as *const (),
        simulate::science_mask as *const (),
    ];
    black_box(kept).iter().filter(|entry| !entry.is_null()).count()
}
