//! HEALPix pixels in the nested order: which one holds a direction, and which a disc touches.
//!
//! A sphere is cut into 12 faces of N x N pixels of equal area, N = 2^order. With z = sin dec and
//! t = ra / 90 deg, and a face counted 0-3 (north), 4-7 (equator), 8-11 (south):
//!
//! ```text
//! |z| <= 2/3   lines of constant  N (1/2 + t -+ 3 z / 4)
//! |z| >  2/3   lines of constant  N sqrt(3 (1 - |z|)) (t mod 1)  and  … (1 - t mod 1)
//! ring i < N   z = 1 - i^2 / (3 N^2), its pixels 90 deg / i apart
//! ring i >= N  z = 4/3 - 2 i / (3 N), its pixels 90 deg / N apart
//! ```
//!
//! The number of a pixel is that of its face, then the bits of its two coordinates in turn.
//! Reference: Gorski et al. 2005, ApJ 622, 759, sections 4 and 5. Checked against healpy 1.20.
//! Angles are radians.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

/// Largest order: its pixel numbers have 62 bits.
pub const LARGEST_ORDER: u32 = 29;
/// Orders by which the pixels of a disc are cut finer to see whether the disc touches them.
const FINER: u32 = 2;

/// A pixel by face and place on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    face: u64,
    x: u64,
    y: u64,
}

/// The pixel of this order that holds a direction. A direction that is not finite, and an order
/// above [`LARGEST_ORDER`], has none.
pub fn pixel(order: u32, (ra, dec): (f64, f64)) -> Option<u64> {
    let usable = order <= LARGEST_ORDER && ra.is_finite() && dec.abs() <= FRAC_PI_2;
    let place = usable.then(|| place(1 << order, (ra, dec)))?;
    Some((place.face << (2 * order)) | spread(place.x) | (spread(place.y) << 1))
}

/// Right ascension (0 to 2 pi) and declination of the center of a pixel; that of pixel 0 for a
/// number that the order does not have.
pub fn center(order: u32, pixel: u64) -> (f64, f64) {
    let (z, ra) = center_in_z(order.min(LARGEST_ORDER), pixel);
    (ra, libm::asin(z))
}

/// The pixels that a disc touches, in ascending order: every touched pixel, and some that it misses
/// by less than a quarter of a pixel.
///
/// A pixel is taken if the center of one of its 16 parts lies within the radius and the largest
/// distance from the center of such a part to its corner, which is the inclusive query of healpy
/// with its factor of 4.
pub fn disc(order: u32, (ra, dec): (f64, f64), radius: f64) -> Vec<u64> {
    let mut found = Vec::new();
    if order > LARGEST_ORDER - FINER || !(ra.is_finite() && dec.is_finite() && radius >= 0.0) {
        return found;
    }
    let disc = Disc { z: libm::sin(dec), ra, radius, order };
    for face in 0..12 {
        disc.collect(0, face, &mut found);
    }
    found
}

struct Disc {
    z: f64,
    ra: f64,
    radius: f64,
    order: u32,
}

impl Disc {
    /// Cosine of the distance of a pixel's center.
    fn closeness(&self, order: u32, pixel: u64) -> f64 {
        let (z, ra) = center_in_z(order, pixel);
        let across = ((1.0 - z * z) * (1.0 - self.z * self.z)).sqrt();
        z * self.z + libm::cos(ra - self.ra) * across
    }

    /// Whether a pixel can have a point in the disc.
    fn may_touch(&self, order: u32, pixel: u64) -> bool {
        let reach = self.radius + largest_reach(order);
        reach > PI || self.closeness(order, pixel) > libm::cos(reach)
    }

    fn collect(&self, order: u32, pixel: u64, found: &mut Vec<u64>) {
        if !self.may_touch(order, pixel) {
            return;
        }
        if order < self.order {
            (0..4).for_each(|part| self.collect(order + 1, 4 * pixel + part, found));
        } else if self.touches(order, pixel) {
            found.push(pixel);
        }
    }

    fn touches(&self, order: u32, pixel: u64) -> bool {
        order == self.order + FINER
            || (0..4).any(|part| {
                let part = 4 * pixel + part;
                self.may_touch(order + 1, part) && self.touches(order + 1, part)
            })
    }
}

