//! The parity recipes against small references that the peers made (`tests/oracles/peers`), within
//! the tolerance of the project: 2e-3 DN for pixels, 1e-5 of flux and error for apertures.

use ndarray::{Array2, Axis, concatenate};
use serde::Deserialize;

use super::*;
use crate::geometry::Flip;
use crate::header::Header;
use crate::image::{PixelUnit, Planes};
use crate::instrument::Amplifier;
use crate::measure::{Scene, background, photometer_scene};
use crate::probe::Evidence;
use crate::recipe::{Recipe, Stage};
use crate::stack::combine::combine;
use crate::table::{Table, Values};
use crate::time::Day;

const PIXEL_DN: f64 = 2e-3;
const APERTURE: f64 = 1e-5;
const CASES: [&str; 2] = [
    include_str!("../../../tests/cases/peers/ztfin2p3-0.4.json"),
    include_str!("../../../tests/cases/peers/ztfin2p3-0.6.json"),
];

type Numbers = Vec<Option<f64>>;

#[derive(Deserialize)]
struct Case {
    recipe: String,
    night: String,
    ccd: u32,
    quadrants: Vec<Quadrant>,
    stack: Stack,
    stars: Stars,
}

#[derive(Deserialize)]
struct Quadrant {
    quadrant: u32,
    data: Vec<Vec<f64>>,
    overscan: Vec<Vec<f64>>,
    spec_sky: Numbers,
    model_sky: Vec<f64>,
    corrected_sky: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Stack {
    frames: Vec<Numbers>,
    merged: Numbers,
}

#[derive(Deserialize)]
struct Stars {
    image: Vec<Vec<f64>>,
    mask: Vec<Vec<u32>>,
    x_sky: Vec<f64>,
    y_sky: Vec<f64>,
    radii: Vec<f64>,
    mesh: (usize, usize),
    columns: std::collections::BTreeMap<String, Numbers>,
}

fn cases() -> Vec<(Case, Instrument, Recipe)> {
    let camera = Instrument::built_in("ztf").unwrap();
    let open = |text: &&str| {
        let case: Case = serde_json::from_str(text).unwrap();
        let recipe = Recipe::built_in(&case.recipe, &camera).unwrap();
        (case, camera.clone(), recipe)
    };
    CASES.iter().map(open).collect()
}

fn plane(rows: &[Vec<f64>]) -> Array2<f32> {
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(row, column)| rows[row][column] as f32)
}

/// A quadrant as the raw reader gives it.
fn raw(quadrant: &Quadrant, camera: &Instrument, amplifier: &Amplifier) -> AmpImage {
    let flip = amplifier.readout_from_stored;
    let (data, overscan) = (plane(&quadrant.data), plane(&quadrant.overscan));
    let geometry = camera.geometry(amplifier, data.dim(), Some(overscan.dim())).unwrap();
    let (data, overscan) = (flip.apply(data), flip.apply(overscan));
    let image = concatenate(Axis(1), &[data.view(), overscan.view()]).unwrap();
    let quantum = vec![0.0; image.nrows()];
    let (gain, read_noise, zero) = (6.2, 10.0, None);
    let (planes, unit, amp) = (Planes::from_image(image), PixelUnit::RawDn, amplifier.id);
    AmpImage { planes, unit, amp, geometry, gain, read_noise, quantum, zero }
}

fn visit(case: &Case, camera: &Instrument) -> VisitInfo {
    let mut header = Header::new();
    header.set("IMGTYPE", "object", "");
    header.set("CCD_ID", i64::from(case.ccd), "");
    header.set("OBSMJD", Day::parse(&case.night).unwrap().mjd().0, "");
    camera.visit(&header).unwrap()
}

/// Keeps the row model that the overscan step shows.
#[derive(Default)]
struct RowModel(Vec<f64>);

impl Probe for RowModel {
    fn observe(&mut self, _step: &str, tag: &str, evidence: Evidence<'_>) {
        if let ("row_model", Evidence::Profile(values, _)) = (tag, evidence) {
            self.0 = values.to_vec();
        }
    }
}

