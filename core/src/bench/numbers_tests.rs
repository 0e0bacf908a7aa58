//! Numbers that are taken late, of a part of the pixels, or from several benches.

use super::*;
use crate::display::Region;
use crate::formats::memory::Memory;
use crate::simulate::NightParams;

/// A simulated exposure whose amplifiers of `amps` are reduced.
fn reduced(amps: &[u32]) -> Bench {
    let mut bench = Bench::new("teaching").unwrap();
    let mut store = Memory::default();
    let night = NightParams {
        biases: 3,
        flats_per_lamp: 3,
        lamps: vec![3],
        exposures: 1,
        ..NightParams::default()
    };
    let preparation = simulated(bench.camera(), &night).unwrap();
    for unit in preparation.units.iter().chain(&preparation.of_masters) {
        unit.run(&mut store).unwrap();
    }
    bench.open(&mut store, preparation.files).unwrap();
    for &amp in amps {
        while bench.advance(&mut store, AmpId(amp)).unwrap().is_some() {}
    }
    bench
}

#[test]
fn numbers_of_an_image_come_when_they_are_asked_for() {
    let bench = reduced(&[1]);
    let at_once = bench.stages_at_once(AmpId(1)).unwrap();
    assert!(at_once.iter().all(|stage| stage.stats.is_none() && stage.to_truth.is_none()));
    let asked = bench.stages(AmpId(1)).unwrap();
    assert!(asked.iter().all(|stage| stage.stats.is_some() && stage.to_truth.is_some()));
    assert_eq!(bench.stages_at_once(AmpId(1)).unwrap(), asked);
}

#[test]
fn a_region_over_amplifiers_of_two_benches_has_the_numbers_of_one_bench() {
    let (all, left, right) = (reduced(&[1, 2, 3, 4]), reduced(&[2, 3]), reduced(&[1, 4]));
    let region = Region::Circle { x: 250.0, y: 260.0, radius: 60.0 };
    let mut gathered = left.gather(&region, "split").unwrap();
    assert!(gathered.values.len() > 1000 && gathered.n_masked > 0, "{}", gathered.n_masked);
    let rest = right.gather(&region, "split").unwrap();
    assert!(rest.values.len() > 1000);
    gathered.values.extend(rest.values);
    gathered.n_masked += rest.n_masked;
    assert_eq!(statistics_of(&gathered).unwrap(), all.region(&region, "split").unwrap());
    let outside = Region::Circle { x: 5000.0, y: 0.0, radius: 1.0 };
    let nothing = statistics_of(&all.gather(&outside, "split").unwrap()).unwrap();
    assert_eq!(nothing, all.region(&outside, "split").unwrap());
}

#[test]
fn a_grid_of_a_large_image_stands_for_it() {
    let image = ndarray::Array2::from_shape_fn((1200, 1000), |(row, column)| {
        ((row * 7919 + column * 104_729) % 1000) as f32
    });
    let grid = view::grid(image.view());
    assert_eq!(grid.dim(), (400, 334));
    assert_eq!(grid[[3, 5]], image[[9, 15]]);
    assert_eq!(view::grid(image.slice(ndarray::s![..500, ..500])).dim(), (500, 500));
}
