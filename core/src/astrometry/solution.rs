//! What was found: the map as TAN-SIP cards, the matched stars, and how good it is.
//!
//! The tangent point is the sky of the reference pixel, the middle of the image. With the polynomial
//! `Q(u, v)` of the plane, `L` its slope there, and `CD` the start's matrix times `L`
//!
//! ```text
//! (u + A(u, v), v + B(u, v)) = L⁻¹ Q(u, v)
//! ```

use serde::Serialize;

use super::plane::{Point, inverse, middle_pixel, product, times};
use super::polynomial::{Polynomial, Sample, fit_clipped, terms};
use super::refine::Match;
use super::{Field, Params, arcsec};
use crate::header::Header;
use crate::numerics::sky::{DEGREE, Wcs, separation};
use crate::table::{Table, Values};

/// Cells of the residual map along each axis.
const CELLS: usize = 4;
/// Rounds in which the tangent point settles.
const ROUNDS: usize = 6;

/// A star of both lists.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matched {
    /// Its index in the list of the image.
    pub spot: usize,
    /// Its row in the catalogue.
    pub row: usize,
    /// Its pixel.
    pub pixel: (f64, f64),
    /// Image minus catalogue, east and north (arcsecond).
    pub residual_arcsec: (f64, f64),
}

/// The residuals of a part of the image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cell {
    /// Middle of the cell, column and row (pixel).
    pub middle: (f64, f64),
    /// Stars in it.
    pub stars: usize,
    /// Their mean residual, east and north (arcsecond); 0 without a star.
    pub mean_arcsec: (f64, f64),
}

/// The map of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// The cards of the map.
    pub cards: Header,
    /// The map.
    pub wcs: Wcs,
    /// Order of the distortion (number); 1 for none.
    pub order: usize,
    /// The stars of the fit.
    pub matched: Vec<Matched>,
    /// References on the image (number).
    pub n_references: usize,
    /// Rms of the residuals, east and north (arcsecond).
    pub rms_arcsec: (f64, f64),
    /// Decimal logarithm of the probability that the match is chance.
    pub log10_chance: f64,
    /// How far the start was off (arcsecond).
    pub shift_arcsec: f64,
    /// By how much the sky is turned against that of the start, from east to north (degree).
    pub rotation_deg: f64,
    /// Pixel scale over that of the start (ratio).
    pub scale_ratio: f64,
    /// Residuals by part of the image, row after row.
    pub residual_map: Vec<Cell>,
}

/// The solution of a match; `None` if its stars determine no map after all.
pub(super) fn solution(field: &Field<'_>, found: &Match, params: &Params) -> Option<Solution> {
    let unit = field.half().0.max(field.half().1);
    let order = found.polynomial.order;
    let mut center = field.start.middle;
    let mut fitted: Option<(Polynomial, Vec<bool>)> = None;
    for _ in 0..ROUNDS {
        let samples = samples(field, found, center, params);
        // The stars were chosen by the clip before.
        let clip = (4.0 * params.clip_sigma, params.floor_pix);
        let (polynomial, kept, _) = fit_clipped(&samples, order, unit, clip)?;
        let (_, shift) = polynomial.linear_part();
        center = field.start.sky(center, shift);
        fitted = Some((polynomial, kept));
    }
    let (polynomial, kept) = fitted?;
    let cards = cards(field, &polynomial, center);
    let wcs = Wcs::from_header(&cards).ok()??;
    let pairs = found.pairs.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(pair, _)| *pair);
    let matched: Vec<Matched> = pairs.filter_map(|pair| matched(field, &wcs, pair)).collect();
    let (matrix, _) = polynomial.linear_part();
    let degrees = (terms(order), matched.len());
    let cd = &field.start.cd;
    let on_sky = product(&product(cd, &matrix), &inverse(cd));
    Some(Solution {
        order,
        n_references: found.n_references,
        rms_arcsec: rms(&matched, degrees),
        log10_chance: found.log10_chance,
        shift_arcsec: arcsec(separation(field.start.middle, center)),
        rotation_deg: turn_deg(&on_sky),
        scale_ratio: super::plane::determinant(&matrix).abs().sqrt(),
        residual_map: residual_map(field.shape, &matched),
        matched,
        cards,
        wcs,
    })
}

