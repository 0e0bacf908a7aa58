//! Previews against the stages that they stand for.

use super::tests::{Table, table};
use super::*;
use crate::display::{ColourMap, Stretch};

/// The whole detector with a margin, or a part of it.
fn view(stage: &str, against: &str, mode: Mode) -> View {
    View {
        width: 530,
        height: 520,
        x: 255.5,
        y: 255.5,
        scale: 1.0,
        stage: stage.to_owned(),
        against: against.to_owned(),
        mode,
        split: 0.4,
        low: -20.0,
        high: 400.0,
        against_cuts: Some((900.0, 1600.0)),
        stretch: Stretch::Asinh,
        colour: ColourMap::Viridis,
        invert: false,
        mask_bits: 0,
        amps: vec![1, 2, 3, 4],
    }
}

fn bytes(view: &View) -> Vec<u8> {
    vec![0; 4 * view.width * view.height]
}

fn preview(table: &mut Table, view: &View, most: Option<usize>) -> Vec<u8> {
    let mut bytes = bytes(view);
    table.bench.preview_of(&mut table.store, (view, most), &mut bytes).unwrap();
    bytes
}

fn drawn(table: &mut Table, view: &View) -> Vec<u8> {
    let mut bytes = bytes(view);
    table.bench.draw(view, &mut bytes).unwrap();
    bytes
}

/// An exposure whose stages are done, and a change of the overscan that is not.
fn changed() -> Table {
    let mut table = table();
    (1..=4).for_each(|amp| drop(table.run(amp)));
    table.change("overscan", "columns", serde_json::json!({ "last": 20 }));
    table.change("overscan", "terms", 1.into());
    table
}

#[test]
fn a_preview_of_every_pixel_is_the_picture_that_comes_later() {
    let mut table = changed();
    let views = [
        view("overscan", "raw", Mode::Single),
        view("split", "raw", Mode::Split),
        view("raw", "variance", Mode::Split),
        view("split", "truth", Mode::Difference),
        View { mask_bits: u32::MAX, ..view("flat", "overscan", Mode::Difference) },
    ];
    let stale = drawn(&mut table, &views[0]);
    let bytes_before = table.bench.bytes();
    let previews: Vec<Vec<u8>> = views.iter().map(|view| preview(&mut table, view, None)).collect();
    // Nothing but the raw and the saturated image is there yet, before as after.
    assert_eq!(table.bench.next(AmpId(1)), Some("overscan"));
    assert_eq!(table.bench.bytes(), bytes_before);
    (1..=4).for_each(|amp| drop(table.run(amp)));
    for (view, preview) in views.iter().zip(&previews) {
        assert!(drawn(&mut table, view) == *preview, "{view:?}");
    }
    assert!(previews[0] != stale);
}

#[test]
fn a_part_of_the_picture_takes_its_rows_only_and_shows_the_same() {
    let mut table = changed();
    let part = View { x: 300.0, y: 140.0, scale: 4.0, ..view("overscan", "raw", Mode::Single) };
    let seen = preview(&mut table, &part, None);
    let masked = View { stage: "bias".to_owned(), ..part.clone() };
    let of_bias = preview(&mut table, &masked, None);
    (1..=4).for_each(|amp| drop(table.run(amp)));
    assert!(drawn(&mut table, &part) == seen);
    // What the pocket gives back is the median of other rows, so that colors may differ by a step.
    let whole = drawn(&mut table, &masked);
    assert!(whole.iter().zip(&of_bias).all(|(one, other)| one.abs_diff(*other) <= 2));
}

#[test]
fn fewer_rows_are_rows_of_the_whole_image() {
    let mut table = changed();
    let shown = view("overscan", "raw", Mode::Single);
    let few = preview(&mut table, &shown, Some(256 * 64));
    (1..=4).for_each(|amp| drop(table.run(amp)));
    // Of four rows the third stands for all, and four columns are their mean.
    let settings = table.bench.settings().to_vec();
    let mut expected = bytes(&shown);
    let lookup = shown.lookups().unwrap()[0].clone();
    for amp in 1..=4 {
        let stage = table.bench.view(AmpId(amp), "overscan").unwrap();
        let (x0, y0) = stage.origin;
        for ((row, column), _) in stage.image.indexed_iter() {
            let block =
                (0..4).map(|at| f64::from(stage.image[[row / 4 * 4 + 2, column / 4 * 4 + at]]));
            let color = lookup.color((block.sum::<f64>() / 4.0) as f32).unwrap();
            let (line, at) = (519 - (y0 + row + 4), x0 + column + 9);
            expected[4 * (530 * line + at)..][..4].copy_from_slice(&color);
        }
    }
    assert_eq!(settings, table.bench.settings());
    assert!(few == expected);
}

#[test]
fn a_slider_goes_on_from_the_rows_that_are_there() {
    let mut table = changed();
    let shown = view("split", "raw", Mode::Single);
    let first = preview(&mut table, &shown, None);
    table.change("overscan", "terms", 3.into());
    let second = preview(&mut table, &shown, None);
    table.change("flat", "not_positive", "divide".into());
    table.change("overscan", "terms", 1.into());
    table.change("flat", "not_positive", "mask".into());
    assert!(preview(&mut table, &shown, None) == first && first != second);
    // A run takes the place of what was kept for previews.
    table.run(1);
    assert!(!table.bench.previews.contains_key(&AmpId(1)));
    assert!(table.bench.previews.contains_key(&AmpId(2)));
}

#[test]
fn what_a_step_refuses_is_told_and_changes_nothing() {
    let mut table = changed();
    table.change("overscan", "columns", serde_json::json!({ "last": 0 }));
    let shown = view("split", "raw", Mode::Single);
    let mut picture = bytes(&shown);
    let refused = table.bench.preview(&mut table.store, &shown, &mut picture);
    assert!(refused.unwrap_err().to_string().contains("overscan"));
    assert_eq!(table.bench.next(AmpId(1)), Some("overscan"));
    // A stage before the change is there.
    let before = view("saturation", "raw", Mode::Single);
    let shown = preview(&mut table, &before, None);
    assert!(shown == drawn(&mut table, &before));
}
