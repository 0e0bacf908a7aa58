//! The radius of the circle that holds a part of an object's light.
//!
//! The curve of growth is known at 64 radii up to the farthest; between them it is straight. The radius
//! is where it first reaches the wanted light; of the rings beyond it few are summed. Reference: SExtractor's
//! `FLUX_RADIUS`, as in sep.

use super::light::Light;
use crate::detect::flags;
use crate::numerics::overlap::circle_pixel;

/// Radii of the curve of growth.
const STEPS: usize = 64;
/// More than half the diagonal of a pixel.
const MARGIN: f64 = 0.7072;

/// Rings that are filled at a time: mostly the wanted light lies within the first quarter of them.
const BLOCK: usize = 8;

/// A pixel of the light: place and distance from the center (pixel), value (DN).
struct Spot {
    at: (f64, f64),
    distance: f64,
    value: f64,
}

/// Radius (pixel) that holds `wanted` DN, at most `farthest` pixels, and flags.
pub(super) fn radius(
    light: &Light<'_>,
    center: (f64, f64),
    farthest: f64,
    wanted: f64,
) -> (f64, i32) {
    let step = farthest / STEPS as f64;
    let usable = wanted > 0.0 && step > 0.0 && farthest.is_finite();
    if !usable {
        return (0.0, 0);
    }
    let (near, mut flags) = light.around(center, (farthest, farthest));
    let mut spots = Vec::new();
    for pixel in near {
        let distance = (pixel.dx * pixel.dx + pixel.dy * pixel.dy).sqrt();
        if distance - MARGIN >= farthest {
            continue;
        }
        match pixel.value {
            Some(value) => spots.push(Spot { at: (pixel.dx, pixel.dy), distance, value }),
            None => flags |= flags::APERTURE_MASKED,
        }
    }
    (cross(&spots, step, wanted), flags)
}

/// Where the sum of the rings, each as wide as `step` (pixel), first reaches `wanted`.
fn cross(spots: &[Spot], step: f64, wanted: f64) -> f64 {
    let mut sum = 0.0;
    for first in (0..STEPS).step_by(BLOCK) {
        let rings = rings(spots, step, first);
        for (index, ring) in (first..).zip(rings) {
            if wanted <= sum + ring {
                return step * (index as f64 + (wanted - sum) / ring);
            }
            sum += ring;
        }
    }
    step * STEPS as f64
}

/// The light of a block of rings (DN), from the one with the number `first` on.
fn rings(spots: &[Spot], step: f64, first: usize) -> [f64; BLOCK] {
    let mut rings = [0.0; BLOCK];
    for spot in spots {
        let begin = ((spot.distance - MARGIN) / step).floor().max(0.0) as usize;
        if first + BLOCK <= begin {
            continue;
        }
        let mut inside = 0.0;
        if begin < first {
            let before = step * first as f64;
            if spot.is_within(before) {
                continue;
            }
            inside = spot.within(before);
        }
        for (index, ring) in (first..).zip(&mut rings).skip(begin.saturating_sub(first)) {
            let radius = step * (index + 1) as f64;
            let within = spot.within(radius);
            *ring += (within - inside) * spot.value;
            inside = within;
            if spot.is_within(radius) {
                break;
            }
        }
    }
    rings
}

impl Spot {
    /// Whether all of the pixel is surely in a circle.
    fn is_within(&self, radius: f64) -> bool {
        self.distance + MARGIN <= radius
    }

    /// Area of the pixel in a circle (pixel²).
    fn within(&self, radius: f64) -> f64 {
        if self.is_within(radius) { 1.0 } else { circle_pixel(self.at.0, self.at.1, radius) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::fixture::uniform;

    /// All rings at once.
    fn plain(spots: &[Spot], step: f64, wanted: f64) -> f64 {
        let mut rings = [0.0; STEPS];
        for spot in spots {
            let first = ((spot.distance - MARGIN) / step).floor().max(0.0) as usize;
            let mut inside = 0.0;
            for (index, ring) in rings.iter_mut().enumerate().skip(first) {
                let radius = step * (index + 1) as f64;
                let within = spot.within(radius);
                *ring += (within - inside) * spot.value;
                inside = within;
                if spot.is_within(radius) {
                    break;
                }
            }
        }
        let mut sum = 0.0;
        for (index, ring) in rings.iter().enumerate() {
            if wanted <= sum + ring {
                return step * (index as f64 + (wanted - sum) / ring);
            }
            sum += ring;
        }
        step * STEPS as f64
    }

    #[test]
    fn blocks_of_rings_give_the_bits_of_all_rings_at_once() {
        for number in 0..200_u64 {
            let draw = |k: u64| uniform((number << 20) + k);
            let (x, y) = (draw(0) - 0.5, draw(1) - 0.5);
            let (farthest, width) = (1.0 + 20.0 * draw(2) * draw(2), 0.5 + 4.0 * draw(3));
            let half = farthest.ceil() as i32 + 1;
            let mut spots = Vec::new();
            for place in 0..(2 * half + 1) * (2 * half + 1) {
                let (column, row) = (place % (2 * half + 1) - half, place / (2 * half + 1) - half);
                let at = (f64::from(column) - x, f64::from(row) - y);
                let distance = (at.0 * at.0 + at.1 * at.1).sqrt();
                let noise = 0.1 * (draw(100 + place as u64) - 0.5);
                let value = libm::exp(-0.5 * distance * distance / (width * width)) + noise;
                if distance - MARGIN < farthest {
                    spots.push(Spot { at, distance, value });
                }
            }
            let all: f64 = spots.iter().map(|spot| spot.value).sum();
            let step = farthest / STEPS as f64;
            for part in [0.01, 0.1, 0.5, 0.9, 1.0, 2.0] {
                let wanted = part * all.abs();
                let (found, expected) = (cross(&spots, step, wanted), plain(&spots, step, wanted));
                assert_eq!(found.to_bits(), expected.to_bits(), "{number} {part}");
            }
        }
    }
}
