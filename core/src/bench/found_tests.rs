//! Objects, match and zero point of the bench against the truth of a simulated exposure and the command.

use super::tests::{Table, detrend, table};
use super::*;
use crate::geometry::{AmpGeometry, Flip, Section};
use crate::job::{self, Detect, Job, Masks, Task, Text};
use crate::measure::aperture::{self, Pixels};
use crate::numerics::stats::finite_median;

/// A reduced exposure.
fn reduced() -> Table {
    let mut table = table();
    (1..=4).for_each(|amp| drop(table.run(amp)));
    table
}

fn found(bench: &mut Bench, amp: u32) -> Found {
    for piece in ["marks", "objects"] {
        assert!(bench.objects(AmpId(amp)).unwrap().is_none(), "{piece} are a piece of their own");
    }
    bench.objects(AmpId(amp)).unwrap().unwrap().clone()
}

/// How far the nearest of `places` is, and which it is (pixel).
fn nearest(x: f64, y: f64, places: impl Iterator<Item = (f64, f64)>) -> (f64, usize) {
    let far = places.map(|place| libm::hypot(place.0 - x, place.1 - y)).enumerate();
    let best = far.min_by(|one, other| one.1.total_cmp(&other.1)).unwrap();
    (best.1, best.0)
}

#[test]
fn objects_lie_on_the_stars_of_every_amplifier() {
    let mut table = reduced();
    for amp in 1..=4 {
        let stars = table.bench.photometry(AmpId(amp)).unwrap().unwrap().clone();
        let magnitudes = stars.table.f64("phot_g_mean_mag").unwrap();
        let found = found(&mut table.bench, amp).objects;
        let places = || found.x.iter().copied().zip(found.y.iter().copied());
        let bright = stars.positions.iter().zip(&magnitudes).filter(|(_, mag)| **mag < 19.5);
        let far: Vec<f64> = bright.map(|(&(x, y), _)| nearest(x, y, places()).0).collect();
        let on_stars = far.iter().filter(|far| **far < 0.3).count();
        assert!(4 < far.len() && 4 * far.len() <= 5 * on_stars, "{amp}: {far:?}");
        let info = table.bench.stages(AmpId(amp)).unwrap();
        assert_eq!(info.last().unwrap().stage, "split");
    }
}

#[test]
fn objects_are_those_of_the_command_turned_as_the_picture_is() {
    let mut table = reduced();
    let detrend = detrend(&table);
    let masks = |amp: u32| {
        Task::Masks(Masks {
            science: format!("out_q{amp}.fits"),
            mask: None,
            detector: job::Electronics::default(),
            output: format!("masked_{amp}.fits"),
        })
    };
    let detect = |amp: u32| {
        Task::Detect(Detect {
            science: format!("masked_{amp}.fits"),
            mask: None,
            detector: job::Electronics::default(),
            output: format!("objects_{amp}.parquet"),
        })
    };
    let own = "[calibrate]\nobjects.psf = { min_signal_ratio = 15.0, neighbors_fraction = 0.1, min_stars = 3 }";
    let text = format!("{}\n{own}\n", crate::recipe::BUILT_IN[0].1);
    table.store.append("own.toml", text.as_bytes()).unwrap();
    let searched = (1..=4).flat_map(|amp| [masks(amp), detect(amp)]);
    for task in std::iter::once(detrend).chain(searched) {
        let (camera, recipe) =
            (Text::BuiltIn("teaching".to_owned()), Text::File("own.toml".to_owned()));
        let job = Job { version: job::VERSION, camera, recipe, inputs: Vec::new(), task };
        job::execute(&job, &mut table.store, &mut ()).unwrap();
    }
    for amp in 1..=4 {
        let key = format!("objects_{amp}.parquet");
        let stored = job::read_catalogues(&mut table.store, &[key]).unwrap();
        let found = found(&mut table.bench, amp).objects;
        let flip = table.bench.camera().amplifier(AmpId(amp)).unwrap().sky_from_stored;
        let (_, chain) = table.bench.of(AmpId(amp)).unwrap();
        let place = chain.last().unwrap().geometry.on_detector;
        let column = |name: &str| stored.f64(name).unwrap();
        assert!(stored.rows() > 10 && found.flags.len() == stored.rows());
        for row in 0..stored.rows() {
            let (x, y) = (column("xwin")[row], column("ywin")[row]);
            let x = if flip.columns { 255.0 - x } else { x };
            let y = if flip.rows { 255.0 - y } else { y };
            assert_eq!(found.x[row], x + place.column_start as f64);
            assert_eq!(found.y[row], y + place.row_start as f64);
            let turned = if flip.rows == flip.columns { 1.0 } else { -1.0 };
            assert_eq!(found.theta[row], turned * column("theta")[row]);
            assert_eq!(found.flux[row], column("flux_auto")[row]);
            let flagged = column("flag")[row] != 0.0 || column("flag_aper")[row] != 0.0;
            assert_eq!(!found.flags[row].is_empty(), flagged);
        }
    }
}

