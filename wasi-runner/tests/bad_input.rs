//! Bad input of every command: a clear line, exit code 1, and nothing half-written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod command;

use std::fs;
use std::path::{Path, PathBuf};

use command::{bad, folder, good, names, rawsky, walk};

/// A night of two detectors and two bands, its products, and files that are none.
struct Scene {
    root: PathBuf,
}

impl Scene {
    fn new(name: &str) -> Scene {
        let root = folder(name);
        good(
            &root,
            "simulate --camera toy --ccds 1,2 --out night --biases 4 --flats 3 --exposures 2 --seed 3",
        );
        good(&root, "reduce night --camera toy -o run");
        let science = fs::read(&Scene::raws_of(&root, "d01-s")[0]).unwrap();
        let files: [(&str, &[u8]); 9] = [
            ("text.fits", b"hello"),
            ("empty.fits", b""),
            ("cut.fits", &science[..5000]),
            ("norows.csv", b"x,y\n"),
            ("outside.csv", b"x,y\n-100,-100\n9000,3\n"),
            ("nan.csv", b"x,y\nnan,3\n5,nan\n8,9\n"),
            ("nocolumns.csv", b"a,b\n1,2\n"),
            ("words.csv", b"x,y\nfoo,3\n"),
            ("camera.toml", b"version = 1\nnonsense = 3\n"),
        ];
        for (name, bytes) in files {
            fs::write(root.join(name), bytes).unwrap();
        }
        fs::create_dir(root.join("nothing")).unwrap();
        Scene { root }
    }

    fn raws_of(root: &Path, part: &str) -> Vec<PathBuf> {
        let mut raws = walk(&root.join("night/raw"));
        raws.retain(|path| path.to_string_lossy().contains(part));
        raws
    }

    /// Raw files whose names hold a part, as arguments.
    fn raws(&self, part: &str) -> String {
        let raws = Scene::raws_of(&self.root, part);
        raws.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
    }

    /// The product whose name ends so.
    fn product(&self, end: &str) -> String {
        let found = names(&self.root.join("run/products")).into_iter().find(|n| n.ends_with(end));
        format!("run/products/{}", found.unwrap_or_else(|| panic!("no product {end}")))
    }

    /// The command refuses in one line that holds `reason`, and leaves everything as it was.
    fn refuses(&self, line: &str, reason: &str) {
        let before = (names(&self.root), walk(&self.root));
        let (code, told) = bad(&self.root, &format!("{line} --camera toy"));
        assert_eq!(code, 1, "rawsky {line}: {told}");
        assert_eq!(told.trim_end().lines().count(), 1, "rawsky {line}: {told}");
        assert!(told.contains(reason), "rawsky {line}: {told}");
        assert_eq!((names(&self.root), walk(&self.root)), before, "rawsky {line}");
    }
}

#[test]
fn masters_refuse_what_they_cannot_be_made_of() {
    let scene = Scene::new("bad-masters");
    let (biases, both) = (scene.raws("d01-z"), scene.raws("-z."));
    let flats = scene.raws("tr-d01-f");
    let (bias, other) = (scene.product("none_c01_bias.fits"), scene.product("none_c02_bias.fits"));
    let flat = scene.product("tr_c01_l00_flat.fits");
    let one = biases.split(' ').next().unwrap();
    for (line, reason) in [
        ("master-bias missing.fits".to_owned(), "missing.fits"),
        (format!("master-bias {}", scene.raws("-s.")), "found science, needed bias"),
        (format!("master-bias {both}"), "found bias of detector 2, needed bias of detector 1"),
        (format!("master-bias {one}"), "at least 3"),
        (format!("master-bias {biases} cut.fits"), "cut.fits"),
        (format!("master-bias {biases} text.fits"), "5 bytes"),
        (format!("master-flat {biases} --bias {bias}"), "found bias, needed flat"),
        (format!("master-flat {} --bias {bias}", scene.raws("d01-f")), "band"),
        (format!("master-flat {} --bias {bias}", scene.raws("-f.")), "detector 2"),
        (format!("master-flat {flats} --bias missing.fits"), "missing.fits"),
        (format!("master-flat {flats} --bias {other}"), "found 2, needed 1"),
        (format!("master-flat {flats} --bias {flat}"), "needed a master bias"),
        (format!("focal-plane {flats}"), "needed a band flat"),
        (format!("focal-plane {flat} {}", scene.product("tb_c02_l00_flat.fits")), "found tb"),
        (format!("focal-plane {flat} {flat}"), "same name"),
        ("focal-plane empty.fits".to_owned(), "0 bytes"),
    ] {
        scene.refuses(&format!("{line} -o out.fits"), reason);
    }
    fs::remove_dir_all(&scene.root).unwrap();
}

