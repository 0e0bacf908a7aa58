//! A piece of an image as a picture: every picture pixel shows the image pixel under its center, which
//! [`super::footprint`] finds.
//!
//! Several layers (the amplifiers of a detector, the detectors of a focal plane) are drawn onto one
//! picture one after another: what is outside a layer keeps its bytes. Pixels without a value and
//! masked pixels are drawn by [`super::marks`], all others by a [`Lookup`].

use std::ops::Range;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::footprint::{Footprint, Place};
use super::pixels::row_of;
use super::{Lookup, marks};
use crate::error::{Error, Result};

/// Longest side of a picture, in picture pixels.
pub const LONGEST_SIDE: usize = 16384;

/// Which piece of the detector a picture shows, and how large.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// Columns of the picture, 1 to [`LONGEST_SIDE`].
    pub width: usize,
    /// Lines of the picture, 1 to [`LONGEST_SIDE`].
    pub height: usize,
    /// Column of the detector at the center of the picture, in detector pixels.
    pub x: f64,
    /// Row of the detector at the center of the picture, in detector pixels.
    pub y: f64,
    /// Picture pixels per detector pixel.
    pub scale: f64,
}

impl Frame {
    /// The frame that shows a whole detector of `(rows, columns)`, as large as it fits.
    pub fn fit(width: usize, height: usize, (rows, columns): (usize, usize)) -> Frame {
        let (x, y) = (0.5 * (columns as f64 - 1.0), 0.5 * (rows as f64 - 1.0));
        let scale = (width as f64 / columns as f64).min(height as f64 / rows as f64);
        Frame { width, height, x, y, scale }
    }

    /// An empty picture: transparent black, `4 × width × height` bytes.
    ///
    /// # Errors
    /// If the frame is not a valid one.
    pub fn picture(&self) -> Result<Vec<u8>> {
        self.check()?;
        Ok(vec![0; 4 * self.width * self.height])
    }

    /// Detector coordinates (column, row) of the center of a picture pixel.
    pub fn detector_position(&self, column: f64, line: f64) -> (f64, f64) {
        let across = column + 0.5 - 0.5 * self.width as f64;
        let up = 0.5 * self.height as f64 - line - 0.5;
        (self.x + across / self.scale, self.y + up / self.scale)
    }

    /// The picture columns on the left and on the right of a vertical line at the fraction `split` (0
    /// to 1) of the width, which is rounded to whole picture columns.
    ///
    /// # Errors
    /// If `split` is not between 0 and 1.
    pub fn halves(&self, split: f64) -> Result<[Range<usize>; 2]> {
        if !(0.0..=1.0).contains(&split) {
            return Err(Error::parameter("split", split, "a fraction between 0 and 1"));
        }
        let line = (split * self.width as f64 + 0.5).floor() as usize;
        Ok([0..line, line..self.width])
    }

    pub(super) fn check(&self) -> Result<()> {
        let sides = 1..=LONGEST_SIDE;
        if !(sides.contains(&self.width) && sides.contains(&self.height)) {
            let found = format!("{} x {}", self.width, self.height);
            let needed = format!("sides of 1 to {LONGEST_SIDE} picture pixels");
            return Err(Error::parameter("size of the picture", found, needed));
        }
        if !(self.scale.is_finite() && self.scale > 0.0) {
            return Err(Error::parameter("scale", self.scale, "a finite number above 0"));
        }
        if !(self.x.is_finite() && self.y.is_finite()) {
            let found = format!("({}, {})", self.x, self.y);
            return Err(Error::parameter("center of the picture", found, "finite coordinates"));
        }
        Ok(())
    }

    fn check_bytes(&self, length: usize) -> Result<()> {
        self.check()?;
        let needed = 4 * self.width * self.height;
        if length != needed {
            return Err(Error::input("draw", "bytes of the picture", length, needed));
        }
        Ok(())
    }
}

/// An image in its place on the detector.
#[derive(Debug, Clone, Copy)]
pub struct Layer<'a> {
    /// Pixels in sky order: row 0 at the bottom, column 0 at the left.
    pub image: ArrayView2<'a, f32>,
    /// Mask bits of the same shape.
    pub mask: Option<ArrayView2<'a, u32>>,
    /// Where it lies, and how often it was halved.
    pub place: Place,
}