#[test]
fn ellipses_and_vectors_turn_with_the_pixels() {
    let place = Section { row_start: 100, row_end: 140, column_start: 200, column_end: 260 };
    for (rows, columns) in [(false, false), (true, false), (false, true), (true, true)] {
        let flip = Flip { rows, columns };
        let geometry = AmpGeometry {
            imaging: Section::at((0, 0), (40, 60)),
            overscan: None,
            readout_from_stored: Flip::NONE,
            sky_from_stored: flip,
            on_detector: place,
        };
        let mut table = crate::table::Table::new();
        let theta: f64 = 0.4;
        let of = |name: &str| match name {
            "xwin" => vec![10.0, 10.0 + libm::cos(theta)],
            "ywin" => vec![7.0, 7.0 + libm::sin(theta)],
            "theta" => vec![theta; 2],
            _ => vec![1.0; 2],
        };
        for name in ["xwin", "ywin", "theta", "a", "b", "flux_auto", "fluxerr_auto", "flux_aper"] {
            table.set(name, "", crate::table::Values::F64(of(name))).unwrap();
        }
        for name in ["fwhm", "flux_radius", "flag", "flag_aper"] {
            table.set(name, "", crate::table::Values::F64(of(name))).unwrap();
        }
        let shown = super::found::shown_objects(&table, &geometry).unwrap();
        let first = if columns { 249.0 } else { 210.0 };
        assert_eq!((shown.x[0], shown.y[0]), (first, if rows { 132.0 } else { 107.0 }));
        // The second object lies in the direction of the long axis of the first.
        let (dx, dy) = (shown.x[1] - shown.x[0], shown.y[1] - shown.y[0]);
        let across = dx * libm::sin(shown.theta[0]) - dy * libm::cos(shown.theta[0]);
        assert!(across.abs() < 1e-12, "{flip:?}: {across}");
        let turned = super::found::turned((libm::cos(theta), libm::sin(theta)), flip);
        assert!((turned.0 - dx).abs().max((turned.1 - dy).abs()) < 1e-12, "{flip:?}");
        assert_eq!(shown.flags[0], "MERGED, circle MASKED");
    }
}

#[test]
fn residuals_point_from_the_star_to_the_object() {
    let mut table = reduced();
    let (mut matched, mut references) = (0, 0);
    let (mut own, mut common) = ([0.0; 2], [0.0; 2]);
    for amp in 1..=4 {
        let stars = table.bench.photometry(AmpId(amp)).unwrap().unwrap().positions.clone();
        let found = found(&mut table.bench, amp);
        let Some(sky) = &found.sky else { continue };
        matched += sky.object.len();
        references += sky.references;
        // Faint stars make the rms; the brighter ones come first and lie within a tenth of a pixel.
        assert!(sky.rms_east_arcsec.max(sky.rms_north_arcsec) < 0.5, "{sky:?}");
        for off in [&sky.dx, &sky.dy] {
            let typical = finite_median(off.iter().take(8).map(|off| off.abs())).unwrap();
            assert!(typical < 0.1, "{typical} {sky:?}");
        }
        assert!((sky.scale_arcsec - 1.012).abs() < 0.002 && found.refusal.is_none());
        for (at, &object) in sky.object.iter().enumerate() {
            // A star just beyond the edge has light on the image, and no place there.
            if found.objects.flags[object].starts_with("TRUNCATED") {
                continue;
            }
            let (x, y) = (found.objects.x[object], found.objects.y[object]);
            let (far, star) = nearest(x, y, stars.iter().copied());
            assert!(far < 1.0, "{amp}: a match {far} pixels off");
            let truth = [x - stars[star].0, y - stars[star].1];
            for (axis, off) in [sky.dx[at], sky.dy[at]].into_iter().enumerate() {
                own[axis] += off * off;
                common[axis] += off * truth[axis];
            }
        }
    }
    // The fitted map takes a part of the true residual, and turns none round.
    assert!((0..2).all(|axis| common[axis] > 0.5 * own[axis]), "{own:?} {common:?}");
    assert!(36 <= matched && 2 * matched >= references, "{matched} of {references}");
}