#[test]
fn overscan_and_linearity_are_the_peers_in_their_order() {
    for (case, camera, recipe) in cases() {
        let visit = visit(&case, &camera);
        let steps = recipe.steps(Stage::Science);
        let steps = &steps[..steps.iter().position(|step| step.name() == "variance").unwrap()];
        assert_eq!(steps.len(), 2);
        for quadrant in &case.quadrants {
            let amplifier = camera.amplifier(AmpId(quadrant.quadrant)).unwrap();
            let mut amp = raw(quadrant, &camera, amplifier);
            let known = calibration(&camera, &visit, amplifier.id, steps).unwrap();
            let (mut records, mut probe) = (Vec::new(), RowModel::default());
            let mut log = Log { records: &mut records, probe: &mut probe };
            correct_amplifier(&mut amp, steps, &known, &mut log).unwrap();
            let left_out = quadrant.spec_sky.iter().filter(|level| level.is_none()).count();
            let overscan = records.iter().find(|record| record.step == "overscan").unwrap();
            assert_eq!(overscan.report["rows_left_out"], left_out);
            if amp.geometry.sky_from_readout().rows {
                probe.0.reverse();
            }
            for (ours, peer) in probe.0.iter().zip(&quadrant.model_sky) {
                assert!((ours - peer).abs() < 1e-9 * peer, "{}: {ours} {peer}", case.recipe);
            }
            let ccd = steps::assemble::assemble(vec![amp], visit.detector).unwrap();
            for (ours, peer) in ccd.planes.image.iter().zip(&plane(&quadrant.corrected_sky)) {
                let off = f64::from((ours - peer).abs());
                assert!(off <= PIXEL_DN, "{} q{}: {ours} {peer}", case.recipe, quadrant.quadrant);
            }
        }
    }
}

#[test]
fn a_stack_is_merged_as_the_peers_merge_it() {
    for (case, _, recipe) in cases() {
        let pixel = |value: &Option<f64>| value.map_or(f32::NAN, |value| value as f32);
        let frame = |values: &Numbers| {
            Array2::from_shape_vec((1, values.len()), values.iter().map(pixel).collect()).unwrap()
        };
        let frames: Vec<Array2<f32>> = case.stack.frames.iter().map(frame).collect();
        let variance = Array2::ones(frames[0].dim());
        for params in [&recipe.bias_master, &recipe.flat_master] {
            let (merged, _) = combine(&frames, variance.clone(), params).unwrap();
            for (ours, peer) in merged.image.iter().zip(&case.stack.merged) {
                match peer {
                    None => assert!(ours.is_nan()),
                    Some(peer) => assert!((f64::from(*ours) - peer).abs() <= PIXEL_DN, "{peer}"),
                }
            }
        }
    }
}

#[test]
fn apertures_are_the_peers_with_their_gaps_errors_and_flags() {
    for (case, _, recipe) in cases() {
        let mut params = recipe.aperture.clone();
        params.radii_pix = case.stars.radii.clone();
        let (mesh_width_pix, mesh_height_pix) = case.stars.mesh;
        params.background = params.background.map(|mesh| background::Params {
            mesh_width_pix,
            mesh_height_pix,
            ..mesh
        });
        let mut planes = Planes::from_image(plane(&case.stars.image));
        planes.mask = Array2::from_shape_fn(planes.shape(), |at| case.stars.mask[at.0][at.1]);
        // Catalogues count in stored order.
        let flip = Flip { rows: true, columns: true };
        let at = |(x, y): (&f64, &f64)| flip.position((*y, *x), planes.shape());
        let (y, x): (Vec<f64>, Vec<f64>) =
            case.stars.x_sky.iter().zip(&case.stars.y_sky).map(at).unzip();
        let mut sources = Table::new();
        sources.set("x", "pix", Values::F64(x)).unwrap();
        sources.set("y", "pix", Values::F64(y)).unwrap();
        let header = Header::new();
        let scene = Scene { planes: &planes, header: &header, date: None, sky_from_stored: flip };
        let (table, _) = photometer_scene(&scene, &sources, &params).unwrap();
        assert_eq!(table.rows(), case.stars.x_sky.len());
        let column = |name: &str| table.f64(name).unwrap();
        let mut gaps = 0;
        for i in 0..case.stars.radii.len() {
            let peer = |end: &str| &case.stars.columns[&format!("f_{i}{end}")];
            for star in 0..table.rows() {
                let ours = |end: &str| column(&format!("f_{i}{end}"))[star];
                assert_eq!(Some(ours("_f")), peer("_f")[star], "flags of star {star}");
                let error = peer("_e")[star].unwrap();
                let Some(flux) = peer("")[star] else {
                    gaps += 1;
                    assert!(ours("").is_nan());
                    assert!((ours("_e") - error).abs() <= APERTURE * error);
                    continue;
                };
                let most = APERTURE * (flux.abs() + error);
                assert!((ours("") - flux).abs() <= most, "{i} {star}: {} {flux}", ours(""));
                assert!((ours("_e") - error).abs() <= most, "{i} {star}: {} {error}", ours("_e"));
            }
        }
        assert!(gaps > 1, "the case has masked pixels");
    }
}