impl<'a> Layer<'a> {
    /// A full-size image whose first pixel is the detector's.
    pub fn full(image: ArrayView2<'a, f32>) -> Layer<'a> {
        let place = Place { origin: (0.0, 0.0), size: image.dim(), level: 0 };
        Layer { image, mask: None, place }
    }

    fn check(&self) -> Result<()> {
        let needed = self.place.halved_size()?;
        let found = [Some(self.image.dim()), self.mask.map(|mask| mask.dim())];
        if let Some(found) = found.into_iter().flatten().find(|&shape| shape != needed) {
            let what = format!("shape of an image or mask of level {}", self.place.level);
            let (found, needed) = (format!("{found:?}"), format!("{needed:?}"));
            return Err(Error::input("draw", &what, found, needed));
        }
        Ok(())
    }
}

/// Draws a layer onto a picture of RGBA bytes, the topmost line first.
///
/// # Errors
/// If the frame is not a valid one, the number of bytes is not its size, or the layer's image, mask
/// and size do not fit together.
pub fn draw(frame: &Frame, layer: &Layer<'_>, lookup: &Lookup, bytes: &mut [u8]) -> Result<()> {
    let footprint = Footprint::new(frame, &layer.place, 0..frame.width)?;
    draw_part(frame, &footprint, (layer, lookup), bytes)
}

/// Draws the part of a picture on which a layer is seen.
///
/// # Errors
/// As [`draw`].
pub fn draw_part(
    frame: &Frame,
    footprint: &Footprint,
    (layer, lookup): (&Layer<'_>, &Lookup),
    bytes: &mut [u8],
) -> Result<()> {
    frame.check_bytes(bytes.len())?;
    layer.check()?;
    let lines = bytes.chunks_exact_mut(4 * frame.width).enumerate().skip(footprint.first_line);
    for ((line, picture), &row) in lines.zip(&footprint.rows) {
        let (pixels, _) = picture.as_chunks_mut::<4>();
        let pixels = pixels.get_mut(footprint.picture_columns()).unwrap_or_default();
        let at = (footprint, line);
        show(at, &row_of(layer.image, row).unwrap_or_default(), lookup, pixels);
        if let Some(mask) = layer.mask.filter(|_| lookup.mask_bits != 0) {
            mark(at, &row_of(mask, row).unwrap_or_default(), lookup.mask_bits, pixels);
        }
    }
    Ok(())
}

fn show(at: (&Footprint, usize), row: &[f32], lookup: &Lookup, pixels: &mut [[u8; 4]]) {
    let (Footprint { first_column, columns, .. }, line) = at;
    for (at, (pixel, &column)) in pixels.iter_mut().zip(columns).enumerate() {
        let value = row.get(column).copied().unwrap_or(f32::NAN);
        let color = lookup.color(value);
        *pixel = color.unwrap_or_else(|| marks::checker(first_column + at, line));
    }
}

fn mark(at: (&Footprint, usize), row: &[u32], wanted: u32, pixels: &mut [[u8; 4]]) {
    let (Footprint { first_column, columns, .. }, line) = at;
    for (at, (pixel, &column)) in pixels.iter_mut().zip(columns).enumerate() {
        let bits = row.get(column).copied().unwrap_or(0) & wanted;
        if bits != 0 {
            *pixel = marks::hatch(bits.trailing_zeros(), first_column + at, line, *pixel);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array, s};

    use super::super::footprint::DEEPEST_LEVEL;
    use super::super::{ColourMap, Style};
    use super::*;

    /// Values that are their own grey.
    fn bytes_as_grey() -> Lookup {
        Lookup::new(&Style::grey(0.0, 255.0)).unwrap()
    }

    /// The red part of a picture, line by line.
    fn greys(bytes: &[u8]) -> Vec<u8> {
        bytes.as_chunks::<4>().0.iter().map(|pixel| pixel[0]).collect()
    }

    fn placed(image: ArrayView2<'_, f32>, origin: (f64, f64)) -> Layer<'_> {
        let layer = Layer::full(image);
        Layer { place: Place { origin, ..layer.place }, ..layer }
    }

    fn drawn(frame: &Frame, layer: &Layer<'_>, lookup: &Lookup) -> Vec<u8> {
        let mut bytes = frame.picture().unwrap();
        draw(frame, layer, lookup, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn row_0_is_the_bottom_and_column_0_the_left() {
        let image = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let frame = Frame::fit(3, 2, image.dim());
        assert_eq!(frame, Frame { width: 3, height: 2, x: 1.0, y: 0.5, scale: 1.0 });
        let bytes = drawn(&frame, &Layer::full(image.view()), &bytes_as_grey());
        assert_eq!(greys(&bytes), [4, 5, 6, 1, 2, 3]);
        assert!(bytes.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 255));
    }

    #[test]
    fn a_pixel_becomes_a_square_of_the_scale() {
        let image = array![[1.0, 2.0], [3.0, 4.0]];
        let frame = Frame { width: 4, height: 4, x: 0.5, y: 0.5, scale: 2.0 };
        let bytes = drawn(&frame, &Layer::full(image.view()), &bytes_as_grey());
        assert_eq!(greys(&bytes), [3, 3, 4, 4, 3, 3, 4, 4, 1, 1, 2, 2, 1, 1, 2, 2]);
    }

    #[test]
    fn a_small_scale_takes_the_pixel_under_the_center() {
        let image = Array2::from_shape_fn((9, 9), |(row, column)| (10 * row + column) as f32);
        let frame = Frame::fit(3, 3, (9, 9));
        let bytes = drawn(&frame, &Layer::full(image.view()), &bytes_as_grey());
        assert_eq!(greys(&bytes), [71, 74, 77, 41, 44, 47, 11, 14, 17]);
    }

    #[test]
    fn what_is_outside_a_layer_keeps_its_bytes() {
        let image = array![[9.0]];
        let frame = Frame { width: 3, height: 3, x: 10.0, y: 20.0, scale: 1.0 };
        let mut bytes = vec![77; 36];
        let layer = placed(image.view(), (11.0, 19.0));
        draw(&frame, &layer, &bytes_as_grey(), &mut bytes).unwrap();
        assert_eq!(greys(&bytes), [77, 77, 77, 77, 77, 77, 77, 77, 9]);
        let far = placed(image.view(), (1e9, -1e300));
        let before = bytes.clone();
        draw(&frame, &far, &bytes_as_grey(), &mut bytes).unwrap();
        assert_eq!(bytes, before);
    }

    #[test]
    fn layers_side_by_side_make_the_picture_of_the_whole() {
        let whole = Array2::from_shape_fn((7, 10), |(row, column)| (20 * row + column) as f32);
        let frame = Frame { width: 23, height: 19, x: 4.3, y: 3.1, scale: 1.7 };
        let expected = drawn(&frame, &Layer::full(whole.view()), &bytes_as_grey());
        let mut bytes = frame.picture().unwrap();
        for (rows, columns) in [(0..3, 0..4), (0..3, 4..10), (3..7, 0..4), (3..7, 4..10)] {
            let part = whole.slice(s![rows.clone(), columns.clone()]);
            let origin = (columns.start as f64, rows.start as f64);
            draw(&frame, &placed(part, origin), &bytes_as_grey(), &mut bytes).unwrap();
        }
        assert_eq!(bytes, expected);
    }

    #[test]
    fn views_in_any_memory_order_give_the_same_picture() {
        let image = Array2::from_shape_fn((4, 5), |(row, column)| (10 * row + column) as f32);
        let frame = Frame::fit(12, 9, (4, 5));
        let expected = drawn(&frame, &Layer::full(image.view()), &bytes_as_grey());
        let mirrored = image.slice(s![.., ..;-1]).to_owned();
        let flipped = mirrored.slice(s![.., ..;-1]);
        assert_eq!(drawn(&frame, &Layer::full(flipped), &bytes_as_grey()), expected);
        let transposed = image.t().as_standard_layout().into_owned();
        assert_eq!(drawn(&frame, &Layer::full(transposed.t()), &bytes_as_grey()), expected);
    }

    #[test]
    fn a_halved_image_covers_the_same_place() {
        let image = array![[1.0, 2.0], [3.0, 4.0]];
        let place = Place { origin: (0.0, 0.0), size: (3, 4), level: 1 };
        let layer = Layer { place, ..Layer::full(image.view()) };
        let frame = Frame::fit(4, 3, (3, 4));
        let bytes = drawn(&frame, &layer, &bytes_as_grey());
        assert_eq!(greys(&bytes), [3, 3, 4, 4, 1, 1, 2, 2, 1, 1, 2, 2]);
        // Around it, nothing: the last row of three is the only one of its pair.
        let wide = Frame { width: 6, height: 5, ..frame };
        let greys = greys(&drawn(&wide, &layer, &bytes_as_grey()));
        let lines: Vec<&[u8]> = greys.chunks(6).collect();
        assert_eq!([lines[0], lines[4]], [[0; 6]; 2]);
        assert_eq!(lines[1], [0, 3, 3, 4, 4, 0]);
    }

    #[test]
    fn a_pixel_without_a_value_shows_the_checker() {
        let image = Array2::from_elem((8, 8), f32::NAN);
        let frame = Frame::fit(8, 8, (8, 8));
        let bytes = drawn(&frame, &Layer::full(image.view()), &bytes_as_grey());
        let (pixels, _) = bytes.as_chunks::<4>();
        for (at, pixel) in pixels.iter().enumerate() {
            assert_eq!(*pixel, marks::checker(at % 8, at / 8));
        }
        assert_ne!(pixels[0], pixels[4]);
    }

    #[test]
    fn infinite_values_have_the_colors_of_the_cuts() {
        let image = array![[f32::NEG_INFINITY, f32::INFINITY]];
        let bytes = drawn(&Frame::fit(2, 1, (1, 2)), &Layer::full(image.view()), &bytes_as_grey());
        assert_eq!(greys(&bytes), [0, 255]);
    }

    #[test]
    fn masked_pixels_are_hatched_by_their_lowest_wanted_bit() {
        let image = array![[50.0, 50.0, 50.0, f32::NAN]];
        let mask = array![[0, 0b1000, 0b1100, 0b1000]];
        let layer = Layer { mask: Some(mask.view()), ..Layer::full(image.view()) };
        let frame = Frame::fit(4, 1, (1, 4));
        let style = Style { mask_bits: 0b1100, ..Style::grey(0.0, 255.0) };
        let bytes = drawn(&frame, &layer, &Lookup::new(&style).unwrap());
        let grey = [50, 50, 50, 255];
        let expected = [
            grey,
            marks::hatch(3, 1, 0, grey),
            marks::hatch(2, 2, 0, grey),
            marks::hatch(3, 3, 0, marks::checker(3, 0)),
        ];
        assert_eq!(bytes, expected.as_flattened());
        let plain = drawn(&frame, &layer, &bytes_as_grey());
        assert_eq!(plain[4..8], grey);
    }

    #[test]
    fn a_split_picture_is_the_left_one_and_the_right_one() {
        let (one, two) = (Array2::from_elem((2, 4), 1.0), Array2::from_elem((2, 4), 2.0));
        let layers = [Layer::full(one.view()), Layer::full(two.view())];
        let (frame, grey) = (Frame::fit(4, 2, (2, 4)), bytes_as_grey());
        let cases = [(0.0, [2, 2, 2, 2]), (0.4, [1, 1, 2, 2]), (1.0, [1, 1, 1, 1])];
        for (split, line) in cases {
            let mut bytes = frame.picture().unwrap();
            for (layer, columns) in layers.iter().zip(frame.halves(split).unwrap()) {
                let footprint = Footprint::new(&frame, &layer.place, columns).unwrap();
                draw_part(&frame, &footprint, (layer, &grey), &mut bytes).unwrap();
            }
            assert_eq!(greys(&bytes), [line, line].as_flattened(), "{split}");
        }
        assert!([-0.1, 1.1, f64::NAN].iter().all(|&split| frame.halves(split).is_err()));
    }

    #[test]
    fn a_color_picture_has_the_colors_of_its_map() {
        let image = array![[-1.0, 0.0, 1.0]];
        let style = Style { map: ColourMap::Diverging, ..Style::grey(-1.0, 1.0) };
        let lookup = Lookup::new(&style).unwrap();
        let bytes = drawn(&Frame::fit(3, 1, (1, 3)), &Layer::full(image.view()), &lookup);
        let table = ColourMap::Diverging.table();
        for (pixel, color) in
            bytes.as_chunks::<4>().0.iter().zip([table[0], table[128], table[255]])
        {
            assert_eq!(pixel[..3], color);
        }
    }

    #[test]
    fn an_empty_image_draws_nothing() {
        let image = Array2::zeros((0, 3));
        let frame = Frame { width: 2, height: 2, x: 0.0, y: 0.0, scale: 1.0 };
        assert_eq!(drawn(&frame, &Layer::full(image.view()), &bytes_as_grey()), [0; 16]);
    }

    #[test]
    fn wrong_sizes_and_scales_are_refused() {
        let image = array![[1.0]];
        let layer = Layer::full(image.view());
        let frame = Frame { width: 2, height: 2, x: 0.0, y: 0.0, scale: 1.0 };
        let refused = |frame: Frame, layer: &Layer<'_>, bytes: usize| {
            draw(&frame, layer, &bytes_as_grey(), &mut vec![0; bytes]).is_err()
        };
        assert!(!refused(frame, &layer, 16));
        assert!(refused(frame, &layer, 15));
        assert!(refused(Frame { width: 0, ..frame }, &layer, 0));
        assert!(refused(Frame { height: LONGEST_SIDE + 1, ..frame }, &layer, 16));
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(refused(Frame { scale, ..frame }, &layer, 16), "{scale}");
        }
        assert!(refused(Frame { x: f64::NAN, ..frame }, &layer, 16));
        let deep = Place { level: DEEPEST_LEVEL + 1, ..layer.place };
        let tall = Place { size: (2, 1), ..layer.place };
        for place in [deep, tall] {
            assert!(refused(frame, &Layer { place, ..layer }, 16));
        }
        let mask = array![[0, 0]];
        assert!(refused(frame, &Layer { mask: Some(mask.view()), ..layer }, 16));
    }
}