/// The largest distance from the center of a pixel to its corner: that of the pixels which meet the
/// border of the polar cap at the middle of a face.
fn largest_reach(order: u32) -> f64 {
    let n = (1_u64 << order) as f64;
    let step = 1.0 - 1.0 / n;
    let (z, corner_z) = (2.0 / 3.0, 1.0 - step * step / 3.0);
    let across = ((1.0 - z * z) * (1.0 - corner_z * corner_z)).sqrt();
    libm::acos((z * corner_z + libm::cos(FRAC_PI_4 / n) * across).min(1.0))
}

fn place(n: u64, (ra, dec): (f64, f64)) -> Place {
    let z = libm::sin(dec);
    let turn = ra / FRAC_PI_2;
    let quarter = turn - 4.0 * (turn / 4.0).floor();
    let (size, last) = (n as f64, n - 1);
    if z.abs() <= 2.0 / 3.0 {
        let (along, across) = (size * (0.5 + quarter), size * 0.75 * z);
        let (falling, rising) = ((along - across) as u64, (along + across) as u64);
        let (left, right) = (falling / n, rising / n);
        let face = match left.cmp(&right) {
            std::cmp::Ordering::Equal => (left & 3) + 4,
            std::cmp::Ordering::Less => left & 3,
            std::cmp::Ordering::Greater => (right & 3) + 8,
        };
        return Place { face, x: rising & last, y: last - (falling & last) };
    }
    let face = (quarter as u64).min(3);
    let part = quarter - face as f64;
    // sqrt(3 (1 - |z|)) without the difference of nearly equal numbers.
    let rings = size * libm::cos(dec).abs() * (3.0 / (1.0 + z.abs())).sqrt();
    let near = ((part * rings) as u64).min(last);
    let far = (((1.0 - part) * rings) as u64).min(last);
    if z > 0.0 {
        Place { face, x: last - far, y: last - near }
    } else {
        Place { face: face + 8, x: near, y: far }
    }
}

/// Sine of the declination, and right ascension, of the center of a pixel.
fn center_in_z(order: u32, pixel: u64) -> (f64, f64) {
    let n = 1_u64 << order;
    let face = (pixel >> (2 * order)).min(11);
    let (x, y) = (gather(pixel & (n * n - 1)), gather((pixel & (n * n - 1)) >> 1));
    // Twice the right ascension of the face's middle in units of 90 degrees, and its ring.
    let (middle, ring) = match face {
        0..=3 => (2 * face + 1, 2 * n),
        4..=7 => (2 * (face - 4), 3 * n),
        _ => (2 * (face - 8) + 1, 4 * n),
    };
    let ring = ring - x - y - 1;
    let size = n as f64;
    let from_pole = ring.min(4 * n - ring).min(n);
    let z = if from_pole < n {
        let cap = from_pole as f64 / size;
        let z = 1.0 - cap * cap / 3.0;
        if ring < n { z } else { -z }
    } else {
        (2.0 * size - ring as f64) * 2.0 / (3.0 * size)
    };
    // Beside the middle, which a face west of 0 has at its end.
    let place = (middle * from_pole + 8 * from_pole + x - y) % (8 * from_pole);
    (z, FRAC_PI_4 * place as f64 / from_pole as f64)
}

/// The lower 32 bits with a 0 before each.
fn spread(bits: u64) -> u64 {
    let steps = [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ];
    let spread = |bits: u64, (by, mask): (u32, u64)| (bits | (bits << by)) & mask;
    steps.into_iter().fold(bits & 0xffff_ffff, spread)
}

