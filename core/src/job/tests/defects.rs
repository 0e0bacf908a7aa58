//! Defects of a simulated detector, found in its masters and carried to its science images.

use super::*;
use crate::simulate;

/// The default recipe with defects looked for.
fn recipe() -> Vec<u8> {
    let text = crate::recipe::BUILT_IN[0].1;
    let with = text.replacen("[bias_master]", "[bias_master]\nnoisy_factor = 3.0", 1);
    assert_ne!(with, text);
    format!("{with}\n[defects]\nmesh_pix = 50\n").into_bytes()
}

#[test]
fn defects_of_the_masters_are_those_of_the_detector_and_reach_the_science_images() {
    let mut files = night();
    files.0.insert("own.toml".to_owned(), recipe());
    let of = Text::File("own.toml".to_owned());
    let biases: Vec<Key> =
        files.0.keys().filter(|key| key.ends_with("_b.fits.fz")).cloned().collect();
    let task = Task::MasterBias { raws: biases, output: "own_bias".to_owned() };
    let record = files.run_by(of.clone(), task).unwrap();
    let stacks = record.steps.iter().filter(|step| step.step == "combine");
    let noisy: u64 = stacks.map(|step| step.report["noisy"].as_u64().unwrap()).sum();
    // Three of four values tell little: of 56,000 pixels a few scatter by chance.
    assert!(noisy < 600, "{noisy}");
    let task = Task::BandFlat { flats: vec!["lamp".to_owned()], output: "own_flat".to_owned() };
    let record = files.run_by(of.clone(), task).unwrap();
    assert_eq!(record.steps.iter().filter(|step| step.step == "defects").count(), 4);
    // The simulated archive's masks would tell the truth.
    let (bias, flat) = (Some("own_bias".to_owned()), Some("own_flat".to_owned()));
    let task = Detrend { bias, flat, masks: Vec::new(), ..detrend(&files, "own") };
    files.run_by(of, Task::Detrend(task)).unwrap();
    let marks = mask::DEAD | mask::LOW_RESPONSE | mask::HIGH_RESPONSE;
    let camera = Instrument::built_in(CAMERA).unwrap();
    let params = night_params();
    let exposure = simulate::night(&camera, &params).unwrap().exposures.into_iter();
    let exposure = exposure.last().unwrap();
    for amp in 1..=4 {
        let made = simulate::amplifier(&camera, &params, &exposure, AmpId(amp)).unwrap();
        let truth = made.truth.unwrap().mask;
        let found = files.image(&format!("own_{amp}.fits")).planes.mask;
        assert!(mask::count(&truth, mask::DEAD) > 0 && mask::count(&truth, mask::LOW_RESPONSE) > 0);
        // A dead pixel of a low column is dead.
        let expected = truth.mapv(|bits| match bits & mask::DEAD {
            0 => bits & marks,
            dead => dead,
        });
        assert_eq!(found.mapv(|bits| bits & marks), expected, "{amp}");
    }
}