fn turn_deg(&[[a, b], [c, d]]: &super::plane::Matrix) -> f64 {
    let mirror = if a * d - b * c < 0.0 { -1.0 } else { 1.0 };
    libm::atan2(c * mirror - b, a * mirror + d) / DEGREE
}

fn samples(field: &Field<'_>, found: &Match, center: Point, params: &Params) -> Vec<Sample> {
    let (x, y) = middle_pixel(field.shape);
    let floor = params.floor_pix * params.floor_pix;
    let sample = |&(spot, reference): &(usize, usize)| {
        let (_, spot) = field.spots.get(spot)?;
        let error = if spot.error_pix.is_finite() { spot.error_pix } else { 0.0 };
        Some(Sample {
            pixel: (spot.x - x, spot.y - y),
            place: field.start.place(center, field.references.get(reference)?.sky)?,
            weight: 1.0 / (error * error + floor),
        })
    };
    found.pairs.iter().filter_map(sample).collect()
}

/// The cards of TAN-SIP.
fn cards(field: &Field<'_>, polynomial: &Polynomial, center: Point) -> Header {
    let (matrix, _) = polynomial.linear_part();
    let cd = product(&field.start.cd, &matrix);
    let back = inverse(&matrix);
    let (x, y) = middle_pixel(field.shape);
    let order = polynomial.order;
    let kind = if 1 < order { "-SIP" } else { "" };
    let mut cards = Header::new();
    cards.set("WCSAXES", 2_i64, "number of axes");
    cards.set("CTYPE1", format!("RA---TAN{kind}"), "gnomonic projection");
    cards.set("CTYPE2", format!("DEC--TAN{kind}"), "gnomonic projection");
    cards.set("CUNIT1", "deg", "");
    cards.set("CUNIT2", "deg", "");
    cards.set("CRPIX1", x + 1.0, "reference pixel, columns");
    cards.set("CRPIX2", y + 1.0, "reference pixel, rows");
    let ra = center.0 / DEGREE;
    cards.set("CRVAL1", ra - 360.0 * (ra / 360.0).floor(), "right ascension there (deg)");
    cards.set("CRVAL2", center.1 / DEGREE, "declination there (deg)");
    for (i, row) in cd.iter().enumerate() {
        for (j, value) in row.iter().enumerate() {
            cards.set(&format!("CD{}_{}", i + 1, j + 1), *value, "deg/pixel");
        }
    }
    cards.set("RADESYS", "ICRS", "frame of the catalogue");
    if order < 2 {
        return cards;
    }
    cards.set("A_ORDER", order as i64, "order of the distortion along the columns");
    cards.set("B_ORDER", order as i64, "order of the distortion along the rows");
    for ((i, j), of_plane) in polynomial.coefficients() {
        if i + j < 2 {
            continue;
        }
        let (a, b) = times(&back, of_plane);
        cards.set(&format!("A_{i}_{j}"), a, "");
        cards.set(&format!("B_{i}_{j}"), b, "");
    }
    cards
}

fn matched(field: &Field<'_>, wcs: &Wcs, (spot, reference): (usize, usize)) -> Option<Matched> {
    let (index, spot) = field.spots.get(spot)?;
    let star = field.references.get(reference)?;
    let sky = wcs.sky_from_pixel(spot.x, spot.y);
    let (east, north) = super::plane::project(star.sky, sky)?;
    let residual_arcsec = (arcsec(east), arcsec(north));
    Some(Matched { spot: *index, row: star.row, pixel: (spot.x, spot.y), residual_arcsec })
}

/// Root of the sum of squares over the degrees of freedom.
fn rms(matched: &[Matched], (terms, stars): (usize, usize)) -> (f64, f64) {
    let free = stars.saturating_sub(terms).max(1) as f64;
    let of = |axis: fn(&Matched) -> f64| {
        let squares: f64 = matched.iter().map(|star| axis(star) * axis(star)).sum();
        (squares / free).sqrt()
    };
    (of(|star| star.residual_arcsec.0), of(|star| star.residual_arcsec.1))
}