/// Every second bit, from the lowest.
fn gather(bits: u64) -> u64 {
    let steps = [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0f0f_0f0f_0f0f_0f0f),
        (4, 0x00ff_00ff_00ff_00ff),
        (8, 0x0000_ffff_0000_ffff),
        (16, 0x0000_0000_ffff_ffff),
    ];
    let gather = |bits: u64, (by, mask): (u32, u64)| (bits | (bits >> by)) & mask;
    steps.into_iter().fold(bits & 0x5555_5555_5555_5555, gather)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::sky::DEGREE;

    /// Directions all over the sphere (degree), the same in healpy: `k * 137.507764 % 360`,
    /// `k * 0.0089 - 89`.
    fn spiral() -> impl Iterator<Item = (f64, f64)> {
        (0..20_000).map(|k| (f64::from(k) * 137.507764 % 360.0, f64::from(k) * 0.0089 - 89.0))
    }

    fn radians((ra, dec): (f64, f64)) -> (f64, f64) {
        (ra * DEGREE, dec * DEGREE)
    }

    #[test]
    fn pixels_are_those_of_healpy() {
        // healpy 1.20.1: ang2pix(64 and 4096, ra, dec, nest=True, lonlat=True).
        let single = [
            ((90.0, 41.8), 24575, 100663295),
            ((180.0, -41.9), 43690, 178956928),
            ((270.0, 89.9), 16383, 67108799),
            ((359.9999999, -89.9999), 45056, 184549376),
            ((-0.0000001, -89.9999), 45056, 184549376),
            ((0.0, 90.0), 4095, 16777215),
            ((123.0, 0.3), 21909, 89742937),
            ((0.0, 41.9), 2730, 11184831),
            ((0.0, -5.0), 17359, 71106352),
            ((44.9999, 60.0), 3279, 13434099),
            ((312.5, -12.25), 48954, 200517670),
        ];
        for (direction, coarse, fine) in single {
            let found = (pixel(6, radians(direction)), pixel(12, radians(direction)));
            assert_eq!(found, (Some(coarse), Some(fine)), "{direction:?}");
        }
        let sum = |order| spiral().filter_map(|at| pixel(order, radians(at))).sum::<u64>();
        assert_eq!((sum(6), sum(12)), (491_524_206, 2_013_324_146_035));
        assert_eq!(
            (pixel(6, (f64::NAN, 0.0)), pixel(6, (0.0, 1.6)), pixel(30, (0.0, 0.0))),
            (None, None, None)
        );
    }

    #[test]
    fn centers_are_those_of_healpy_and_lie_in_their_pixels() {
        // healpy 1.20.1: pix2ang(64, pixel, nest=True, lonlat=True), radian.
        let known = [
            (0, FRAC_PI_4, 0.01041685505597739),
            (17, 0.8467573949128738, 0.0625407617964912),
            (4095, FRAC_PI_4, 1.5580384811972257),
            (9000, 3.853359739168731, 0.41834638644346794),
            (40000, 2.4543692606170255, -0.6100600350363931),
            (49151, 5.497787143782138, -0.010416855055977638),
        ];
        for (number, ra, dec) in known {
            let found = center(6, number);
            assert!((found.0 - ra).abs() < 1e-14 && (found.1 - dec).abs() < 1e-14, "{number}");
        }
        for order in [0, 1, 6] {
            for number in 0..12 << (2 * order) {
                assert_eq!(pixel(order, center(order, number)), Some(number), "{order}");
            }
        }
    }

    #[test]
    fn discs_are_those_of_the_inclusive_query_of_healpy() {
        // healpy 1.20.1: query_disc(64, ang2vec(…), radius, inclusive=True, nest=True).
        let single: [(_, &[u64]); 4] = [
            ((55.0, 2.2), &[23234, 23235, 23240, 23241, 23242, 23243]),
            ((0.0, 41.81), &[2730, 2731, 13653, 13655, 20479]),
            ((123.0, 89.8), &[4093, 4095, 8189, 8190, 8191, 12286, 12287, 16383]),
            ((359.99, -30.0), &[16447, 16490, 16533, 16576]),
        ];
        for (direction, expected) in single {
            assert_eq!(disc(6, radians(direction), 0.7 * DEGREE), expected, "{direction:?}");
        }
        let total = |every: usize, radii_deg: &[f64]| {
            let mut total = (0, 0);
            for direction in spiral().step_by(every) {
                for radius in radii_deg {
                    let found = disc(6, radians(direction), radius * DEGREE);
                    assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
                    total = (total.0 + found.len(), total.1 + found.iter().sum::<u64>());
                }
            }
            total
        };
        assert_eq!(total(4, &[0.7]), (35_176, 862_933_721));
        assert_eq!(total(400, &[0.01, 3.0, 40.0, 120.0]), (2_156_011, 53_263_061_571));
    }

    #[test]
    fn a_disc_holds_every_pixel_that_a_point_of_it_lies_in() {
        for direction in spiral().step_by(701) {
            let (ra, dec) = radians(direction);
            let found = disc(6, (ra, dec), 0.7 * DEGREE);
            for step in 0..720 {
                let angle = f64::from(step) * DEGREE / 2.0;
                let (away, toward) = (0.7 * DEGREE, libm::cos(angle));
                let z =
                    libm::sin(dec) * libm::cos(away) + libm::cos(dec) * libm::sin(away) * toward;
                let east = libm::sin(angle) * libm::sin(away);
                let north =
                    libm::cos(away) * libm::cos(dec) - libm::sin(away) * libm::sin(dec) * toward;
                let edge = (ra + libm::atan2(east, north), libm::asin(z));
                let number = pixel(6, edge).unwrap();
                assert!(found.contains(&number), "{direction:?} {step}");
            }
        }
    }
}
