//! The cards of a header as a [`Wcs`].
//!
//! Axis types `RA---TAN`, `RA---TPV`, `RA---TAN-SIP` and their `DEC` partners, in either order
//! (TPV: longitude first); a TAN with PV cards is TPV, as SCAMP wrote it before that name existed,
//! unless it has SIP cards too. The matrix is CDi_j, or PCi_j with CDELTi, or CDELTi with CROTA2.
//! A missing PVi_1 is 1, as the TPV convention has it (WCSLIB takes 0).

use crate::error::{Error, Result};
use crate::header::{Header, Value};

use super::distortion::{Distortion, MAX_POWER, Term};
use super::{DEGREE, Matrix, Wcs, determinant, inverse};

const STEP: &str = "wcs";

/// Number of TPV coefficients per axis.
const TPV_TERMS: usize = 40;

/// The projection of both axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Projection {
    Tan,
    Tpv,
    Sip,
}

pub(super) fn read(header: &Header) -> Result<Option<Wcs>> {
    let Some((projection, longitude)) = axes(header)? else {
        return Ok(None);
    };
    refuse_other_frames(header)?;
    let latitude = 3 - longitude;
    let reference = |key: &str, axis: usize| needed(header, &format!("{key}{axis}"));
    let (ra, dec) = (reference("CRVAL", longitude)?, reference("CRVAL", latitude)?);
    if dec.abs() > 90.0 {
        return Err(Error::input(STEP, &format!("CRVAL{latitude}"), dec, "-90 to 90 degree"));
    }
    let [first, second] = matrix(header)?;
    let cd = if longitude == 1 { [first, second] } else { [second, first] };
    let sip = if projection == Projection::Tpv { None } else { sip(header)? };
    let tpv = if sip.is_some() { None } else { tpv(header, projection, longitude)? };
    // At the pole itself the standard turns the default by half a circle.
    let default_pole = if dec >= 90.0 { 0.0 } else { 180.0 };
    let pole = 180.0 - optional(header, "LONPOLE")?.unwrap_or(default_pole);
    let (sin_pole, cos_pole) = exact_turn(pole);
    Ok(Some(Wcs {
        reference_pixel: (needed(header, "CRPIX1")? - 1.0, needed(header, "CRPIX2")? - 1.0),
        reference_ra: ra * DEGREE,
        reference_dec: libm::sincos(dec * DEGREE),
        cd,
        cd_inverse: inverse(&cd),
        pole: (cos_pole, sin_pole),
        sip,
        tpv,
    }))
}

/// The projection and which axis is right ascension; `None` if no axis names a projection.
fn axes(header: &Header) -> Result<Option<(Projection, usize)>> {
    let kind = |key: &str| header.text(key).unwrap_or("").trim().to_owned();
    let (first, second) = (kind("CTYPE1"), kind("CTYPE2"));
    if !first.contains('-') && !second.contains('-') {
        return Ok(None);
    }
    let celestial = |kind: &str| {
        let projection = match kind.get(4..)? {
            "-TAN" => Projection::Tan,
            "-TPV" => Projection::Tpv,
            "-TAN-SIP" => Projection::Sip,
            _ => return None,
        };
        Some((kind.get(..4)?.trim_end_matches('-').to_owned(), projection))
    };
    let unsupported = || Error::Unsupported {
        what: format!("a WCS of type '{first}', '{second}'"),
        hint: "use RA and DEC with TAN, TPV or TAN-SIP, or give the sources as x and y".to_owned(),
    };
    let (a, b) = (celestial(&first), celestial(&second));
    let ((a, b), projection) = match (a, b) {
        (Some((a, p)), Some((b, q))) if p == q => ((a, b), p),
        _ => return Err(unsupported()),
    };
    match (a.as_str(), b.as_str()) {
        ("RA", "DEC") => Ok(Some((projection, 1))),
        ("DEC", "RA") => Ok(Some((projection, 2))),
        _ => Err(unsupported()),
    }
}

fn refuse_other_frames(header: &Header) -> Result<()> {
    let unsupported = |what: String, hint: &str| Error::Unsupported { what, hint: hint.to_owned() };
    let frame = header.text("RADESYS").or(header.text("RADECSYS")).unwrap_or("").trim();
    if !matches!(frame, "" | "ICRS" | "FK5") {
        let what = format!("a WCS in the frame '{frame}'");
        return Err(unsupported(what, "transform it to ICRS or FK5"));
    }
    if let Some(equinox) = header.real("EQUINOX").filter(|&year| (year - 2000.0).abs() > 1e-6) {
        let what = format!("a WCS of equinox {equinox}");
        return Err(unsupported(what, "transform it to J2000"));
    }
    for key in ["CUNIT1", "CUNIT2"] {
        let unit = header.text(key).unwrap_or("").trim();
        if !matches!(unit, "" | "deg" | "degree" | "degrees") {
            return Err(unsupported(format!("{key} = '{unit}'"), "use deg"));
        }
    }
    Ok(())
}

/// A finite number, or `None` if there is no such card.
fn optional(header: &Header, key: &str) -> Result<Option<f64>> {
    let Some(card) = header.card(key) else {
        return Ok(None);
    };
    match header.real(key) {
        Some(value) if value.is_finite() => Ok(Some(value)),
        _ => {
            let found = match &card.value {
                Value::Text(text) => format!("'{text}'"),
                Value::Undefined => "no value".to_owned(),
                other => format!("{other:?}"),
            };
            Err(Error::input(STEP, key, found, "a finite number"))
        }
    }
}

fn needed(header: &Header, key: &str) -> Result<f64> {
    optional(header, key)?
        .ok_or_else(|| Error::input(STEP, key, "no card", "a finite number beside CTYPE1"))
}

