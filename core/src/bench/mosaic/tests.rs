//! The focal plane against the files it is made of.

use ndarray::s;

use super::*;
use crate::display::{ColourMap, Cuts, Stretch};
use crate::formats::memory::Memory;
use crate::raw::RawFile;

/// A simulated exposure of both detectors of the camera for tests.
fn night() -> (Memory, Vec<Key>) {
    let mut store = Memory::default();
    for unit in mosaic_night("toy", 3).unwrap() {
        unit.run(&mut store).unwrap();
    }
    let names = store.list();
    let raws: Vec<Key> = names.into_iter().filter(|key| !key.contains("_q")).collect();
    assert_eq!(raws.len(), 2, "{raws:?}");
    (store, raws)
}

/// The focal plane with all of it read.
fn mosaic(store: &mut Memory, names: &[Key]) -> (Mosaic, Vec<Level>) {
    let mut mosaic = Mosaic::open(store, "toy", names).unwrap();
    let members = mosaic.info().members;
    let read = |one: &Member| mosaic.read(store, one.detector, one.amp).unwrap();
    let levels = members.iter().map(read).collect();
    (mosaic, levels)
}

fn view(x: f64, y: f64, scale: f64) -> MosaicView {
    MosaicView {
        width: 128,
        height: 64,
        x,
        y,
        scale,
        low: 0.0,
        high: 1000.0,
        stretch: Stretch::Linear,
        colour: ColourMap::Grey,
        invert: false,
    }
}

#[test]
fn detectors_lie_where_the_camera_has_them() {
    let (mut store, raws) = night();
    let mosaic = Mosaic::open(&mut store, "toy", &raws).unwrap();
    let info = mosaic.info();
    // Two detectors of 48 rows and 64 columns side by side, the second at the left, 5 columns apart.
    assert_eq!((info.width, info.height), (64 + 5 + 64, 48));
    let places: Vec<(u32, usize, usize)> =
        info.places.iter().map(|place| (place.detector, place.x0, place.y0)).collect();
    assert_eq!(places, [(1, 69, 0), (2, 0, 0)]);
    let members: Vec<(u32, u32)> =
        info.members.iter().map(|member| (member.detector, member.amp)).collect();
    assert_eq!(members, [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1), (2, 2), (2, 3), (2, 4)]);
    assert!(info.left_out.is_empty());
}

#[test]
fn an_overview_is_the_mean_above_the_overscan_at_its_place() {
    let (mut store, raws) = night();
    let (mut mosaic, levels) = mosaic(&mut store, &raws);
    let camera = Instrument::built_in("toy").unwrap();
    for (index, level) in levels.iter().enumerate() {
        let key = &mosaic.info().members[index].file;
        let file = RawFile::open(&mut store, key, &camera).unwrap();
        let amp = file.amplifier(&mut store, &camera, AmpId(level.amp)).unwrap();
        let geometry = amp.geometry;
        let sorted = |section: crate::geometry::Section| {
            let view = section.view(&amp.planes.image).unwrap();
            let mut values: Vec<f64> = view.iter().map(|value| f64::from(*value)).collect();
            values.sort_by(f64::total_cmp);
            0.5 * (values[(values.len() - 1) / 2] + values[values.len() / 2])
        };
        let overscan = sorted(geometry.overscan.unwrap());
        assert_eq!(level.overscan, Some(overscan));
        let median = sorted(geometry.imaging) - overscan;
        assert!((level.median.unwrap() - median).abs() < 1e-3, "{level:?} {median}");
        // The picture's value at the middle of a block of 8 × 8 is the block's mean.
        let sky = geometry.imaging.view(&amp.planes.image).unwrap().to_owned();
        let sky = geometry.sky_from_readout().apply(sky);
        let (x0, y0) = mosaic.origin(DetectorId(level.detector)).unwrap();
        let place = geometry.on_detector;
        let (x, y) = (x0 + place.column_start + 12, y0 + place.row_start + 10);
        let pixel = mosaic.pixel(x as f64, y as f64).unwrap();
        let mean = f64::from(sky.slice(s![8..16, 8..16]).mean().unwrap()) - overscan;
        assert_eq!((pixel.detector, pixel.amp), (level.detector, level.amp));
        assert_eq!((pixel.x, pixel.y), (place.column_start + 12, place.row_start + 10));
        assert!(pixel.is_mean && (pixel.value.unwrap() - mean).abs() < 1e-2, "{pixel:?} {mean}");
        // Once it is loaded, it is the pixel itself.
        mosaic.load(&mut store, level.detector, level.amp).unwrap();
        let pixel = mosaic.pixel(x as f64, y as f64).unwrap();
        let own = f64::from(sky[[10, 12]]) - overscan;
        assert!(!pixel.is_mean && (pixel.value.unwrap() - own).abs() < 1e-3, "{pixel:?} {own}");
    }
    assert!(mosaic.pixel(66.0, 10.0).is_none(), "between the detectors");
    assert!(mosaic.pixel(-1.0, 0.0).is_none() && mosaic.pixel(0.0, 48.0).is_none());
}

