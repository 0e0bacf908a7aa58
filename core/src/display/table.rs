//! A [`Lookup`] for a graphics processor, which has no 64-bit numbers and may round as it likes: the
//! least value of every step, so that whole numbers are compared and the color is exactly the same.
//!
//! Values are compared by their order: the bits of a value as a whole number, turned so that a larger
//! value has a larger one.
//!
//! ```text
//! order = bits with the sign bit set, if the sign bit is 0      order(-inf) = 0x007fffff
//!         all bits inverted, if it is 1                         order(+inf) = 0xff800000
//! step  = the last one whose least order is not above the value's
//! ```

use super::Lookup;
use super::marks::{CHECKER, STRIPES};
use super::style::STEPS;

const SIGN: u32 = 1 << 31;

/// The place of a value that is not NaN among all values.
pub fn order(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn value_of(order: u32) -> f32 {
    f32::from_bits(if order & SIGN == 0 { !order } else { order & !SIGN })
}

/// For every step the least order that has it and its color (red in the lowest byte): two numbers a
/// step.
pub fn steps(lookup: &Lookup) -> Vec<u32> {
    let mut least = 0;
    let mut table = Vec::with_capacity(2 * STEPS);
    for (step, color) in lookup.colors().iter().enumerate() {
        if step > 0 {
            least = least_order(lookup, step, least);
        }
        table.extend([least, u32::from_le_bytes(*color)]);
    }
    table
}

/// The least order of a step, from that of the step before on. Some steps have no value of their own:
/// then it is that of a later one.
fn least_order(lookup: &Lookup, step: usize, from: u32) -> u32 {
    let (mut below, mut high) = (from.max(order(f32::NEG_INFINITY)), order(f32::INFINITY));
    while below < high {
        let middle = below + (high - below) / 2;
        if lookup.step(value_of(middle)) < step {
            below = middle + 1;
        } else {
            high = middle;
        }
    }
    high
}

/// The colors of [`super::marks`], red in the lowest byte: the two of the checker, then the stripes.
pub fn mark_colors() -> Vec<u32> {
    let packed = |[red, green, blue]: &[u8; 3]| u32::from_le_bytes([*red, *green, *blue, 255]);
    CHECKER.iter().chain(&STRIPES).map(packed).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{ColourMap, Stretch, Style};
    use super::*;

    /// The color by the table alone.
    fn color(table: &[u32], value: f32) -> [u8; 4] {
        let step = table.chunks(2).take_while(|entry| entry[0] <= order(value)).last().unwrap();
        step[1].to_le_bytes()
    }

    fn neighbors(value: f32) -> [f32; 3] {
        [value.next_down(), value, value.next_up()]
    }

    #[test]
    fn the_order_is_that_of_the_values() {
        let values = [f32::NEG_INFINITY, -2.5, -1e-45, -0.0, 0.0, 1e-45, 1.0, f32::INFINITY];
        assert!(values.is_sorted_by_key(|&value| order(value)));
        assert!(values.iter().all(|&value| value_of(order(value)).to_bits() == value.to_bits()));
    }

    #[test]
    fn the_table_gives_every_value_the_color_of_the_lookup() {
        let cuts = [
            (0.0, 255.0),
            (-3.5, 1e6),
            (65_000.0, 65_000.01),
            (0.0, 0.0),
            (7.0, 7.0),
            (-1e300, 1e300),
            (0.0, f64::MIN_POSITIVE),
            (1e-7, 3e-7),
        ];
        for (low, high) in cuts {
            let style =
                Style { stretch: Stretch::Log, map: ColourMap::Viridis, ..Style::grey(low, high) };
            let lookup = Lookup::new(&style).unwrap();
            let table = steps(&lookup);
            assert_eq!(table.len(), 2 * STEPS);
            let inside = (-4..=1028).map(|at| (low + (high - low) * f64::from(at) / 1024.0) as f32);
            let special = [0.0, -0.0, f32::MIN, f32::MAX, f32::MIN_POSITIVE, 1e-45];
            for value in inside.chain(special).flat_map(neighbors) {
                assert_eq!(
                    Some(color(&table, value)),
                    lookup.color(value),
                    "{value:e} {low} {high}"
                );
            }
        }
    }

    #[test]
    fn every_step_begins_where_the_lookup_does() {
        let lookup = Lookup::new(&Style::grey(-120.25, 4321.5)).unwrap();
        for (step, entry) in steps(&lookup).chunks(2).enumerate().skip(1) {
            let least = value_of(entry[0]);
            assert_eq!([lookup.step(least.next_down()), lookup.step(least)], [step - 1, step]);
        }
    }

    #[test]
    fn the_colors_of_marks_are_those_of_the_raster() {
        let colors = mark_colors();
        assert_eq!(colors[0].to_le_bytes(), super::super::marks::checker(0, 0));
        assert_eq!(colors[2 + 3].to_le_bytes(), super::super::marks::hatch(3, 0, 0, [0; 4]));
        assert_eq!(colors.len(), 9);
    }
}
