//! The radius of the circle that holds a part of an object's light.
//!
//! The curve of growth is known at 64 radii up to the farthest; between them it is straight. The radius
//! is where it first reaches the wanted light. Reference: SExtractor's `FLUX_RADIUS`, as in sep.

use super::light::Light;
use crate::detect::flags;
use crate::numerics::overlap::circle_pixel;

/// Radii of the curve of growth.
const STEPS: usize = 64;
/// More than half the diagonal of a pixel.
const MARGIN: f64 = 0.7072;

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
    let mut rings = [0.0; STEPS];
    for pixel in near {
        let distance = (pixel.dx * pixel.dx + pixel.dy * pixel.dy).sqrt();
        if distance - MARGIN >= farthest {
            continue;
        }
        let Some(value) = pixel.value else {
            flags |= flags::APERTURE_MASKED;
            continue;
        };
        let first = ((distance - MARGIN) / step).floor().max(0.0) as usize;
        let mut inside = 0.0;
        for (index, ring) in rings.iter_mut().enumerate().skip(first) {
            let radius = step * (index + 1) as f64;
            let within = if distance + MARGIN <= radius {
                1.0
            } else {
                circle_pixel(pixel.dx, pixel.dy, radius)
            };
            *ring += (within - inside) * value;
            inside = within;
            if distance + MARGIN <= radius {
                break;
            }
        }
    }
    (cross(&rings, step, wanted), flags)
}

/// Where the sum of the rings first reaches `wanted`.
fn cross(rings: &[f64], step: f64, wanted: f64) -> f64 {
    let mut sum = 0.0;
    for (index, ring) in rings.iter().enumerate() {
        if wanted <= sum + ring {
            return step * (index as f64 + (wanted - sum) / ring);
        }
        sum += ring;
    }
    step * rings.len() as f64
}
