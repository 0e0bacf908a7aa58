//! Laws of a simulated night.

use ndarray::{Array2, s};

use super::*;
use crate::ids::{AmpId, DetectorId, Role};
use crate::instrument::Instrument;
use crate::mask;

fn teaching() -> Instrument {
    Instrument::built_in("teaching").unwrap()
}

fn only(effects: &[&str]) -> Effects {
    Effects::without(Effects::NAMES.iter().copied().filter(|name| !effects.contains(name))).unwrap()
}

fn params(effects: Effects) -> NightParams {
    NightParams { effects, biases: 1, flats_per_lamp: 2, ..NightParams::default() }
}

fn first(camera: &Instrument, params: &NightParams, role: Role) -> SimulatedExposure {
    let night = night(camera, params).unwrap();
    night.exposures.into_iter().find(|exposure| exposure.role == role).unwrap()
}

fn made(params: &NightParams, role: Role, amp: u32) -> SimulatedAmp {
    let camera = teaching();
    amplifier(&camera, params, &first(&camera, params, role), AmpId(amp)).unwrap()
}

/// Mean and variance (ddof 0).
fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    (mean, values.map(|value| (value - mean) * (value - mean)).sum::<f64>() / n)
}

fn bits(array: &Array2<f32>) -> Vec<u32> {
    array.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn without_any_effect_a_raw_pixel_is_the_light() {
    let params = NightParams { sky_gradient: 0.0, ..params(Effects::NONE) };
    for amp in 1..=4 {
        let science = made(&params, Role::Science, amp);
        assert!(science.imaging.iter().all(|&pixel| pixel.to_bits() == 160_f32.to_bits()));
        assert!(science.overscan.unwrap().iter().all(|&pixel| pixel.to_bits() == 0));
        let bias = made(&params, Role::Bias, amp);
        assert!(bias.imaging.iter().all(|&pixel| pixel.to_bits() == 0));
        let flat = made(&params, Role::Flat, amp).imaging;
        assert!(flat.iter().all(|pixel| pixel.to_bits() == flat[[0, 0]].to_bits()));
        assert!(flat[[0, 0]] > 8_999.0 && flat[[0, 0]] < 16_001.0);
    }
}

#[test]
fn stars_alone_are_the_light_that_the_truth_states() {
    let params = NightParams { sky_gradient: 0.0, ..params(only(&["stars"])) };
    let science = made(&params, Role::Science, 2);
    assert_eq!(bits(&science.imaging), bits(&science.truth.unwrap().light));
}

#[test]
fn the_flux_of_a_star_is_in_a_large_aperture() {
    let camera = teaching();
    let params = NightParams {
        sky_gradient: 0.0,
        sky_dn: 160.0,
        stars_per_amplifier: Some(4),
        ..params(only(&["stars"]))
    };
    let exposure = first(&camera, &params, Role::Science);
    let mut tried = 0;
    for amp in 1..=4 {
        let light = amplifier(&camera, &params, &exposure, AmpId(amp)).unwrap().imaging;
        let table = star_truth(&camera, &params, &exposure, AmpId(amp)).unwrap();
        let [x, y, flux] = ["x", "y", "flux"].map(|name| table.f64(name).unwrap());
        for star in 0..table.rows() {
            let alone = (0..table.rows()).all(|other| {
                other == star || libm::hypot(x[other] - x[star], y[other] - y[star]) > 45.0
            });
            let inside = |at: f64| at > 20.0 && at < 235.0;
            if !alone || !inside(x[star]) || !inside(y[star]) {
                continue;
            }
            let (row, column) = (y[star].round() as usize, x[star].round() as usize);
            let part = light.slice(s![row - 20..=row + 20, column - 20..=column + 20]);
            let sum: f64 = part.iter().map(|&pixel| f64::from(pixel) - 160.0).sum();
            assert!((sum / flux[star] - 1.0).abs() < 1e-3, "{sum} {}", flux[star]);
            tried += 1;
        }
    }
    assert!(tried >= 4, "{tried} stars");
}

#[test]
fn photon_noise_over_light_is_one_over_the_gain() {
    let params = params(only(&["photon-noise", "gains"]));
    for amp in 1..=4 {
        let flat = made(&params, Role::Flat, amp);
        let (mean, variance) = moments(flat.imaging.iter().map(|&pixel| f64::from(pixel)));
        let gain = flat.params.gain_electron_per_dn;
        // The error of a variance of n = 65,536 normal numbers is sqrt(2 / n) = 0.55 %.
        assert!((variance / mean * gain - 1.0).abs() < 0.028, "{amp}: {}", variance / mean * gain);
    }
}

#[test]
fn read_noise_and_level_are_those_of_the_amplifier() {
    let params = params(only(&["read-noise", "bias-structure"]));
    let bias = made(&params, Role::Bias, 3);
    let over = bias.overscan.unwrap();
    let noise = bias.params.read_noise_electron / bias.params.gain_electron_per_dn;
    let residuals: Vec<f64> =
        over.indexed_iter().map(|((row, _), &pixel)| f64::from(pixel) - bias.level[row]).collect();
    let (mean, variance) = moments(residuals.iter().copied());
    assert!(mean.abs() < 5.0 * noise / (over.len() as f64).sqrt());
    assert!((variance / (noise * noise) - 1.0).abs() < 5.0 * (2.0 / over.len() as f64).sqrt());
}

#[test]
fn a_bias_is_its_truth_and_noise() {
    let camera = teaching();
    for amp in 1..=4 {
        let params = params(only(&["bias-structure"]));
        let bias = made(&params, Role::Bias, amp);
        let truth = bias_truth(&camera, &params, DetectorId(1), AmpId(amp)).unwrap();
        let offset = bias.level[0] - truth.level[0];
        for ((row, column), &pixel) in bias.imaging.indexed_iter() {
            let known = f64::from(truth.pattern[[row, column]]) + truth.level[row] + offset;
            assert!((f64::from(pixel) - known).abs() < 1e-4);
        }
        assert!(offset.abs() < 1.0 && offset.abs() > 0.0);
    }
}

#[test]
fn the_glow_and_the_pocket_begin_at_the_first_column_read() {
    let camera = teaching();
    for amp in &camera.amplifiers {
        let params = params(only(&["pocket"]));
        let exposure = first(&camera, &params, Role::Flat);
        let flat = amplifier(&camera, &params, &exposure, amp.id).unwrap();
        let read = amp.readout_from_stored.apply(flat.imaging);
        let over = amp.readout_from_stored.apply(flat.overscan.unwrap());
        // The trap is empty at the start of a row and is emptied into the overscan.
        assert!(read[[7, 0]] < read[[7, 200]] - 10.0);
        assert!(over[[7, 0]] > over[[7, 5]] && over[[7, 5]] > over[[7, 29]]);
        let caught: f64 = read.row(7).iter().map(|&x| f64::from(read[[7, 255]] - x)).sum();
        let released: f64 = over.row(7).iter().map(|&x| f64::from(x)).sum();
        assert!(released > 0.5 * caught && caught > 10.0, "{caught} {released}");
    }
}

#[test]
fn a_later_flat_of_a_lamp_is_brighter_and_the_truth_is_the_first() {
    let camera = teaching();
    let params = params(Effects::without(["photon-noise", "read-noise", "cosmics"]).unwrap());
    let params = NightParams { effects: Effects { defects: false, ..params.effects }, ..params };
    let params = NightParams {
        effects: Effects {
            pocket: false,
            linearity: false,
            bias_structure: false,
            ..params.effects
        },
        ..params
    };
    let night = night(&camera, &params).unwrap();
    let flats: Vec<_> = night.exposures.iter().filter(|e| e.role == Role::Flat).collect();
    let [a, b] = [0, 1].map(|n| amplifier(&camera, &params, flats[n], AmpId(1)).unwrap().imaging);
    let truth = lamp_truth(&camera, &params, flats[0].lamp, (DetectorId(1), AmpId(1))).unwrap();
    assert_eq!(bits(&a), bits(&truth));
    assert!(a.iter().zip(&b).all(|(a, b)| (b / a - 1.002).abs() < 1e-6));
    let other = lamp_truth(&camera, &params, flats[2].lamp, (DetectorId(1), AmpId(1))).unwrap();
    let ratio = &other / &truth;
    let (least, most) = ratio.iter().fold((f32::MAX, 0_f32), |(l, m), &x| (l.min(x), m.max(x)));
    assert!(most / least > 1.001, "lamps light the field alike");
}

#[test]
fn amplifiers_of_a_detector_meet_without_a_step() {
    // With equal gains and pixels, light is one smooth function of the place on the detector.
    let camera = Instrument::built_in("toy").unwrap();
    let params = params(only(&["vignetting", "lamps-gradient"]));
    for detector in camera.detectors.iter().map(|detector| detector.id) {
        let shape = (2 * 24, 2 * 32);
        let mut whole = Array2::<f32>::zeros(shape);
        for amp in &camera.amplifiers {
            let flat = lamp_truth(&camera, &params, Some(1), (detector, amp.id)).unwrap();
            let (row, column) = (24 * amp.row, 32 * amp.column);
            whole
                .slice_mut(s![row..row + 24, column..column + 32])
                .assign(&amp.sky_from_stored.apply(flat));
        }
        // The second derivative of vignetting and lamp together stays below 0.8 of the level, at
        // most 16,000 DN; a pixel is 1/24 of the half height. A wrong flip makes a step of 500 DN.
        let bend = |a: f32, b: f32, c: f32| (a - 2.0 * b + c).abs() / (16_000.0 / 576.0);
        for row in 1..shape.0 - 1 {
            for column in 1..shape.1 - 1 {
                let at = |r: usize, c: usize| whole[[r, c]];
                assert!(bend(at(row - 1, column), at(row, column), at(row + 1, column)) < 0.8);
                assert!(bend(at(row, column - 1), at(row, column), at(row, column + 1)) < 0.8);
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_in_any_order() {
    let camera = teaching();
    let params = params(Effects::default());
    let exposure = first(&camera, &params, Role::Science);
    let forward: Vec<_> =
        (1..=4).map(|amp| amplifier(&camera, &params, &exposure, AmpId(amp)).unwrap()).collect();
    for amp in (1..=4).rev() {
        let again = amplifier(&camera, &params, &exposure, AmpId(amp)).unwrap();
        assert_eq!(bits(&again.imaging), bits(&forward[amp as usize - 1].imaging));
    }
    let other = NightParams { seed: 2, ..params };
    let other = amplifier(&camera, &other, &exposure, AmpId(1)).unwrap();
    assert_ne!(bits(&other.imaging), bits(&forward[0].imaging));
}

#[test]
fn switching_one_effect_off_leaves_the_other_numbers_as_they_were() {
    let with = made(&params(Effects::default()), Role::Science, 1);
    let without = made(&params(Effects::without(["read-noise"]).unwrap()), Role::Science, 1);
    let (with, without) = (with.truth.unwrap(), without.truth.unwrap());
    assert_eq!(bits(&with.signal), bits(&without.signal));
    assert_eq!(with.mask, without.mask);
}

#[test]
fn cosmic_rays_and_defects_are_where_the_truth_says() {
    let params = params(only(&["cosmics", "defects", "saturation"]));
    let science = made(&params, Role::Science, 4);
    let truth = science.truth.unwrap();
    let known = mask::SPIKE | mask::DEAD | mask::NOISY | mask::LOW_RESPONSE;
    assert!(mask::count(&truth.mask, mask::SPIKE) >= 3);
    assert!(mask::count(&truth.mask, mask::LOW_RESPONSE) >= 256);
    for ((at, &pixel), &light) in science.imaging.indexed_iter().zip(&truth.light) {
        let bits = truth.mask[at];
        assert_eq!(bits & mask::SPIKE != 0, pixel > light + 100.0);
        if bits & known == 0 {
            assert!((pixel - 160.0).abs() < 10.0);
        }
    }
}

#[test]
fn a_bright_star_fills_its_wells_and_the_converter() {
    let camera = teaching();
    let params = NightParams {
        magnitudes: (6.0, 7.0),
        stars_per_amplifier: Some(3),
        ..params(Effects::without(["cosmics", "defects"]).unwrap())
    };
    let exposure = first(&camera, &params, Role::Science);
    let mut saturated = 0;
    for amp in 1..=4 {
        let science = amplifier(&camera, &params, &exposure, AmpId(amp)).unwrap();
        let full_scale = camera.electronics.full_scale_dn as f32;
        assert!(science.imaging.iter().all(|&pixel| pixel <= full_scale));
        let truth = science.truth.unwrap();
        let marked = science.imaging.iter().zip(&truth.mask);
        assert!(
            marked.clone().all(|(&pixel, bits)| pixel < full_scale || bits & mask::SATURATED != 0)
        );
        saturated += mask::count(&truth.mask, mask::SATURATED);
    }
    assert!(saturated > 20);
}

#[test]
fn every_header_is_read_back_by_the_camera() {
    for name in ["ztf", "toy", "teaching"] {
        let camera = Instrument::built_in(name).unwrap();
        let params = NightParams { biases: 2, flats_per_lamp: 1, ..NightParams::default() };
        let night = night(&camera, &params).unwrap();
        let mut names: Vec<&str> = night.exposures.iter().map(|e| e.name.as_str()).collect();
        for exposure in &night.exposures {
            let header = primary_header(&camera, &params, exposure).unwrap();
            let visit = camera.visit(&header).unwrap();
            assert_eq!((visit.role, visit.detector), (exposure.role, exposure.detector));
            assert_eq!((visit.band, visit.lamp), (exposure.band.clone(), exposure.lamp));
            assert_eq!(
                (visit.mjd, visit.mjd.day().to_string()),
                (exposure.mjd, params.date.clone())
            );
            assert!((visit.exposure_s.unwrap() - exposure.exposure_s).abs() < 1e-12);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), night.exposures.len(), "names of {name} differ");
    }
}

#[test]
fn the_hdus_follow_the_layout_of_the_camera() {
    for (name, count) in [("toy", 5), ("teaching", 9)] {
        let camera = Instrument::built_in(name).unwrap();
        let params = params(Effects::default());
        let exposure = first(&camera, &params, Role::Science);
        let hdus: Vec<RawHdu> =
            raw_hdus(&camera, &params, &exposure).collect::<Result<_, _>>().unwrap();
        assert_eq!(hdus.len(), count);
        assert!(hdus[0].data.is_none());
        let made: Vec<AmpId> =
            hdus.iter().flat_map(|hdu| hdu.made.iter().map(|(amp, _)| *amp)).collect();
        assert_eq!(made, camera.amplifiers.iter().map(|amp| amp.id).collect::<Vec<_>>());
        for amp in &camera.amplifiers {
            let direct = amplifier(&camera, &params, &exposure, amp.id).unwrap();
            let find = |region: &crate::instrument::Region| {
                let array = hdus[region.nominal_hdu()].data.as_ref().unwrap();
                region.section.map_or(array.clone(), |part| part.view(array).unwrap().to_owned())
            };
            assert_eq!(bits(&find(&amp.imaging)), bits(&direct.imaging));
            let overscan = amp.overscan.as_ref().unwrap();
            assert_eq!(bits(&find(overscan)), bits(&direct.overscan.unwrap()));
            let header = &hdus[amp.imaging.nominal_hdu()].header;
            let gain = header.real(camera.dialect.gain.first().unwrap()).unwrap();
            assert!((gain - direct.params.gain_electron_per_dn).abs() < 1e-12);
        }
    }
}

#[test]
fn whole_numbers_are_written_when_asked() {
    let params = NightParams { integer_raws: true, ..params(Effects::default()) };
    let science = made(&params, Role::Science, 1);
    assert!(science.imaging.iter().all(|&pixel| pixel.fract() == 0.0 && pixel >= 0.0));
}

#[test]
fn a_mask_covers_stars_defects_and_most_cosmic_rays() {
    let camera = teaching();
    let params = NightParams {
        stars_per_amplifier: Some(10),
        cosmic_rays: (2.0, 60.0, 12_000.0),
        ..params(Effects::default())
    };
    let exposure = first(&camera, &params, Role::Science);
    let amp = amplifier(&camera, &params, &exposure, AmpId(2)).unwrap();
    let bits = science_mask(&camera, &params, &exposure, (AmpId(2), &amp)).unwrap();
    let table = star_truth(&camera, &params, &exposure, AmpId(2)).unwrap();
    let [x, y] = ["x", "y"].map(|name| table.f64(name).unwrap());
    for (x, y) in x.iter().zip(&y) {
        let at = [(y + 0.5).floor() as usize, (x + 0.5).floor() as usize];
        assert_eq!(bits[at] & (mask::SOURCE | mask::PSF_SOURCE), mask::SOURCE | mask::PSF_SOURCE);
    }
    let truth = &amp.truth.as_ref().unwrap().mask;
    let share = mask::count(&bits, mask::SPIKE) as f64 / mask::count(truth, mask::SPIKE) as f64;
    assert!(share > 0.6 && share < 0.8, "{share}");
    for bit in [mask::DEAD, mask::NOISY, mask::LOW_RESPONSE, mask::SATURATED] {
        assert_eq!(mask::count(&bits, bit), mask::count(truth, bit));
    }
}

#[test]
fn the_catalogue_lists_every_star_of_the_truth_and_the_parts_cover_the_night() {
    let camera = teaching();
    let params = params(Effects::default());
    let table = catalogue(&camera, &params).unwrap();
    let Some(crate::table::Values::I64(ids)) = table.get("source_id") else { panic!() };
    let exposure = first(&camera, &params, Role::Science);
    let mut found = 0;
    for amp in 1..=4 {
        let truth = star_truth(&camera, &params, &exposure, AmpId(amp)).unwrap();
        let Some(crate::table::Values::I64(some)) = truth.get("source_id") else { panic!() };
        assert!(some.iter().all(|id| ids.contains(id)));
        found += some.len();
    }
    assert!(found > ids.len() / 2 && found <= ids.len());
    assert!(table.f64("pmra").unwrap().iter().any(|motion| motion.is_nan()));
    let night = night(&camera, &params).unwrap();
    assert_eq!(night.parts().len(), 1 + 1 + night.lamps.len() + night.exposures.len());
}

#[test]
fn impossible_nights_are_refused_with_a_reason() {
    let camera = teaching();
    let refuse = |params: NightParams| night(&camera, &params).unwrap_err().to_string();
    let base = NightParams::default();
    assert!(refuse(NightParams { detectors: vec![7], ..base.clone() }).contains("detectors"));
    assert!(refuse(NightParams { lamps: vec![99], ..base.clone() }).contains("lamps"));
    assert!(refuse(NightParams { date: "yesterday".into(), ..base.clone() }).contains("YYYY"));
    let long = NightParams { biases: 1000, flats_per_lamp: 200, exposures: 500, ..base.clone() };
    assert!(refuse(long).contains("one day"));
    let reduced = NightParams { shape: Some((10, 10)), ..base.clone() };
    let exposure = first(&camera, &base, Role::Bias);
    let toy = Instrument::built_in("toy").unwrap();
    assert!(amplifier(&toy, &reduced, &exposure, AmpId(1)).is_err());
    assert!(amplifier(&camera, &base, &exposure, AmpId(9)).is_err());
}

#[test]
fn the_header_leads_from_the_catalogue_to_the_stars_of_every_amplifier() {
    use crate::numerics::sky::{ARCSECOND, Motion, Wcs, moved};
    for name in ["toy", "teaching", "ztf"] {
        let camera = Instrument::built_in(name).unwrap();
        let params = NightParams {
            detectors: camera.detectors.iter().take(2).map(|detector| detector.id.0).collect(),
            shape: camera.sizes_from_file.then_some((300, 280)),
            stars_per_amplifier: Some(20),
            ..params(Effects::default())
        };
        let table = catalogue(&camera, &params).unwrap();
        let Some(crate::table::Values::I64(ids)) = table.get("source_id") else { panic!() };
        let column = |name: &str| table.f64(name).unwrap();
        let (ra, dec) = (column("ra"), column("dec"));
        let (pmra, pmdec) = (column("pmra"), column("pmdec"));
        let night = night(&camera, &params).unwrap();
        for exposure in night.exposures.iter().filter(|e| e.role == Role::Science) {
            for amp in camera.amplifiers.iter().map(|amp| amp.id) {
                let header = science_header(&camera, &params, exposure, amp).unwrap();
                assert_eq!(header.text("CTYPE1"), Some("RA---TPV"));
                let wcs = Wcs::from_header(&header).unwrap().unwrap();
                let scale = wcs.pixel_scale_arcsec() / params.plate_scale_arcsec;
                assert!((scale - 1.0).abs() < 0.01);
                let truth = star_truth(&camera, &params, exposure, amp).unwrap();
                let [x, y] = ["x", "y"].map(|name| truth.f64(name).unwrap());
                let Some(crate::table::Values::I64(some)) = truth.get("source_id") else {
                    panic!()
                };
                assert!(some.len() > 2);
                for (star, id) in some.iter().enumerate() {
                    let row = ids.iter().position(|known| known == id).unwrap();
                    let real = |mas: f64| if mas.is_nan() { 0.0 } else { mas * 1e-3 * ARCSECOND };
                    let motion = Motion { east: real(pmra[row]), north: real(pmdec[row]) };
                    let epoch = (ra[row].to_radians(), dec[row].to_radians());
                    let now = moved(epoch, motion, exposure.mjd.julian_year() - 2016.0);
                    let (found_x, found_y) = wcs.pixel_from_sky(now.0, now.1).unwrap();
                    // Between two science exposures a star moves by 1e-7 pixels.
                    assert!((found_x - x[star]).abs() < 1e-6, "{name} {found_x} {}", x[star]);
                    assert!((found_y - y[star]).abs() < 1e-6, "{name} {found_y} {}", y[star]);
                }
            }
        }
    }
}

#[test]
fn east_is_right_and_north_is_up_in_sky_order() {
    use crate::numerics::sky::Wcs;
    let camera = Instrument::built_in("toy").unwrap();
    let params = params(Effects::default());
    let exposure = first(&camera, &params, Role::Science);
    for amp in &camera.amplifiers {
        let header = science_header(&camera, &params, &exposure, amp.id).unwrap();
        let wcs = Wcs::from_header(&header).unwrap().unwrap();
        let sky = |row: f64, column: f64| {
            let (y, x) = amp.sky_from_stored.position((row, column), camera.amp_shape);
            wcs.sky_from_pixel(x, y)
        };
        let (middle, right, up) = (sky(12.0, 16.0), sky(12.0, 26.0), sky(22.0, 16.0));
        let (east, north) = ((right.0 - middle.0) * libm::cos(middle.1), up.1 - middle.1);
        let expected = 10.0 * (params.plate_scale_arcsec / 3600.0).to_radians();
        assert!((east / expected - 1.0).abs() < 0.01 && (north / expected - 1.0).abs() < 0.01);
    }
}