#[test]
fn the_tables_have_the_kinds_of_the_peers() {
    let kinds = |case: &Case, recipe: &Recipe| {
        let mut params = recipe.aperture.clone();
        params.background = None;
        params.variance = crate::measure::aperture::Variance::Plane;
        let planes = Planes::from_image(plane(&case.stars.image));
        let mut sources = Table::new();
        for (name, value) in [("x", 12.25), ("y", 20.0), ("phot_g_mean_mag", 17.1), ("other", 1.0)]
        {
            sources.set(name, "", Values::F64(vec![value])).unwrap();
        }
        let (header, sky_from_stored) = (Header::new(), Flip { rows: false, columns: true });
        let scene = Scene { planes: &planes, header: &header, date: None, sky_from_stored };
        photometer_scene(&scene, &sources, &params).unwrap().0
    };
    let [(old, _, old_recipe), (new, _, new_recipe)] = <[_; 2]>::try_from(cases()).ok().unwrap();
    let (old, new) = (kinds(&old, &old_recipe), kinds(&new, &new_recipe));
    let names: Vec<&str> = new.columns().iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names[..5], ["phot_g_mean_mag", "x", "y", "isolated", "f_0"]);
    assert_eq!((names[13], names[14], names[24], names[34]), ("f_9", "f_0_e", "f_0_f", "r_0"));
    assert_eq!(new.get("x"), Some(&Values::F32(vec![22.75])));
    assert_eq!(old.get("x"), Some(&Values::F64(vec![22.75])));
    assert_eq!(new.get("r_9"), Some(&Values::U8(vec![12])));
    assert!(matches!(new.get("f_0_f"), Some(Values::U8(_))));
}

#[test]
fn the_equilibrium_model_takes_its_curve_by_date_and_temperature() {
    let rows = "[[pocket_equilibrium]]\ndetector = 1\namp = 2\nmjd_start = 58000.0\n\
                mjd_end = 60000.0\ntemperature_min_k = 150.0\ntemperature_max_k = 170.0\n\
                curve = { kind = \"polynomial\", below = [[0.5, 10.0]], above = [] }\n";
    let camera = Instrument::built_in_text("ztf").unwrap();
    let camera = Instrument::parse(&format!("{camera}\n{rows}")).unwrap();
    let case: Case = serde_json::from_str(CASES[0]).unwrap();
    let mut visit = visit(&case, &camera);
    let params = steps::pocket::Params { model: Model::Equilibrium, ..Default::default() };
    let steps = [Step::Pocket(params)];
    let message = calibration(&camera, &visit, AmpId(2), &steps).unwrap_err().to_string();
    assert!(message.contains("HEADTEMP"), "{message}");
    assert!(calibration(&camera, &visit, AmpId(2), &[]).is_ok(), "nobody asks for the curve");
    visit.temperature_k = Some(162.0);
    let known = calibration(&camera, &visit, AmpId(2), &steps).unwrap();
    let mut amp = raw(&case.quadrants[0], &camera, camera.amplifier(AmpId(2)).unwrap());
    amp.unit = PixelUnit::Dn;
    let before = amp.planes.image.clone();
    let (mut records, mut probe) = (Vec::new(), ());
    let mut log = Log { records: &mut records, probe: &mut probe };
    correct_amplifier(&mut amp, &steps, &known, &mut log).unwrap();
    // A level curve of 0.5 t + 10 DN: the first pixel of a row lost that, the others got it back.
    let gained = &amp.planes.image - &before;
    let ulp = 0.004; // of single precision at the largest pixel, 36,000 DN
    assert!(gained.column(0).iter().all(|change| (change - 11.0).abs() < ulp));
    assert!(gained.column(1).iter().all(|change| change.abs() < ulp));
    assert_eq!(records[0].step, "pocket");
}
