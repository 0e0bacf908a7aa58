//! Which objects are near each other, without asking every pair.
//!
//! Two objects meet if they are no farther apart than [`ZONE`] times the sum of their major axes. They
//! lie in square cells by their places, those of about the same size together: the cells of each size
//! are as wide as two of its objects reach, so that one large object among many small ones does not
//! bring all of them together.

use std::collections::BTreeMap;

use super::Object;

/// Objects farther apart than this many times the sum of their major axes do not meet.
const ZONE: f64 = 10.0;
/// Objects with a smaller major axis (pixel) lie together.
const SMALLEST: f64 = 0.25;
/// A cell looked at too much costs less than one that a rounding leaves out (ratio).
const MARGIN: f64 = 1.001;

/// The places of a list of objects.
pub(super) struct Places<'a> {
    objects: Vec<&'a Object>,
    sizes: Vec<Size>,
}

/// The objects of about one size.
struct Size {
    /// Largest major axis (pixel).
    largest: f64,
    /// Side of a cell (pixel).
    side: f64,
    /// Numbers of the objects by row and column of their cell.
    cells: BTreeMap<i64, BTreeMap<i64, Vec<usize>>>,
}

impl<'a> Places<'a> {
    /// The places of `objects`; one without a place or a size is near nothing.
    pub(super) fn new(objects: Vec<&'a Object>) -> Places<'a> {
        let mut by_size: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for (index, object) in objects.iter().enumerate() {
            if object.x.is_finite() && object.y.is_finite() && !object.a.is_nan() {
                let exponent = libm::ilogb(object.a.clamp(SMALLEST, f64::MAX));
                by_size.entry(exponent).or_default().push(index);
            }
        }
        let sizes = by_size.into_iter().map(|(exponent, members)| {
            let largest = libm::scalbn(1.0, exponent + 1);
            Size::new(&objects, &members, largest)
        });
        Places { sizes: sizes.collect(), objects }
    }

    /// The objects after `one` in the list that are near it, in order.
    pub(super) fn after(&self, one: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let Some(own) = self.objects.get(one) else { return found };
        let later = |other: usize| {
            one < other && self.objects.get(other).is_some_and(|other| near(own, other))
        };
        for size in &self.sizes {
            found.extend(size.around(own).filter(|&other| later(other)));
        }
        found.sort_unstable();
        found
    }
}

impl Size {
    fn new(objects: &[&Object], members: &[usize], largest: f64) -> Size {
        let side = 2.0 * ZONE * largest;
        let mut cells: BTreeMap<i64, BTreeMap<i64, Vec<usize>>> = BTreeMap::new();
        for &index in members {
            if let Some(object) = objects.get(index) {
                let row = cells.entry(cell(object.y, side)).or_default();
                row.entry(cell(object.x, side)).or_default().push(index);
            }
        }
        Size { largest, side, cells }
    }

    /// The objects of the cells that `own` reaches.
    fn around(&self, own: &Object) -> impl Iterator<Item = usize> {
        let reach = MARGIN * ZONE * (own.a + self.largest);
        let span = |at: f64| (cell(at - reach, self.side), cell(at + reach, self.side));
        let ((left, right), (low, high)) = (span(own.x), span(own.y));
        let cells = self.cells.range(low..=high).flat_map(move |(_, row)| row.range(left..=right));
        cells.flat_map(|(_, members)| members.iter().copied())
    }
}

/// The number of the cell (of `side` pixels) in which a place (pixel) lies.
fn cell(at: f64, side: f64) -> i64 {
    (at / side).floor() as i64
}

/// Whether two objects meet.
pub(super) fn near(one: &Object, other: &Object) -> bool {
    let (dx, dy, reach) = (one.x - other.x, one.y - other.y, ZONE * (one.a + other.a));
    dx * dx + dy * dy <= reach * reach
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::fixture::uniform;

    #[test]
    fn the_near_ones_are_those_of_all_pairs() {
        let object = |at: u64| {
            let draw = |k: u64| uniform((at << 8) + k);
            let (x, y) = (3000.0 * draw(0), 2000.0 * draw(1));
            // Most are small, few as large as the image.
            let a = 0.3 * libm::pow(draw(2) + 1e-4, -0.8);
            Object { x, y, a, ..Object::default() }
        };
        let mut objects: Vec<Object> = (0..2500).map(object).collect();
        objects[7].x = f64::NAN;
        objects[11].a = f64::NAN;
        objects[13].a = f64::INFINITY;
        objects[17].x = -1e300;
        let places = Places::new(objects.iter().collect());
        let mut pairs = 0;
        for (one, own) in objects.iter().enumerate() {
            let all = one + 1..objects.len();
            let expected: Vec<usize> = all.filter(|&other| near(own, &objects[other])).collect();
            pairs += expected.len();
            assert_eq!(places.after(one), expected, "{one}");
        }
        assert!((2000..2_000_000).contains(&pairs), "{pairs}");
    }
}
