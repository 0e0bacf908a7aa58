//! The whole of an aperture catalogue on a small image.

use super::*;
use crate::measure::fixture;
use crate::table::Values;

const MESH: background::Params = background::Params {
    mesh_width_pix: 12,
    mesh_height_pix: 8,
    filter_width: 3,
    filter_height: 3,
    estimator: background::Estimator::Mode,
};

fn params() -> Params {
    Params { radii_pix: vec![2.0, 3.0], background: Some(MESH), ..Params::default() }
}

/// The fixture's stars, with a name, one of them outside.
fn sources() -> Table {
    let mut table = Table::new();
    let stars = || fixture::STARS.into_iter().chain([(-30.0, 5.0, 1.0)]);
    table.set("source_id", "", Values::I64((100..107).collect())).unwrap();
    table.set("x", "pix", Values::F64(stars().map(|star| star.0).collect())).unwrap();
    table.set("y", "pix", Values::F64(stars().map(|star| star.1).collect())).unwrap();
    table
}

fn run(planes: &Planes, params: &Params) -> Result<(Table, Vec<Warning>)> {
    photometer_catalogue(planes, &Header::new(), None, &sources(), params)
}

#[test]
fn the_table_has_the_input_then_the_measurements_and_names_its_flags() {
    let (table, warnings) = run(&fixture::planes(), &params()).unwrap();
    let names: Vec<_> = table.columns().iter().map(|column| column.name.as_str()).collect();
    let measured =
        ["f_0", "f_0_e", "f_0_f", "f_0_n", "r_0", "f_1", "f_1_e", "f_1_f", "f_1_n", "r_1"];
    assert_eq!(names[..4], ["source_id", "x", "y", "isolated"]);
    assert_eq!(names[4..], measured);
    assert_eq!(table.get("source_id"), Some(&Values::I64((100..106).collect())));
    assert_eq!(table.f64("r_1"), Some(vec![3.0; 6]));
    assert_eq!(table.metadata, [(flags::METADATA_KEY.to_owned(), flags::registry_json())]);
    assert_eq!(warnings[0].kind, "background-filled");
}

#[test]
fn each_star_is_its_profile_in_the_circle_above_the_sky() {
    let mut planes = fixture::planes();
    planes.mask.fill(0);
    let (table, _) = run(&planes, &params()).unwrap();
    let (flux, error) = (table.f64("f_1").unwrap(), table.f64("f_1_e").unwrap());
    for (i, (_, _, peak)) in fixture::STARS.into_iter().enumerate() {
        // The profile's integral to radius r is 4 pi peak (1 - 1 / (1 + r² / 4)).
        let exact = 4.0 * std::f64::consts::PI * peak * (1.0 - 1.0 / (1.0 + 9.0 / 4.0));
        // The sky of 28 pixels is known to about 3 DN each under noise that is not Gaussian.
        let sky_uncertainty = 28.3 * 3.0;
        let tolerance = 0.01 * exact + 4.0 * error[i] + sky_uncertainty;
        assert!((flux[i] - exact).abs() < tolerance, "{i}: {} {exact}", flux[i]);
    }
}

#[test]
fn a_star_over_a_filled_background_is_flagged() {
    let (table, _) = run(&fixture::planes(), &params()).unwrap();
    let Some(Values::I32(bits)) = table.get("f_0_f") else { panic!() };
    assert!(bits[2] & flags::BACKGROUND_FILLED != 0 && bits[2] & flags::MASKED != 0);
    assert_eq!(bits[0] & flags::BACKGROUND_FILLED, 0);
}

#[test]
fn an_image_without_good_pixels_gives_flags_not_an_error() {
    let mut planes = fixture::planes();
    planes.mask.fill(mask::DEAD);
    let (table, warnings) = run(&planes, &params()).unwrap();
    assert_eq!(warnings[0].kind, "no-background");
    let Some(Values::I32(bits)) = table.get("f_0_f") else { panic!() };
    let expected = flags::MASKED | flags::ALL_MASKED | flags::NO_BACKGROUND;
    assert!(bits.iter().all(|&bits| bits == expected));
    let needs_rms = Params { variance: Variance::BackgroundRms, ..params() };
    assert!(matches!(run(&planes, &needs_rms), Err(Error::Undetermined { .. })));
}

#[test]
fn without_stars_the_table_keeps_its_columns() {
    let mut far = Table::new();
    for name in ["x", "y"] {
        far.set(name, "pix", Values::F64(vec![-100.0])).unwrap();
    }
    let (planes, header) = (fixture::planes(), Header::new());
    let (table, warnings) = photometer_catalogue(&planes, &header, None, &far, &params()).unwrap();
    assert_eq!((table.rows(), table.columns().len()), (0, 13));
    assert_eq!(warnings[0].kind, "none-inside");
    let (none, warnings) =
        photometer_catalogue(&planes, &header, None, &Table::new(), &params()).unwrap();
    assert_eq!(
        (none.rows(), none.columns().len(), warnings[0].kind.as_str()),
        (0, 13, "no-source")
    );
}

#[test]
fn the_star_adds_its_photons_to_the_error_where_a_gain_is_given() {
    let planes = fixture::planes();
    let error = |variance: Variance| {
        let params = Params { variance, ..params() };
        let (table, _) = run(&planes, &params).unwrap();
        (table.f64("f_0").unwrap()[1], table.f64("f_0_e").unwrap()[1])
    };
    let (_, sky) = error(Variance::BackgroundRms);
    let (flux, both) = error(Variance::BackgroundRmsAndGain { gain_electron_per_dn: 2.0 });
    let photons = both * both - sky * sky;
    // Weights at the rim count squared, so the photons are a little fewer than flux / gain.
    assert!(photons < flux / 2.0 && photons > 0.8 * flux / 2.0, "{photons} {flux}");
}