/// The zero point that the noise-free exposure has at these objects.
fn true_zero_point(bench: &Bench, amp: u32, found: &Found) -> Vec<f64> {
    let truth = bench.view(AmpId(amp), "truth").unwrap();
    let sky = found.sky.as_ref().unwrap();
    let (image, mask) = (truth.image.to_owned(), ndarray::Array2::zeros(truth.image.dim()));
    let variance = ndarray::Array2::ones(image.dim());
    let pixels = Pixels { image: image.view(), variance: variance.view(), mask: mask.view() };
    let params = aperture::Params {
        radii_pix: vec![6.0],
        annulus_pix: Some((14.0, 20.0)),
        ..Default::default()
    };
    let places: Vec<(f64, f64)> = sky
        .object
        .iter()
        .map(|&at| (found.objects.x[at], found.objects.y[at]))
        .map(|(x, y)| (x - truth.origin.0 as f64, y - truth.origin.1 as f64))
        .collect();
    let sums = aperture::photometer(pixels, &places, &params).unwrap().remove(0);
    // A flux of the pairs is that of the object with the same flux in the circle.
    let magnitude = |&object: &usize| {
        let flux = found.objects.flux_aper[object];
        let at = sky.pairs.flux.iter().position(|own| *own == flux)?;
        Some(sky.pairs.magnitude[at])
    };
    let magnitudes = sky.object.iter().map(magnitude);
    let pairs = magnitudes.zip(&sums.flux);
    pairs.filter_map(|(magnitude, flux)| Some(magnitude? + 2.5 * libm::log10(*flux))).collect()
}

#[test]
fn the_zero_point_is_that_of_the_simulation() {
    let mut table = reduced();
    let (mut pairs, mut truth) = (Pairs::default(), Vec::new());
    for amp in 1..=4 {
        let found = found(&mut table.bench, amp);
        let Some(sky) = &found.sky else { continue };
        truth.extend(true_zero_point(&table.bench, amp, &found));
        let own = sky.pairs.clone();
        pairs.magnitude.extend(own.magnitude);
        pairs.flux.extend(own.flux);
        pairs.flux_err.extend(own.flux_err);
        pairs.color.extend(own.color);
    }
    let made = table.bench.zero_plots(&pairs).unwrap();
    let fit = &made.fit;
    let expected = finite_median(truth.iter().copied()).unwrap();
    let limit = 3.0 * fit.rms_mag / (fit.n_used as f64).sqrt();
    let off = fit.zero_point_mag - expected;
    assert!(off.abs() < limit && limit < 0.06, "{off} {limit} {expected} {fit:?}");
    // The flat takes the median response of the detector out of the 26.3 mag of the simulation.
    assert!((expected - 26.3).abs() < 0.08, "{expected}");
    let [plot] = made.plots.as_slice() else { panic!("{}", made.plots.len()) };
    assert!(!made.with_color && plot.x.is_sorted() && plot.series.len() == 3);
    let shown = |series: usize| plot.series[series].y.iter().filter(|y| y.is_finite()).count();
    assert_eq!((shown(0), shown(0) + shown(2)), (fit.n_used, plot.x.len()));
    assert!(plot.series[1].y.iter().all(|y| *y == fit.zero_point_mag));
    assert!(plot.summary.contains("mag, from"), "{}", plot.summary);
}

#[test]
fn the_zero_point_is_fitted_as_the_recipe_says() {
    let mut bench = Bench::new("teaching").unwrap();
    let mut pairs = Pairs::default();
    for star in 0..9 {
        pairs.magnitude.push(15.0);
        pairs.flux.push(1000.0);
        pairs.flux_err.push(if star < 4 { 100.0 } else { 1.0 });
        pairs.color.push(f64::NAN);
    }
    let used = |bench: &Bench| bench.zero_plots(&pairs).map(|made| made.fit.n_used);
    assert_eq!(used(&bench), Ok(5));
    let mut own = bench.recipe.calibration();
    own.zero_point.min_signal_ratio = 5.0;
    bench.recipe.calibrate = Some(Box::new(own.clone()));
    assert_eq!(used(&bench), Ok(9));
    own.zero_point.min_stars = 10;
    bench.recipe.calibrate = Some(Box::new(own));
    assert!(matches!(used(&bench), Err(Error::Undetermined { .. })));
}