#[test]
fn an_exposure_refuses_calibration_of_another() {
    let scene = Scene::new("bad-detrend");
    let raw = &Scene::raws_of(&scene.root, "tb-d01-s")[0].display().to_string();
    let (bias, flat) = (scene.product("c01_bias.fits"), scene.product("tb_c01_l00_flat.fits"));
    let (other_bias, other_band) =
        (scene.product("c02_bias.fits"), scene.product("tr_c01_l00_flat.fits"));
    let level = scene.product("_tr_level.json");
    let bias_raw = scene.raws("d01-z").split(' ').next().unwrap().to_owned();
    for (line, reason) in [
        (format!("missing.fits --bias {bias} --flat {flat}"), "missing.fits"),
        (format!("cut.fits --bias {bias} --flat {flat}"), "cut.fits"),
        (format!("{bias_raw} --bias {bias} --flat {flat}"), "found bias, needed science"),
        (format!("{raw} --bias {other_bias} --flat {flat}"), "found 2, needed 1"),
        (format!("{raw} --bias {bias} --flat {other_band}"), "band of the flat"),
        (format!("{raw} --bias {flat} --flat {flat}"), "needed a master bias"),
        (format!("{raw} --bias {bias} --flat {bias}"), "needed a band flat"),
        (format!("{raw} --bias {bias} --flat missing.fits"), "missing.fits"),
        (format!("{raw} --bias {bias} --flat {flat} --focal-plane {level}"), "level"),
        (format!("{raw} --bias {bias} --flat {flat} --focal-plane camera.toml"), "level"),
        (format!("{raw} --bias {bias} --flat {flat} --headers nowhere"), "nowhere"),
        (format!("{raw} --bias {bias} --flat {flat} --masks nothing"), "found nothing"),
    ] {
        scene.refuses(&format!("detrend {line} -o out"), reason);
    }
    fs::remove_dir_all(&scene.root).unwrap();
}

/// Without a match the objects are there, and no image.
fn calibrations_are_refused(scene: &Scene, image: &str) {
    fs::write(scene.root.join("sky.csv"), "ra,dec,mag\n10,20,15\n10.01,20.01,16\n").unwrap();
    for (line, reason) in [
        (format!("{image} --catalogue nothing"), "found nothing"),
        (format!("{image} --catalogue sky.csv --color a"), "needed two"),
        ("missing.fits --catalogue sky.csv".to_owned(), "missing.fits"),
    ] {
        scene.refuses(&format!("calibrate {line} -o out.fits"), reason);
    }
    let line = format!("calibrate {image} --catalogue sky.csv -o out.fits --camera toy");
    let (code, told) = bad(&scene.root, &line);
    assert!(code == 31 && told.contains("the map to the sky"), "{code} {told}");
    assert!(scene.root.join("out_objects.parquet").exists());
    assert!(!scene.root.join("out.fits").exists());
    fs::remove_file(scene.root.join("out_objects.parquet")).unwrap();
}

