//! Catalogues that are cut into one file per HEALPix pixel: which of them an image needs.
//!
//! A file holds the pixel `n` of order 6 (nside 64, nested) if its name ends with `_pix64_<n>` and
//! the ending of a table, as in `gaiadr3_pix64_23234.parquet` (Gaia files of ztfin2p3, repository
//! of October 2025). An image needs every pixel touched by a disc about its center, and all rows of
//! it: 0.7 degrees as there, or as far as its farthest corner if that is farther.

use crate::numerics::healpix;
use crate::numerics::sky::{DEGREE, Wcs, separation};

/// Order of the pixels: nside 64.
const ORDER: u32 = 6;
/// Radius of the disc (degree) if no corner of the image is farther.
const LEAST_RADIUS_DEG: f64 = 0.7;

/// The pixels that an image of this shape (rows, columns) needs, ascending.
pub fn pixels(wcs: &Wcs, (rows, columns): (usize, usize)) -> Vec<u64> {
    let middle = |length: usize| (length as f64 - 1.0) / 2.0;
    let center = wcs.sky_from_pixel(middle(columns), middle(rows));
    let (right, top) = (columns as f64 - 0.5, rows as f64 - 0.5);
    let corners = [(-0.5, -0.5), (right, -0.5), (-0.5, top), (right, top)];
    let away = |(x, y): (f64, f64)| separation(center, wcs.sky_from_pixel(x, y));
    let radius = corners.into_iter().map(away).fold(LEAST_RADIUS_DEG * DEGREE, f64::max);
    healpix::disc(ORDER, center, radius)
}

/// The pixel whose stars a file of this name holds; `None` for any other catalogue.
pub fn pixel_of_name(name: &str) -> Option<u64> {
    let last = name.rsplit('/').next().unwrap_or(name);
    let (stem, _) = last.split_once('.')?;
    let (_, number) = stem.rsplit_once("_pix64_")?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|&pixel: &u64| is_number && pixel < 12 << (2 * ORDER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::Header;

    /// An image of 100 rows and 200 columns about a direction (degree), pixels of this side.
    fn tangent((ra, dec): (f64, f64), side_arcsec: f64) -> Vec<u64> {
        let mut header = Header::new();
        header.set("CTYPE1", "RA---TAN", "");
        header.set("CTYPE2", "DEC--TAN", "");
        let side_deg = side_arcsec / 3600.0;
        for (key, value) in [
            ("CRPIX1", 100.5),
            ("CRPIX2", 50.5),
            ("CRVAL1", ra),
            ("CRVAL2", dec),
            ("CDELT1", -side_deg),
            ("CDELT2", side_deg),
        ] {
            header.set(key, value, "");
        }
        pixels(&Wcs::from_header(&header).unwrap().unwrap(), (100, 200))
    }

    #[test]
    fn a_pixel_stands_in_the_name() {
        assert_eq!(pixel_of_name("catalogue/gaiadr3_pix64_23234.parquet"), Some(23234));
        let others = ["stars.parquet", "a_pix64_49152.parquet", "a_pix64_+1.csv", "a_pix32_1.csv"];
        assert!(others.iter().all(|name| pixel_of_name(name).is_none()));
        assert_eq!(pixel_of_name("pix64_5"), None);
    }

    #[test]
    fn a_small_image_needs_a_disc_of_seven_tenths_of_a_degree_and_a_large_one_its_corners() {
        // healpy 1.20.1: query_disc(64, ang2vec(55, 2.2, lonlat=True), radians(0.7),
        // inclusive=True, nest=True).
        let small = tangent((55.0, 2.2), 1.0);
        assert_eq!(small, [23234, 23235, 23240, 23241, 23242, 23243]);
        let large = tangent((55.0, 2.2), 40.0);
        assert!(small.iter().all(|pixel| large.contains(pixel)) && large.len() > small.len());
    }
}