#[test]
fn a_color_makes_a_second_plot() {
    let mut pairs = Pairs::default();
    for star in 0..40 {
        let (magnitude, color) = (14.0 + 0.1 * f64::from(star), f64::from(star % 7) / 5.0);
        pairs.magnitude.push(magnitude);
        pairs.color.push(color);
        pairs.flux.push(libm::pow(10.0, 0.4 * (26.0 + 0.1 * color - magnitude)));
        pairs.flux_err.push(1.0);
    }
    pairs.color[3] = f64::NAN;
    pairs.flux[5] *= 2.0;
    let made = zero_plots::zero_plots(&pairs, &Default::default()).unwrap();
    let fit = &made.fit;
    assert!((fit.zero_point_mag - 26.0).abs() < 1e-9 && (fit.color_ratio - 0.1).abs() < 1e-9);
    let [of_magnitude, of_color] = made.plots.as_slice() else { panic!("one plot") };
    // What is left of the color is nothing: the points lie on the line.
    let apart = of_magnitude.series[0].y.iter().zip(&of_magnitude.series[1].y);
    let apart = apart.map(|(point, line)| (point - line).abs()).filter(|apart| apart.is_finite());
    assert!(apart.fold(0.0, f64::max) < 1e-9);
    assert_eq!(of_color.x.len(), 39);
    let ends = [0, 38].map(|at| of_color.series[1].y[at]);
    assert!((ends[1] - ends[0] - 0.12).abs() < 1e-9, "{ends:?}");
    // Without colors there is none, and columns must be of one length.
    pairs.color.fill(f64::NAN);
    assert_eq!(zero_plots::zero_plots(&pairs, &Default::default()).unwrap().plots.len(), 1);
    pairs.color.pop();
    assert!(
        zero_plots::zero_plots(&pairs, &Default::default())
            .unwrap_err()
            .to_string()
            .contains("as many")
    );
    let few =
        Pairs { magnitude: vec![1.0], flux: vec![1.0], flux_err: vec![0.1], color: vec![0.0] };
    assert!(matches!(
        zero_plots::zero_plots(&few, &Default::default()),
        Err(Error::Undetermined { .. })
    ));
}

#[test]
fn only_a_change_of_the_image_makes_them_stale() {
    let mut table = table();
    let error = table.bench.objects(AmpId(1)).unwrap_err().to_string();
    assert!(error.contains("science image"), "{error}");
    table.run(1);
    // As text, in which a value that is not there is equal to itself.
    let text = |found: &Found| serde_json::to_string(found).unwrap();
    let first = text(&found(&mut table.bench, 1));
    assert_eq!(table.bench.objects(AmpId(1)).unwrap().map(text).as_ref(), Some(&first));
    let mut aperture = table.bench.recipe().unwrap().aperture;
    aperture.radii_pix = vec![3.0];
    table.bench.set_aperture(aperture).unwrap();
    assert_eq!(table.bench.objects(AmpId(1)).unwrap().map(text).as_ref(), Some(&first));
    table.change("overscan", "terms", 1.into());
    assert!(table.bench.objects(AmpId(1)).is_err());
    table.run(1);
    assert_ne!(text(&found(&mut table.bench, 1)), first);
    table.bench.forget(AmpId(1)).unwrap();
    assert!(table.bench.objects(AmpId(1)).is_err());
}

#[test]
fn what_a_match_lacks_is_said_and_the_objects_stay() {
    for (lacking, words) in [("catalogue", "There is no catalogue"), ("headers", "WCS")] {
        let mut table = table();
        let mut files = table.files.clone();
        if lacking == "catalogue" {
            files.catalogue.clear()
        } else {
            files.headers.clear()
        }
        table.bench.open(&mut table.store, files).unwrap();
        table.run(1);
        let found = found(&mut table.bench, 1);
        assert!(found.sky.is_none() && found.objects.x.len() > 10);
        assert!(found.refusal.as_ref().is_some_and(|told| told.contains(words)), "{found:?}");
    }
}
