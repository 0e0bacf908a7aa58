//! Medians and spreads.
//!
//! The median of an even number of values is the mean of the two middle ones, as numpy's.
//! [`RADIX_PASSES`] counting passes give the exact median of any number of `f32` without holding
//! them: each `f32` maps to a `u32` of the same order (sign-magnitude to offset binary), a first
//! pass counts the upper 16 bits, a second one the lower 16 bits within the wanted bucket.

/// `1.4826 × MAD` estimates the standard deviation of a Gaussian: 1/Φ⁻¹(3/4).
pub const SIGMA_FROM_MAD: f64 = 1.482_602_218_505_602;

/// How often [`CountingMedian`] must see the same values.
pub const RADIX_PASSES: usize = 2;

/// Median of `values`, which are reordered; `None` if there is none. NaN must not be among them.
pub fn median(values: &mut [f64]) -> Option<f64> {
    let (middle, count) = (values.len() / 2, values.len());
    if count == 0 {
        return None;
    }
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if count % 2 == 1 {
        return Some(*upper);
    }
    let lower = below.iter().copied().max_by(f64::total_cmp)?;
    Some(0.5 * (lower + *upper))
}

/// Median of the finite values; `None` if there is none.
pub fn finite_median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut finite: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    median(&mut finite)
}

/// Median and `1.4826 × MAD` of the finite values; `None` if there is none.
pub fn median_and_sigma(values: &[f64]) -> Option<(f64, f64)> {
    let center = finite_median(values.iter().copied())?;
    let spread = finite_median(values.iter().map(|value| (value - center).abs()))?;
    Some((center, SIGMA_FROM_MAD * spread))
}

/// The exact median of a stream of `f32` that is offered twice, in any order.
pub struct CountingMedian {
    counts: Vec<u64>,
    /// The wanted order statistics: rank, and the upper 16 bits once they are known.
    wanted: [(u64, u32); 2],
    lower: Option<[Vec<u64>; 2]>,
}

impl Default for CountingMedian {
    fn default() -> CountingMedian {
        CountingMedian { counts: vec![0; 1 << 16], wanted: [(0, 0); 2], lower: None }
    }
}

impl CountingMedian {
    /// Nothing counted.
    pub fn new() -> CountingMedian {
        CountingMedian::default()
    }

    /// Counts the values of this pass; NaN are left out.
    pub fn offer(&mut self, values: impl Iterator<Item = f32>) {
        for value in values.filter(|value| !value.is_nan()) {
            let order = sortable(value);
            let (upper, lower) = (order >> 16, (order & 0xffff) as usize);
            match &mut self.lower {
                None => self.counts[upper as usize] += 1,
                Some(buckets) => {
                    for (bucket, (_, wanted)) in buckets.iter_mut().zip(self.wanted) {
                        bucket[lower] += u64::from(upper == wanted);
                    }
                }
            }
        }
    }

    /// Ends the first pass; returns how many values there were.
    pub fn begin_second_pass(&mut self) -> u64 {
        let total: u64 = self.counts.iter().sum();
        let ranks = [total.saturating_sub(1) / 2, total / 2];
        for (wanted, rank) in self.wanted.iter_mut().zip(ranks) {
            let (bucket, before) = find_rank(&self.counts, rank);
            *wanted = (rank - before, bucket as u32);
        }
        self.lower = Some([vec![0; 1 << 16], vec![0; 1 << 16]]);
        total
    }

    /// The median after the second pass; `None` if there was no value.
    pub fn finish(self) -> Option<f64> {
        let buckets = self.lower?;
        let mut middle = [0.0; 2];
        for ((value, bucket), (rank, upper)) in middle.iter_mut().zip(&buckets).zip(self.wanted) {
            if bucket.iter().all(|&count| count == 0) {
                return None;
            }
            let (lower, _) = find_rank(bucket, rank);
            *value = f64::from(from_sortable((upper << 16) | lower as u32));
        }
        Some(0.5 * (middle[0] + middle[1]))
    }
}

/// The bucket that holds the value of this rank, and how many values lie before the bucket.
fn find_rank(counts: &[u64], rank: u64) -> (usize, u64) {
    let mut before = 0;
    for (bucket, count) in counts.iter().enumerate() {
        if rank < before + count {
            return (bucket, before);
        }
        before += count;
    }
    (counts.len().saturating_sub(1), rank)
}

fn sortable(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 0x8000_0000 }
}

fn from_sortable(order: u32) -> f32 {
    f32::from_bits(if order >> 31 == 1 { order & 0x7fff_ffff } else { !order })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(values: &[f32]) -> Option<f64> {
        let mut median = CountingMedian::new();
        median.offer(values.iter().copied());
        median.begin_second_pass();
        median.offer(values.iter().rev().copied());
        median.finish()
    }

    #[test]
    fn counting_gives_the_sorted_median() {
        let mut state = 7_u32;
        for length in [1, 2, 3, 10, 999, 1000] {
            let values: Vec<f32> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 8) as f32 * 1e-3 - 8000.0
                })
                .collect();
            let mut sorted: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
            assert_eq!(counted(&values), median(&mut sorted));
        }
        assert_eq!(counted(&[f32::NAN]), None);
        assert_eq!(counted(&[-1.0, f32::NAN, 3.0]), Some(1.0));
    }

    #[test]
    fn the_sigma_of_a_symmetric_set_is_its_scaled_mad() {
        let (center, sigma) = median_and_sigma(&[1.0, 2.0, 3.0, 4.0, 5.0, f64::NAN]).unwrap();
        assert_eq!((center, sigma), (3.0, SIGMA_FROM_MAD));
        assert_eq!(median_and_sigma(&[f64::NAN]), None);
    }
}
