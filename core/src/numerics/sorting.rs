//! Sorting networks over four lanes: the same exchanges whatever the values.
//!
//! * Ten values: 29 exchanges in 8 layers, the fewest known (Codish et al. 2014 prove that there are none with
//!   fewer).
//! * Twenty and forty: two sorted halves and Batcher's odd-even merge (Batcher 1968, "Sorting networks and
//!   their applications"): 93 and 275 exchanges.
//!
//! A lane that holds a NaN comes out in some order, with every one of its values. Written out, so that values
//! stay in registers.

use super::lanes::Lanes;

/// Puts the smaller value of each pair of places first.
macro_rules! exchange {
    ($values:ident, $(($first:literal, $second:literal))*) => {$({
        let (low, high) = $values[$first].ordered($values[$second]);
        $values[$first] = low;
        $values[$second] = high;
    })*};
}

/// Ten values in ascending order in each lane.
#[inline(always)]
pub fn ten(mut v: [Lanes; 10]) -> [Lanes; 10] {
    exchange!(
        v,
        (0, 8)(1, 9)(2, 7)(3, 5)(4, 6)(0, 2)(1, 4)(5, 8)(7, 9)(0, 3)(2, 4)(5, 7)(6, 9)(0, 1)(3, 6)(
            8, 9
        )(1, 5)(2, 3)(4, 8)(6, 7)(1, 2)(3, 5)(4, 6)(7, 8)(2, 3)(4, 5)(6, 7)(3, 4)(5, 6)
    );
    v
}

/// Twenty values in ascending order in each lane.
#[inline(always)]
pub fn twenty(v: [Lanes; 20]) -> [Lanes; 20] {
    let (low, high) = (ten(half(&v, 0)), ten(half(&v, 10)));
    let mut v: [Lanes; 20] = joined(low, high);
    exchange!(
        v,
        (0, 10)(8, 18)(8, 10)(4, 14)(4, 8)(14, 10)(2, 12)(6, 16)(6, 12)(2, 4)(6, 8)(12, 14)(16, 10)(
            1, 11
        )(9, 19)(9, 11)(5, 15)(5, 9)(15, 11)(3, 13)(7, 17)(7, 13)(3, 5)(7, 9)(13, 15)(
            17, 11
        )(1, 2)(3, 4)(5, 6)(7, 8)(9, 12)(13, 14)(15, 16)(17, 10)(11, 18)
    );
    const ORDER: [usize; 20] =
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 10, 11, 18, 19];
    ORDER.map(|place| v[place])
}

/// Forty values in ascending order in each lane.
#[inline(always)]
pub fn forty(v: [Lanes; 40]) -> [Lanes; 40] {
    let (low, high) = (twenty(half(&v, 0)), twenty(half(&v, 20)));
    let mut v: [Lanes; 40] = joined(low, high);
    exchange!(
        v,
        (0, 20)(16, 36)(16, 20)(8, 28)(8, 16)(28, 20)(4, 24)(12, 32)(12, 24)(4, 8)(12, 16)(24, 28)(
            32, 20
        )(2, 22)(18, 38)(18, 22)(10, 30)(10, 18)(30, 22)(6, 26)(14, 34)(14, 26)(6, 10)(
            14, 18
        )(26, 30)(34, 22)(2, 4)(6, 8)(10, 12)(14, 16)(18, 24)(26, 28)(30, 32)(34, 20)(
            22, 36
        )(1, 21)(17, 37)(17, 21)(9, 29)(9, 17)(29, 21)(5, 25)(13, 33)(13, 25)(5, 9)(13, 17)(
            25, 29
        )(33, 21)(3, 23)(19, 39)(19, 23)(11, 31)(11, 19)(31, 23)(7, 27)(15, 35)(15, 27)(
            7, 11
        )(15, 19)(27, 31)(35, 23)(3, 5)(7, 9)(11, 13)(15, 17)(19, 25)(27, 29)(31, 33)(
            35, 21
        )(23, 37)(1, 2)(3, 4)(5, 6)(7, 8)(9, 10)(11, 12)(13, 14)(15, 16)(17, 18)(19, 24)(
            25, 26
        )(27, 28)(29, 30)(31, 32)(33, 34)(35, 20)(21, 22)(23, 36)(37, 38)
    );
    const ORDER: [usize; 40] = [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 24, 25, 26, 27, 28,
        29, 30, 31, 32, 33, 34, 35, 20, 21, 22, 23, 36, 37, 38, 39,
    ];
    ORDER.map(|place| v[place])
}

#[inline(always)]
fn half<const N: usize, const H: usize>(values: &[Lanes; N], start: usize) -> [Lanes; H] {
    std::array::from_fn(|place| values[start + place])
}

#[inline(always)]
fn joined<const H: usize, const N: usize>(low: [Lanes; H], high: [Lanes; H]) -> [Lanes; N] {
    std::array::from_fn(|place| if place < H { low[place] } else { high[place - H] })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pattern of zeros and ones, four at a time: what sorts them sorts everything (Knuth 5.3.4, theorem Z).
    #[test]
    fn ten_places_sort_every_pattern_of_zeros_and_ones() {
        for first in (0..1_u32 << 10).step_by(4) {
            let bit = |place: usize, lane: u32| ((first + lane) >> place & 1) as f32;
            let values = std::array::from_fn(|place| {
                Lanes::new([bit(place, 0), bit(place, 1), bit(place, 2), bit(place, 3)])
            });
            assert_ascending(&ten(values));
        }
    }

    #[test]
    fn merges_sort_every_pair_of_sorted_patterns() {
        for (ones, others) in (0..=10).flat_map(|ones| (0..=10).map(move |others| (ones, others))) {
            let value = |place| two_sorted(place, 10, ones, others);
            assert_ascending(&twenty(std::array::from_fn(value)));
        }
        for (ones, others) in (0..=20).flat_map(|ones| (0..=20).map(move |others| (ones, others))) {
            let value = |place| two_sorted(place, 20, ones, others);
            assert_ascending(&forty(std::array::from_fn(value)));
        }
    }

    /// Two sorted halves of zeros and ones, of which each is its number of ones.
    fn two_sorted(place: usize, half: usize, ones: usize, others: usize) -> Lanes {
        let (place, ones) = if place < half { (place, ones) } else { (place - half, others) };
        Lanes::splat(f32::from(u8::from(half - ones <= place)))
    }

    #[test]
    fn no_value_is_lost_beside_a_nan() {
        let values: [Lanes; 10] = std::array::from_fn(|place| {
            let value = if place == 4 { f32::NAN } else { (17 * place % 10) as f32 };
            Lanes::splat(value)
        });
        let mut found: Vec<u32> =
            ten(values).iter().map(|value| value.to_array()[0].to_bits()).collect();
        let mut given: Vec<u32> =
            values.iter().map(|value| value.to_array()[0].to_bits()).collect();
        found.sort_unstable();
        given.sort_unstable();
        assert_eq!(found, given);
    }

    fn assert_ascending(values: &[Lanes]) {
        for pair in values.windows(2) {
            let (low, high) = (pair[0].to_array(), pair[1].to_array());
            assert!(low.iter().zip(high).all(|(low, high)| *low <= high), "{values:?}");
        }
    }
}