fn residual_map((rows, columns): (usize, usize), matched: &[Matched]) -> Vec<Cell> {
    let side = |length: usize| length as f64 / CELLS as f64;
    let (width, height) = (side(columns), side(rows));
    let inside = |at: f64, cell: usize, size: f64| {
        let place = ((at + 0.5) / size).clamp(0.0, CELLS as f64 - 0.5) as usize;
        place == cell
    };
    let mut map = Vec::with_capacity(CELLS * CELLS);
    for row in 0..CELLS {
        for column in 0..CELLS {
            let here = |star: &&Matched| {
                inside(star.pixel.0, column, width) && inside(star.pixel.1, row, height)
            };
            let (mut stars, mut sum) = (0, (0.0, 0.0));
            for star in matched.iter().filter(here) {
                stars += 1;
                sum = (sum.0 + star.residual_arcsec.0, sum.1 + star.residual_arcsec.1);
            }
            let n = f64::from(stars.max(1));
            let at = |cell: usize, size: f64| (cell as f64 + 0.5) * size - 0.5;
            map.push(Cell {
                middle: (at(column, width), at(row, height)),
                stars: stars as usize,
                mean_arcsec: (sum.0 / n, sum.1 / n),
            });
        }
    }
    map
}

/// First letters of the cards that describe a map, before an axis or a coefficient.
const OF_MAPS: [&str; 16] = [
    "CTYPE", "CUNIT", "CRPIX", "CRVAL", "CDELT", "CROTA", "CD1_", "CD2_", "PC1_", "PC2_", "PV1_",
    "PV2_", "A_", "B_", "AP_", "BP_",
];
/// Other cards of a map.
const WHOLE_CARDS: [&str; 9] = [
    "WCSAXES", "LONPOLE", "LATPOLE", "LONGPOLE", "RADESYS", "RADECSYS", "EQUINOX", "WCSNAME",
    "WCSVERS",
];

impl Solution {
    /// Replaces the map of a header, and says how good the new one is.
    pub fn write(&self, header: &mut Header) {
        let of_map = |key: &str| {
            let counted = |first: &&str| {
                let rest = key.strip_prefix(*first);
                rest.is_some_and(|rest| {
                    !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || c == '_')
                        || matches!(rest, "ORDER" | "DMAX")
                })
            };
            WHOLE_CARDS.contains(&key) || OF_MAPS.iter().any(counted)
        };
        header.cards.retain(|card| !of_map(&card.key));
        header.merge(&self.cards);
        header.set("ASTRRMS1", self.rms_arcsec.0 / 3600.0, "rms east (deg)");
        header.set("ASTRRMS2", self.rms_arcsec.1 / 3600.0, "rms north (deg)");
        header.set("ASTNMTCH", self.matched.len() as i64, "stars of the astrometry");
        header.set("ASTNREF", self.n_references as i64, "stars of the catalogue on the image");
        header.set("ASTORDER", self.order as i64, "order of the distortion");
        header.set("ASTCHNCE", self.log10_chance, "log10 of the chance of the match");
    }

    /// The matched stars: `row` of the catalogue, `x`, `y` (pix), `east`, `north` (arcsec, image
    /// minus catalogue).
    ///
    /// # Errors
    /// None that a list can make.
    pub fn table(&self) -> crate::error::Result<Table> {
        let column = |of: fn(&Matched) -> f64| Values::F64(self.matched.iter().map(of).collect());
        let mut table = Table::new();
        let rows = self.matched.iter().map(|star| star.row as i64).collect();
        table.set("row", "", Values::I64(rows))?;
        table.set("x", "pix", column(|star| star.pixel.0))?;
        table.set("y", "pix", column(|star| star.pixel.1))?;
        table.set("east", "arcsec", column(|star| star.residual_arcsec.0))?;
        table.set("north", "arcsec", column(|star| star.residual_arcsec.1))?;
        Ok(table)
    }
}
