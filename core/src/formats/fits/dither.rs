//! Whole numbers that stand for floats (FITS 4.0, sec. 10.2).
//!
//! ```text
//! x = zero + scale n                        without dither
//! x = zero + scale (n - r + 0.5)            with it; r from a fixed table of 10,000 numbers
//! r(0) = table[500 table[s]],  s = (tile + seed - 1) mod 10,000;  at the end of the table s grows by one
//! ```
//!
//! In double precision. The null number is NaN; SUBTRACTIVE_DITHER_2 keeps -2147483646 as an exact zero. Table:
//! Park & Miller 1988, as the standard writes it down (its 10,000th seed is 1043618065).

/// Length of the table.
const NUMBERS: u64 = 10_000;
/// The number of an exact zero.
const ZERO: i32 = -2_147_483_646;

/// How floats became whole numbers.
#[derive(Debug)]
pub(super) struct Dither {
    /// Number of the first tile, from one.
    seed: u64,
    keeps_zero: bool,
    /// Empty without dither.
    table: Vec<f32>,
}

/// What one tile says of its numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quanta {
    pub(super) scale: f64,
    pub(super) zero: f64,
    pub(super) null: Option<i32>,
}

impl Dither {
    pub(super) fn none() -> Dither {
        Dither { seed: 1, keeps_zero: false, table: Vec::new() }
    }

    pub(super) fn new(seed: u64, keeps_zero: bool) -> Dither {
        Dither { seed, keeps_zero, table: table() }
    }

    /// The floats of tile number `tile`, counted from zero, converted one by one, at the end of `values`.
    #[inline(always)]
    pub(super) fn restore<T>(
        &self,
        tile: u64,
        (numbers, quanta): (&[i32], Quanta),
        values: &mut Vec<T>,
        mut convert: impl FnMut(f64) -> T,
    ) {
        let Quanta { scale, zero, null } = quanta;
        let plain = !self.keeps_zero && null.is_none_or(|null| !numbers.contains(&null));
        let mut rest = numbers;
        for random in self.runs(tile, numbers.len()) {
            let (now, later) = rest.split_at(random.len().min(rest.len()));
            rest = later;
            let pairs = now.iter().zip(random);
            let float = move |(&number, &random): (&i32, &f32)| {
                (f64::from(number) - f64::from(random) + 0.5) * scale + zero
            };
            if plain {
                values.extend(pairs.map(|pair| convert(float(pair))));
            } else {
                let special = |number| self.special(number, null);
                let value = |pair: (&i32, &f32)| special(*pair.0).unwrap_or_else(|| float(pair));
                values.extend(pairs.map(|pair| convert(value(pair))));
            }
        }
        let float = move |&number: &i32| zero + scale * f64::from(number);
        if plain {
            values.extend(rest.iter().map(|number| convert(float(number))));
        } else {
            let value = |number: &i32| self.special(*number, null).unwrap_or_else(|| float(number));
            values.extend(rest.iter().map(|number| convert(value(number))));
        }
    }

    /// What stands for itself.
    fn special(&self, number: i32, null: Option<i32>) -> Option<f64> {
        if Some(number) == null {
            return Some(f64::NAN);
        }
        (self.keeps_zero && number == ZERO).then_some(0.0)
    }

    /// The random numbers of the first `count` pixels of a tile, in runs; none without dither.
    fn runs(&self, tile: u64, count: usize) -> impl Iterator<Item = &[f32]> {
        let mut start = tile.wrapping_add(self.seed).wrapping_sub(1) % NUMBERS;
        let mut left = if self.table.is_empty() { 0 } else { count };
        std::iter::from_fn(move || {
            let first = self.table.get(start as usize).map_or(0, |first| (first * 500.0) as usize);
            let run = self.table.get(first..).unwrap_or_default();
            let run = run.get(..left.min(run.len())).unwrap_or_default();
            start = (start + 1) % NUMBERS;
            left -= run.len();
            (!run.is_empty()).then_some(run)
        })
    }
}

fn table() -> Vec<f32> {
    let (factor, modulus) = (16_807_u64, 2_147_483_647_u64);
    let mut seed = 1_u64;
    let mut next = || {
        seed = factor * seed % modulus;
        (seed as f64 / modulus as f64) as f32
    };
    (0..NUMBERS).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_ends_where_the_standard_says() {
        let last = table().last().copied();
        assert_eq!(last, Some((1_043_618_065.0 / 2_147_483_647.0) as f32));
    }

    #[test]
    fn nulls_and_zeros_are_kept() {
        let quanta = Quanta { scale: 0.5, zero: 10.0, null: Some(-7) };
        let mut floats = Vec::new();
        Dither::new(1, true).restore(0, (&[-7, ZERO, 4], quanta), &mut floats, |float| float);
        assert!(floats[0].is_nan() && floats[1] == 0.0 && (floats[2] - 12.0).abs() <= 0.25);
        floats.clear();
        Dither::none().restore(0, (&[-7, 4], quanta), &mut floats, |float| float);
        assert!(floats[0].is_nan() && floats[1] == 12.0);
    }
}