/// Degrees per pixel, rows by world axis.
fn matrix(header: &Header) -> Result<Matrix> {
    let element = |key: &str, i: usize, j: usize, default: f64| {
        Ok(optional(header, &format!("{key}{i}_{j}"))?.unwrap_or(default))
    };
    let square = |key: &str, diagonal: f64| -> Result<Matrix> {
        Ok([
            [element(key, 1, 1, diagonal)?, element(key, 1, 2, 0.0)?],
            [element(key, 2, 1, 0.0)?, element(key, 2, 2, diagonal)?],
        ])
    };
    let any = |key: &str| {
        ["1_1", "1_2", "2_1", "2_2"].iter().any(|ij| header.card(&format!("{key}{ij}")).is_some())
    };
    let matrix = if any("CD") {
        square("CD", 0.0)?
    } else {
        let step = [needed(header, "CDELT1")?, needed(header, "CDELT2")?];
        let turn = if any("PC") { square("PC", 1.0)? } else { rotation(header, step)? };
        let [[a, b], [c, d]] = turn;
        [[a * step[0], b * step[0]], [c * step[1], d * step[1]]]
    };
    let scale = matrix.iter().flatten().fold(0.0_f64, |max, value| max.max(value.abs()));
    if determinant(&matrix).abs() <= 1e-10 * scale * scale {
        let needed = "degrees per pixel in a matrix with an inverse";
        return Err(Error::input(STEP, "CDi_j", format!("{matrix:?}"), needed));
    }
    Ok(matrix)
}

/// The rotation of the older convention: CROTA2 turns the scaled axes.
fn rotation(header: &Header, step: [f64; 2]) -> Result<Matrix> {
    let angle = optional(header, "CROTA2")?.unwrap_or(0.0);
    let (sin, cos) = exact_turn(angle);
    let ratio = step[1] / step[0];
    Ok([[cos, -sin * ratio], [sin / ratio, cos]])
}

/// Sine and cosine of an angle in degrees, exact at its quarter turns.
fn exact_turn(degrees: f64) -> (f64, f64) {
    let quarters = degrees / 90.0;
    if quarters.fract() == 0.0 {
        match quarters.rem_euclid(4.0) as u8 {
            0 => return (0.0, 1.0),
            1 => return (1.0, 0.0),
            2 => return (0.0, -1.0),
            _ => return (-1.0, 0.0),
        }
    }
    libm::sincos(degrees * DEGREE)
}

/// The SIP terms, if the header has any.
fn sip(header: &Header) -> Result<Option<Distortion>> {
    let (Some(a), Some(b)) = (order(header, "A_ORDER")?, order(header, "B_ORDER")?) else {
        return Ok(None);
    };
    let unity = Term { x: 1, y: 0, r: 0, coefficient: 1.0 };
    let mut axes = [vec![unity], vec![unity.exchanged()]];
    for (terms, (letter, order)) in axes.iter_mut().zip([("A", a), ("B", b)]) {
        for x in 0..=order {
            for y in 0..=order - x {
                let coefficient = optional(header, &format!("{letter}_{x}_{y}"))?.unwrap_or(0.0);
                terms.push(Term { x, y, r: 0, coefficient });
            }
        }
    }
    Ok(Some(Distortion::new(axes)))
}

/// The order of a SIP polynomial.
fn order(header: &Header, key: &str) -> Result<Option<usize>> {
    let Some(value) = optional(header, key)? else {
        return Ok(None);
    };
    let range = format!("a whole number, 0 to {MAX_POWER}");
    match header.integer(key).and_then(|order| usize::try_from(order).ok()) {
        Some(order) if order <= MAX_POWER => Ok(Some(order)),
        _ => Err(Error::input(STEP, key, value, range)),
    }
}

/// The TPV terms; a plain TAN with PV cards counts as TPV if they cannot be those of the standard
/// (which gives the longitude axis the numbers 0 to 4 and the latitude axis none).
fn tpv(header: &Header, projection: Projection, longitude: usize) -> Result<Option<Distortion>> {
    let latitude = 3 - longitude;
    let has = |axis: usize, first: usize| {
        (first..TPV_TERMS).any(|k| header.card(&format!("PV{axis}_{k}")).is_some())
    };
    let old_style = projection == Projection::Tan && (has(longitude, 5) || has(latitude, 0));
    if projection != Projection::Tpv && !old_style {
        return Ok(None);
    }
    if longitude != 1 {
        return Err(Error::Unsupported {
            what: "TPV with CTYPE1 = 'DEC--TPV'".to_owned(),
            hint: "programs disagree on what it means: put right ascension first".to_owned(),
        });
    }
    let axis_terms = |axis: usize| {
        let mut terms = Vec::with_capacity(TPV_TERMS);
        for (k, (x, y, r)) in tpv_powers().into_iter().enumerate() {
            let default = if k == 1 { 1.0 } else { 0.0 };
            let coefficient = optional(header, &format!("PV{axis}_{k}"))?.unwrap_or(default);
            terms.push(Term { x, y, r, coefficient });
        }
        Ok(terms)
    };
    let across = axis_terms(longitude)?;
    let along = axis_terms(latitude)?.into_iter().map(Term::exchanged).collect();
    Ok(Some(Distortion::new([across, along])))
}

/// Powers of `x`, `y`, `r` of the 40 terms: for each degree all products by falling power of `x`,
/// after the odd degrees the power of `r`.
fn tpv_powers() -> Vec<(usize, usize, usize)> {
    let mut powers = Vec::with_capacity(TPV_TERMS);
    for degree in 0..=7 {
        powers.extend((0..=degree).map(|y| (degree - y, y, 0)));
        if degree % 2 == 1 {
            powers.push((0, 0, degree));
        }
    }
    powers
}