#[test]
fn a_close_look_asks_for_full_pixels_and_a_far_one_does_not() {
    let (mut store, raws) = night();
    let (mut mosaic, _) = mosaic(&mut store, &raws);
    let overviews = mosaic.bytes();
    assert_eq!(overviews, 2 * 4 * 4 * (3 * 4), "eight images of 3 x 4");
    assert!(mosaic.wanted(&view(66.0, 24.0, 0.06)).is_empty());
    // All of detector 2 and nothing of detector 1.
    let close = view(31.5, 23.5, 2.0);
    let wanted = mosaic.wanted(&close);
    let mut sorted = wanted.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [(2, 1), (2, 2), (2, 3), (2, 4)]);
    let mut before = vec![0; 4 * 128 * 64];
    mosaic.draw(&close, &mut before).unwrap();
    for (detector, amp) in wanted {
        mosaic.load(&mut store, detector, amp).unwrap();
    }
    assert!(mosaic.wanted(&close).is_empty() && overviews < mosaic.bytes());
    let mut after = vec![0; 4 * 128 * 64];
    mosaic.draw(&close, &mut after).unwrap();
    assert_ne!(before, after);
    // The pixel of the picture is that of the file: 2 picture pixels for each.
    let pixel = mosaic.pixel(31.0, 23.0).unwrap();
    let grey = (pixel.value.unwrap() / 1000.0 * 255.0).clamp(0.0, 255.0);
    let at = 4 * (128 * (32 + 1) + 64 - 1);
    assert!((f64::from(after[at]) - grey).abs() < 1.5, "{} {grey}", after[at]);
}

#[test]
fn common_cuts_hold_all_that_was_read() {
    let (mut store, raws) = night();
    let (mosaic, levels) = mosaic(&mut store, &raws);
    let (low, high) = mosaic.cuts(Cuts::MinMax).unwrap().unwrap();
    let medians = levels.iter().map(|level| level.median.unwrap());
    assert!(medians.clone().all(|median| low < median && median < high), "{low} {high}");
    let empty = Mosaic::open(&mut store, "toy", &raws).unwrap();
    assert_eq!(empty.cuts(Cuts::Zscale).unwrap(), None);
}

#[test]
fn what_is_no_focal_plane_is_refused_and_a_second_exposure_left_out() {
    let (mut store, raws) = night();
    let refusal = |store: &mut Memory, camera: &str, names: &[Key]| {
        Mosaic::open(store, camera, names).err().map_or(String::new(), |error| error.to_string())
    };
    assert!(refusal(&mut store, "toy", &raws[..1]).contains("different detectors"));
    assert!(refusal(&mut store, "ztf", &raws).contains("0 of the camera ztf"));
    let bytes = store.bytes(&raws[0]);
    crate::store::Store::append(&mut store, "again.fits", &bytes).unwrap();
    let names = [raws[0].clone(), raws[1].clone(), "again.fits".to_owned()];
    let info = Mosaic::open(&mut store, "toy", &names).unwrap().info();
    assert_eq!((info.members.len(), info.left_out.len()), (8, 1), "{:?}", info.left_out);
    assert!(info.left_out[0].contains("another exposure of detector"));
}

#[test]
fn the_last_used_pixels_are_kept_within_the_bound() {
    let mut detail = Detail::default();
    let id = |amp| (DetectorId(1), AmpId(amp));
    // A third of the bound each: two fit.
    let pixels = detail::MOST_BYTES / 4 / 4;
    let image = || Array2::<f32>::zeros((pixels / 1024, 1024));
    for amp in 1..=3 {
        detail.keep(id(amp), image());
        assert!(detail.bytes() <= detail::MOST_BYTES);
    }
    assert_eq!([1, 2, 3].map(|amp| detail.has(id(amp))), [true, true, true]);
    detail.touch(id(1));
    detail.keep(id(4), image());
    assert_eq!([1, 2, 3, 4].map(|amp| detail.has(id(amp))), [true, false, true, true]);
    assert!(detail.bytes() <= detail::MOST_BYTES);
}
