//! The simulator's own random numbers: the same bits on every target, in any order of the work.
//!
//! * Words: xoshiro256++ (Blackman & Vigna 2021, ACM Trans. Math. Softw. 47, 36), seeded by
//!   SplitMix64 (Steele, Lea & Flood 2014). A stream is named by (seed, purpose, three numbers), so
//!   that no stream depends on how much another one was used.
//! * Normal: ziggurat of 256 layers (Marsaglia & Tsang 2000, J. Stat. Softw. 5, 8; layer and
//!   abscissa from separate bits, as Doornik 2005 asks). Its tables come from `libm`.
//! * Near-normal: the sum of four 16-bit uniform numbers (Irwin-Hall), mean 0, variance 1, kurtosis
//!   -0.3, never beyond 3.5: for fixed patterns, where only the size matters and speed counts.
//! * Poisson: with mean `m < 24` by inversion (sequential search); above, with `s² = m - 1/12` and
//!   `z` normal, the Cornish-Fisher expansion
//!
//! ```text
//! x = m + s z + (z² - 1) / 6 + (z - z³) / (72 s)        count = x rounded to the nearest integer
//! ```
//!
//! whose mean is `m`, whose variance is `m` to 0.002 / m (the rounding gives back the 1/12) and
//! whose third central moment is `m` to first order.

/// Where the base of the ziggurat ends and its tail begins, for 256 layers of equal area.
const ZIGGURAT_R: f64 = 3.654_152_885_361_009;

/// Means from which the expansion takes the place of the sequential search.
const LARGE_MEAN: f64 = 24.0;

/// Standard deviation of the sum of four 16-bit uniform integers: `sqrt((65536² - 1) / 3)`.
const SUM_OF_FOUR_STD: f64 = 37_837.227_315_899_15;

/// Adding and subtracting it rounds |x| < 2⁵¹ to the nearest integer (ties to even) on every
/// target, also where the processor has no instruction for it.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// What a stream of numbers is for. The values are part of the definition of a night.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Gain, levels and other constants of an amplifier.
    Amplifier = 11,
    /// Two-dimensional pattern of the bias.
    Pattern = 12,
    /// Level of one exposure.
    Level = 13,
    /// Sensitivity of each pixel.
    PixelResponse = 21,
    /// Low columns, dead and hot pixels.
    Defects = 22,
    /// Level and gradient of a lamp.
    Lamp = 31,
    /// Stars of a detector.
    Stars = 41,
    /// Distortion of a detector.
    Distortion = 42,
    /// Offset of the pointing of a visit.
    Dither = 43,
    /// Photon noise.
    Photons = 51,
    /// Cosmic rays.
    Cosmics = 52,
    /// Read noise.
    ReadNoise = 53,
    /// Which cosmic-ray pixels a mask knows.
    Mask = 61,
}

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Generator {
    state: [u64; 4],
}

/// One step of SplitMix64: the next word of a counter that starts at `state`.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut word = *state;
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

impl Generator {
    /// The stream of `purpose` for three numbers, such as detector, amplifier and visit.
    pub(crate) fn new(seed: u64, purpose: Purpose, numbers: [u64; 3]) -> Generator {
        let mut state = seed;
        for number in [purpose as u64, numbers[0], numbers[1], numbers[2]] {
            state = split_mix(&mut state) ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93);
        }
        let state = std::array::from_fn(|_| split_mix(&mut state));
        Generator { state }
    }

    /// 64 random bits.
    #[inline]
    pub(crate) fn word(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let word = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        word
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    #[inline]
    pub(crate) fn uniform(&mut self) -> f64 {
        unit(self.word())
    }

    /// Uniform in [`low`, `high`).
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// A whole number from 0 to `count - 1`; 0 if `count` is 0.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let drawn = (u128::from(self.word()) * count as u128) >> 64;
        drawn as usize
    }

    /// Mean 0, variance 1, nearly normal, never beyond 3.5.
    #[inline]
    pub(crate) fn near_normal(&mut self) -> f64 {
        let word = self.word();
        let even = word & 0x0000_ffff_0000_ffff;
        let odd = (word >> 16) & 0x0000_ffff_0000_ffff;
        let pairs = even + odd;
        let sum = (pairs & 0xffff_ffff) + (pairs >> 32);
        (sum as f64 - 131_070.0) * (1.0 / SUM_OF_FOUR_STD)
    }
}

