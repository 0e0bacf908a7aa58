//! The noise that a plane shows: what its neighbours differ by.
//!
//! ```text
//! noise = 1.4826 median |x[i + 2] - x[i]| / sqrt(2)      over one row in sixteen
//! ```
//!
//! Stars and edges are few, and light that changes slowly cancels.

use ndarray::Array2;

/// One row of so many is looked at.
const STRIDE: usize = 16;

/// The noise of a plane (in its unit); `None` if it has none, or fewer than three columns.
pub fn noise_of(plane: &Array2<f32>) -> Option<f64> {
    let mut steps = Vec::new();
    for row in plane.rows().into_iter().step_by(STRIDE) {
        let pairs = row.iter().zip(row.iter().skip(2));
        steps.extend(pairs.map(|(a, b)| (b - a).abs()).filter(|step| step.is_finite()));
    }
    let middle = steps.len() / 2;
    if steps.is_empty() {
        return None;
    }
    let (_, median, _) = steps.select_nth_unstable_by(middle, f32::total_cmp);
    let noise = 1.4826 * f64::from(*median) * std::f64::consts::FRAC_1_SQRT_2;
    (0.0 < noise).then_some(noise)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::generator::{Generator, Normal, Purpose};

    #[test]
    fn the_noise_of_a_slope_with_stars_is_found_within_two_percent() {
        let (table, mut generator) = (Normal::new(), Generator::new(3, Purpose::ReadNoise, [0; 3]));
        let mut plane = Array2::from_shape_fn((160, 1000), |(row, column)| {
            (0.1 * column as f64 + row as f64 + 5.0 * table.draw(&mut generator)) as f32
        });
        plane.column_mut(500).fill(6e4);
        let noise = noise_of(&plane).unwrap();
        assert!((noise - 5.0).abs() < 0.1, "{noise}");
        assert_eq!(noise_of(&Array2::zeros((40, 40))), None);
        assert_eq!(noise_of(&Array2::zeros((40, 2))), None);
    }
}
