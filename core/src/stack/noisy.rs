//! Noisy: pixels whose values scatter from frame to frame more than those of others do.
//!
//! With `x` the values of one pixel in `n` frames, the one farthest from their mean left out (a cosmic ray
//! hits one frame),
//!
//! ```text
//! s = sqrt(mean((x - mean(x))²))        NOISY where s > noisy_factor median(s) over the amplifier
//! ```
//!
//! * Frames: images of equal shape (DN), NaN where a pixel is not to be used; a pixel with fewer than four
//!   values is not judged.
//! * Mask: `NOISY`.
//! * Source: our own. Of Gaussian values of ten frames fewer than one in a million scatters three times as
//!   much as the median.

use ndarray::Array2;

use crate::image::CANONICAL_NAN;
use crate::mask;
use crate::numerics::stats::{CountingMedian, RADIX_PASSES};

/// Fewest values of which a scatter is told.
const FEWEST: usize = 4;

/// Marks the noisy pixels of a stack; how many there are. Frames of another shape than `bits` count as far
/// as they reach.
pub fn mark(frames: &[Array2<f32>], bits: &mut Array2<u32>, noisy_factor: f64) -> u64 {
    let mut values = Vec::with_capacity(frames.len());
    let scatter = Array2::from_shape_fn(bits.dim(), |at| {
        values.clear();
        let given = frames.iter().filter_map(|frame| frame.get(at)).filter(|x| !x.is_nan());
        values.extend(given.map(|&value| f64::from(value)));
        scatter(&mut values).map_or(CANONICAL_NAN, |scatter| scatter as f32)
    });
    let mut median = CountingMedian::new();
    for pass in 0..RADIX_PASSES {
        if pass == 1 {
            median.begin_second_pass();
        }
        median.offer(scatter.iter().copied());
    }
    let Some(median) = median.finish() else { return 0 };
    let mut count = 0;
    for (bits, &scatter) in bits.iter_mut().zip(&scatter) {
        if noisy_factor * median < f64::from(scatter) {
            *bits |= mask::NOISY;
            count += 1;
        }
    }
    count
}

/// The scatter of values without the farthest from their mean; none of too few.
fn scatter(values: &mut Vec<f64>) -> Option<f64> {
    if values.len() < FEWEST {
        return None;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let center = mean(values);
    let far = |(_, value): &(usize, &f64)| (**value - center).abs();
    let farthest = values.iter().enumerate().max_by(|a, b| far(a).total_cmp(&far(b)))?.0;
    values.remove(farthest);
    let center = mean(values);
    let squares = values.iter().map(|value| (value - center) * (value - center));
    Some((squares.sum::<f64>() / values.len() as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::fixture::uniform;

    /// Frames of deviation 3, the noisy pixels among them, and cosmic rays in one frame each.
    fn frames(count: usize, noisy: &[(usize, usize)]) -> Vec<Array2<f32>> {
        let mut at = 0;
        let mut normal = || {
            at += 12;
            (0..12).map(|part| uniform(at + part)).sum::<f64>() - 6.0
        };
        let mut frames: Vec<_> = (0..count)
            .map(|_| Array2::from_shape_simple_fn((200, 300), || 100.0 + 3.0 * normal() as f32))
            .collect();
        for (index, frame) in frames.iter_mut().enumerate() {
            for &place in noisy {
                frame[place] += 60.0 * normal() as f32;
            }
            for row in 0..50 {
                frame[[row, 10 * index]] = 4000.0;
            }
        }
        frames
    }

    #[test]
    fn noisy_pixels_are_found_and_cosmic_rays_are_not() {
        let noisy: Vec<_> = (0..40).map(|number| (4 * number + 3, 7 * number + 5)).collect();
        for count in [10, 20] {
            let mut bits = Array2::from_elem((200, 300), mask::FEW_FRAMES);
            assert_eq!(mark(&frames(count, &noisy), &mut bits, 3.0), 40);
            let expected = Array2::from_shape_fn((200, 300), |at| {
                mask::FEW_FRAMES | if noisy.contains(&at) { mask::NOISY } else { 0 }
            });
            assert_eq!(bits, expected);
        }
    }

    #[test]
    fn the_scatter_is_that_of_all_but_the_farthest() {
        // 1, 3, 1, 3: mean 2, deviation 1.
        assert_eq!(scatter(&mut vec![1.0, 3.0, 1e6, 1.0, 3.0]), Some(1.0));
        assert_eq!(scatter(&mut vec![1.0, 3.0, 1e6]), None);
        assert_eq!(mark(&[], &mut Array2::zeros((2, 2)), 3.0), 0);
        let missing = vec![Array2::from_elem((2, 2), f32::NAN); 9];
        assert_eq!(mark(&missing, &mut Array2::zeros((2, 2)), 3.0), 0);
    }
}