#[inline]
fn unit(word: u64) -> f64 {
    (word >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// The nearest integer, ties to even, for |x| < 2⁵¹.
#[inline]
pub(crate) fn rounded(x: f64) -> f64 {
    (x + ROUNDER) - ROUNDER
}

/// The ziggurat's tables.
#[derive(Debug, Clone)]
pub(crate) struct Normal {
    /// Right edge of each layer, falling; that of the base is stretched to hold the tail's area.
    edge: [f64; 257],
    /// `exp(-x²/2)` at each edge.
    height: [f64; 257],
}

fn bell(x: f64) -> f64 {
    libm::exp(-0.5 * x * x)
}

impl Normal {
    /// Computes the tables.
    pub(crate) fn new() -> Normal {
        let tail = libm::sqrt(std::f64::consts::FRAC_PI_2)
            * libm::erfc(ZIGGURAT_R * std::f64::consts::FRAC_1_SQRT_2);
        let area = ZIGGURAT_R * bell(ZIGGURAT_R) + tail;
        let mut edge = [0.0; 257];
        edge[0] = area / bell(ZIGGURAT_R);
        edge[1] = ZIGGURAT_R;
        for layer in 2..256 {
            let below: f64 = edge[layer - 1];
            edge[layer] = libm::sqrt(-2.0 * libm::log(area / below + bell(below)));
        }
        Normal { edge, height: edge.map(bell) }
    }

    /// A normal number of mean 0 and variance 1.
    #[inline]
    pub(crate) fn draw(&self, generator: &mut Generator) -> f64 {
        let word = generator.word();
        let layer = (word & 0xff) as usize;
        let x = unit(word) * self.edge[layer];
        let sign = 1.0 - ((word >> 7) & 2) as f64;
        if x < self.edge[layer + 1] {
            return sign * x;
        }
        self.draw_outside(generator, layer, sign * x)
    }

    /// The one draw in a hundred that does not fall inside the next layer.
    #[cold]
    #[inline(never)]
    fn draw_outside(&self, generator: &mut Generator, layer: usize, x: f64) -> f64 {
        if layer == 0 {
            return draw_tail(generator).copysign(x);
        }
        let (low, high) = (self.height[layer & 0xff], self.height[(layer & 0xff) + 1]);
        if low + (high - low) * generator.uniform() < bell(x) {
            return x;
        }
        self.draw(generator)
    }

    /// A Poisson count of this mean; 0 for a mean that is not positive.
    #[inline]
    pub(crate) fn poisson(&self, generator: &mut Generator, mean: f64) -> f64 {
        if mean < LARGE_MEAN {
            return poisson_by_search(generator, mean);
        }
        let s = (mean - 1.0 / 12.0).sqrt();
        let z = self.draw(generator);
        let square = z * z;
        let x = mean + s * z + (square - 1.0) / 6.0 + z * (1.0 - square) / (72.0 * s);
        rounded(x.max(0.0))
    }
}

/// The tail beyond the base (Marsaglia 1964).
fn draw_tail(generator: &mut Generator) -> f64 {
    loop {
        // 1 - u lies in (0, 1], where the logarithm is finite.
        let x = -libm::log(1.0 - generator.uniform()) / ZIGGURAT_R;
        let y = -libm::log(1.0 - generator.uniform());
        if x * x < 2.0 * y {
            return ZIGGURAT_R + x;
        }
    }
}

/// Inversion by sequential search; the means are small.
#[cold]
fn poisson_by_search(generator: &mut Generator, mean: f64) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    let (mut left, mut count) = (generator.uniform(), 0.0);
    let mut probability = libm::exp(-mean);
    // A mean below 24 cannot give 200 in 2⁵³ draws; the bound ends the search in the rounding
    // error that is left of the sum of all probabilities. A NaN mean ends it too.
    while left >= probability && count < 200.0 {
        left -= probability;
        count += 1.0;
        probability *= mean / count;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generator(number: u64) -> Generator {
        Generator::new(1, Purpose::Photons, [number, 0, 0])
    }

    /// Mean, variance, third and fourth central moment.
    fn moments(draws: &[f64]) -> [f64; 4] {
        let n = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let moment = |power: i32| {
            draws.iter().map(|x| (0..power).map(|_| x - mean).product::<f64>()).sum::<f64>() / n
        };
        [mean, moment(2), moment(3), moment(4)]
    }

    #[test]
    fn words_are_those_of_the_published_generator() {
        // First outputs for the state (1, 2, 3, 4), from the definition by hand:
        // rotl(1 + 4, 23) + 1 = 41943041.
        let mut generator = Generator { state: [1, 2, 3, 4] };
        assert_eq!(generator.word(), 41_943_041);
        assert_eq!(generator.word(), 58_720_359);
        // SplitMix64 from 1234567, as in its authors' list of test values.
        let mut state = 1_234_567;
        assert_eq!(split_mix(&mut state), 6_457_827_717_110_365_317);
    }

    #[test]
    fn streams_with_different_names_differ() {
        let first = |numbers, purpose| Generator::new(1, purpose, numbers).word();
        let words = [
            first([1, 2, 3], Purpose::Photons),
            first([2, 1, 3], Purpose::Photons),
            first([1, 2, 3], Purpose::ReadNoise),
            Generator::new(2, Purpose::Photons, [1, 2, 3]).word(),
        ];
        for (i, word) in words.iter().enumerate() {
            assert!(words.iter().skip(i + 1).all(|other| other != word));
        }
    }

    #[test]
    fn the_layers_of_the_ziggurat_close_at_the_top() {
        let table = Normal::new();
        let area = table.edge[0] * table.height[1];
        let top = table.edge[255] * (1.0 - table.height[255]);
        assert!((top / area - 1.0).abs() < 1e-9, "{top} {area}");
    }

    #[test]
    fn normal_numbers_have_the_moments_of_a_normal_law() {
        let (table, mut generator) = (Normal::new(), generator(1));
        let n = 2_000_000;
        let draws: Vec<f64> = (0..n).map(|_| table.draw(&mut generator)).collect();
        let [mean, variance, third, fourth] = moments(&draws);
        let error = (1.0 / f64::from(n)).sqrt();
        assert!(mean.abs() < 5.0 * error);
        assert!((variance - 1.0).abs() < 5.0 * 2f64.sqrt() * error);
        assert!(third.abs() < 5.0 * 6f64.sqrt() * error);
        assert!((fourth - 3.0).abs() < 5.0 * 96f64.sqrt() * error);
    }

    #[test]
    fn normal_numbers_fill_the_core_and_the_tail_as_they_should() {
        let (table, mut generator) = (Normal::new(), generator(2));
        let n = 2_000_000;
        let draws: Vec<f64> = (0..n).map(|_| table.draw(&mut generator)).collect();
        for limit in [0.1, 1.0, 2.0, 3.0, ZIGGURAT_R, 4.2] {
            let outside = draws.iter().filter(|x| x.abs() > limit).count() as f64;
            let expected = f64::from(n) * libm::erfc(limit / 2f64.sqrt());
            assert!((outside - expected).abs() < 5.0 * expected.sqrt(), "{limit} {outside}");
        }
    }

    #[test]
    fn near_normal_and_uniform_numbers_have_their_moments() {
        let mut generator = generator(3);
        let n = 1_000_000;
        let error = (1.0 / f64::from(n)).sqrt();
        let near: Vec<f64> = (0..n).map(|_| generator.near_normal()).collect();
        let [mean, variance, third, fourth] = moments(&near);
        assert!(mean.abs() < 5.0 * error && (variance - 1.0).abs() < 8.0 * error);
        assert!(third.abs() < 10.0 * error && (fourth - 2.7).abs() < 0.02);
        let uniform: Vec<f64> = (0..n).map(|_| generator.uniform()).collect();
        let [mean, variance, ..] = moments(&uniform);
        assert!((mean - 0.5).abs() < 2.0 * error && (variance - 1.0 / 12.0).abs() < error);
        let counts = (0..n).map(|_| generator.below(7)).fold([0_u32; 7], |mut counts, i| {
            counts[i] += 1;
            counts
        });
        assert!(counts.iter().all(|&count| (f64::from(count) - 1e6 / 7.0).abs() < 5.0 * 350.0));
    }

    #[test]
    fn poisson_counts_have_mean_variance_and_third_moment_equal_to_the_mean() {
        let table = Normal::new();
        for (i, mean) in [0.1, 1.0, 5.0, 23.9, 24.1, 100.0, 1e3, 1e5].into_iter().enumerate() {
            let mut generator = generator(10 + i as u64);
            let n = 400_000;
            let draws: Vec<f64> = (0..n).map(|_| table.poisson(&mut generator, mean)).collect();
            assert!(draws.iter().all(|x| x.fract() == 0.0 && *x >= 0.0));
            let [found, variance, third, _] = moments(&draws);
            let error = |variance: f64| 5.0 * (variance / f64::from(n)).sqrt();
            assert!((found - mean).abs() < error(mean), "{mean}: {found}");
            let spread = 2.0 * mean * mean + mean;
            assert!((variance - mean).abs() < error(spread), "{mean}: {variance}");
            let spread = 6.0 * mean * mean * mean + 50.0 * mean * mean + mean;
            assert!((third - mean).abs() < error(spread), "{mean}: {third}");
        }
    }

    #[test]
    fn no_light_gives_no_photon() {
        let table = Normal::new();
        for mean in [0.0, -3.0, f64::NAN] {
            assert!(table.poisson(&mut generator(9), mean) < 201.0);
        }
        assert!(table.poisson(&mut generator(9), 0.0) < 0.5);
    }
}