#[test]
fn catalogues_and_radii_are_refused_or_counted() {
    let scene = Scene::new("bad-aperture");
    let image = scene.product("tb-d01-s_q1_sciimg.fits");
    for (line, reason) in [
        ("missing.fits --catalogue nan.csv".to_owned(), "missing.fits"),
        ("text.fits --catalogue nan.csv".to_owned(), "5 bytes"),
        (format!("{} --catalogue nan.csv", scene.product("c01_bias.fits")), "a science image"),
        (format!("{image} --catalogue missing.csv"), "missing.csv"),
        (format!("{image} --catalogue nocolumns.csv"), "needed ra, dec"),
        (format!("{image} --catalogue words.csv"), "needed numbers"),
        (format!("{image} --catalogue nothing"), "found nothing"),
        (format!("{image} --catalogue nan.csv --radii=0"), "above 0"),
        (format!("{image} --catalogue nan.csv --radii=3,-1"), "above 0"),
        (format!("{image} --catalogue nan.csv --radii=nan"), "above 0"),
        (format!("{image} --catalogue nan.csv --radii=1e9"), "up to 2000"),
        (format!("{image} --catalogue nan.csv --annulus 5,3"), "inner < outer"),
        (format!("{image} --catalogue nan.csv --masks nowhere"), "nowhere"),
    ] {
        scene.refuses(&format!("aperture {line} -o out.parquet"), reason);
    }
    calibrations_are_refused(&scene, &image);
    for gain in ["0", "-1", "nan", "much"] {
        let line = format!("aperture {image} --catalogue nan.csv --gain={gain} -o out.parquet");
        let (code, told) = bad(&scene.root, &line);
        assert!(code == 2 && told.contains("above 0"), "{line}: {told}");
    }
    for (catalogue, warning) in
        [("norows.csv", "no source"), ("outside.csv", "none of 2"), ("nan.csv", "2 sources")]
    {
        let line = format!("aperture {image} --catalogue {catalogue} -o out.parquet --camera toy");
        let output = rawsky(&scene.root, &line);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && told.contains(warning), "{line}: {told}");
        fs::remove_file(scene.root.join("out.parquet")).unwrap();
    }
    fs::remove_dir_all(&scene.root).unwrap();
}

#[test]
fn nights_cameras_and_files_that_are_none_are_refused() {
    let scene = Scene::new("bad-night");
    for (line, reason) in [
        ("reduce nothing -o out", "found no file at all"),
        ("reduce missing -o out", "missing"),
        ("reduce night -o text.fits", "text.fits"),
        ("reduce night --catalogue nowhere -o out", "nowhere"),
        ("reduce night --recipe camera.toml -o out", "recipe"),
        ("plan missing -o out", "missing"),
        ("run nothing", "rawsky plan"),
        ("inspect missing.fits", "missing.fits"),
        ("inspect text.fits", "5 bytes"),
        ("inspect cut.fits", "END"),
        ("inspect nothing", "not a file"),
        ("simulate --out night", "not empty"),
        ("simulate --ccds 99 --out out", "99"),
        ("simulate --leds 99 --out out", "99"),
        ("simulate --without nonsense --out out", "nonsense"),
    ] {
        scene.refuses(line, reason);
    }
    for (camera, reason) in [("nowhere", "needed one of"), ("camera.toml", "nonsense")] {
        let (code, told) = bad(&scene.root, &format!("reduce night -o out --camera {camera}"));
        assert!(code == 1 && told.contains(reason), "{told}");
    }
    fs::remove_dir_all(&scene.root).unwrap();
}

/// Exposures of two sizes, under a camera that takes the sizes from the files.
#[test]
fn exposures_of_two_sizes_make_no_master() {
    let root = folder("bad-sizes");
    let text = include_str!("../../core/instruments/teaching.toml");
    for (name, side) in [("one", 64), ("other", 96)] {
        let camera = text.replace(
            "amp_shape = [256, 256]",
            &format!("sizes_from_file = true\namp_shape = [{side}, {side}]"),
        );
        fs::write(root.join(format!("{name}.toml")), camera).unwrap();
        good(
            &root,
            &format!(
                "simulate --camera {name}.toml --out {name} --biases 3 --flats 0 --exposures 0"
            ),
        );
    }
    let mut raws = walk(&root.join("one/raw"));
    raws.extend(walk(&root.join("other/raw")).into_iter().take(1));
    for (place, raw) in raws.iter().enumerate() {
        fs::copy(raw, root.join(format!("raw{place}.fits"))).unwrap();
    }
    let line = "master-bias raw0.fits raw1.fits raw2.fits raw3.fits -o out.fits --camera one.toml";
    let (code, told) = bad(&root, line);
    assert!(code == 1 && told.contains("96") && told.contains("64"), "{told}");
    assert!(!root.join("out.fits").exists());
    fs::remove_dir_all(&root).unwrap();
}
