//! The true flat of lamps: its numbers, and how often their files are read.

use std::collections::BTreeMap;

use ndarray::Array2;

use super::*;
use crate::formats::fits::{Encoding, FitsWriter, PixelData};
use crate::formats::memory::Memory;
use crate::header::Header;
use crate::store::Sink;

const SHAPE: (usize, usize) = (40, 30);

/// A store that counts the bytes that are read of each file.
struct Counting {
    files: Memory,
    read: BTreeMap<Key, u64>,
}

impl Store for Counting {
    fn list(&self) -> Vec<Key> {
        self.files.list()
    }

    fn length(&mut self, key: &str) -> Result<u64> {
        self.files.length(key)
    }

    fn read_at(&mut self, key: &str, offset: u64, buffer: &mut [u8]) -> Result<()> {
        // Headers are read for every image.
        if buffer.len() != 2880 {
            *self.read.entry(key.to_owned()).or_default() += buffer.len() as u64;
        }
        self.files.read_at(key, offset, buffer)
    }

    fn append(&mut self, key: &str, bytes: &[u8]) -> Result<()> {
        self.files.append(key, bytes)
    }
}

/// Light of a lamp on an amplifier.
fn light(lamp: i64, amp: usize) -> Array2<f32> {
    Array2::from_shape_fn(SHAPE, |(row, column)| {
        let shade = ((row * 31 + column * 17 + amp * 7) % 101) as f32 / 50.0;
        1000.0 * lamp as f32 + 10.0 * amp as f32 + shade * lamp as f32
    })
}

fn lamps(camera: &Instrument) -> (Counting, Vec<Key>, Vec<f64>) {
    let mut files = Memory::default();
    let (mut keys, mut weights) = (Vec::new(), Vec::new());
    for lamp in camera.lamps.iter().take(3) {
        let key = format!("lamp_{}", lamp.lamp);
        let mut header = Header::new();
        header.set("LAMP", lamp.lamp, "");
        let mut writer = FitsWriter::new(Sink::new(&mut files, &key));
        writer.write_hdu(&header, None, PixelData::None, Encoding::Plain).unwrap();
        for amp in 1..=4 {
            let (light, name) = (light(lamp.lamp, amp), format!("IMAGE{amp}"));
            let pixels = PixelData::F32(light.view());
            writer.write_hdu(&Header::new(), Some(&name), pixels, Encoding::Plain).unwrap();
        }
        keys.push(key);
        weights.push(lamp.weight);
    }
    (Counting { files, read: BTreeMap::new() }, keys, weights)
}

fn upper_median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn a_true_flat_is_the_weighted_mean_of_lamps_each_of_which_is_read_once() {
    let camera = Instrument::built_in("ztf").unwrap();
    let (mut store, keys, weights) = lamps(&camera);
    assert_eq!(keys.len(), 3);
    let flat = true_flat((&mut store, &camera), &keys, AmpId(2)).unwrap().unwrap();
    let bytes = (4 * 4 * SHAPE.0 * SHAPE.1) as u64;
    for key in &keys {
        let read = store.read[key];
        assert!((bytes..bytes + bytes / 10).contains(&read), "{key}: {read} of {bytes}");
    }
    let numbers: Vec<i64> = camera.lamps.iter().take(3).map(|lamp| lamp.lamp).collect();
    let levels: Vec<f64> = numbers
        .iter()
        .map(|&lamp| {
            let all = (1..=4).flat_map(|amp| light(lamp, amp));
            upper_median(all.map(f64::from))
        })
        .collect();
    let total: f64 = weights.iter().sum();
    let mean = |amp: usize| {
        let mut sum = Array2::<f64>::zeros(SHAPE);
        for ((&lamp, level), weight) in numbers.iter().zip(&levels).zip(&weights) {
            sum += &light(lamp, amp).mapv(|pixel| f64::from(pixel) * weight / level / total);
        }
        sum
    };
    let median = upper_median((1..=4).flat_map(mean));
    for (found, wanted) in flat.iter().zip(&mean(2)) {
        assert!((f64::from(*found) / (wanted / median) - 1.0).abs() < 5e-7, "{found}");
    }
}

#[test]
fn lamps_of_different_shapes_or_without_an_amplifier_are_refused() {
    let camera = Instrument::built_in("ztf").unwrap();
    let (mut store, mut keys, _) = lamps(&camera);
    let missing = true_flat((&mut store, &camera), &keys, AmpId(9));
    assert!(missing.unwrap_err().to_string().contains("IMAGE9"));
    for (key, name) in [("odd", "IMAGE1"), ("nameless", "IMAGE7")] {
        let mut writer = FitsWriter::new(Sink::new(&mut store.files, key));
        let small = Array2::from_elem((3, 4), 1.0);
        let pixels = PixelData::F32(small.view());
        writer.write_hdu(&Header::new(), None, PixelData::None, Encoding::Plain).unwrap();
        writer.write_hdu(&Header::new(), Some(name), pixels, Encoding::Plain).unwrap();
        keys.push(key.to_owned());
        assert!(true_flat((&mut store, &camera), &keys, AmpId(1)).is_err(), "{key}");
        keys.pop();
    }
    assert!(true_flat((&mut store, &camera), &[], AmpId(1)).unwrap().is_none());
}
