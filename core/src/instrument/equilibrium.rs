//! Equilibrium curves of the serial trap per amplifier, with their dates and temperatures.
//!
//! `T(x)` (DN) is what the trap holds when it is in equilibrium with a measured pixel `x` (DN). With the
//! temperature `K` of the detectors (kelvin) and `t = (K - reference) / scale`, one of
//!
//! ```text
//! polynomial   u = ln(1 + x),  d = max(0, u - ln(1 + knot))
//!              T = sum over i of P_i(t) u^i  +  sum over i of Q_i(t) d^(i+2)
//! splines      T = sum over i of P_i(t) B_i(x),   B_i the cubic basis splines on the knots
//! ```
//!
//! where each `P`, `Q` is a polynomial with the coefficient of the highest power first. The curve is
//! tabulated once per exposure, on 100 points from 50 to 5000 DN in equal ratios, and read by straight
//! lines; arguments are held between 50 DN and the point of the largest value.
//!
//! In a camera file (and `model = "equilibrium"` in the pocket step of a recipe):
//!
//! ```toml
//! [[pocket_equilibrium]]
//! detector = 1
//! amp = 1
//! mjd_start = 58778.0
//! mjd_end = 58967.0
//! temperature_min_k = 150.0
//! temperature_max_k = 170.0
//! curve = { kind = "polynomial", below = [[0.0, 0.3, 2.0], [0.1, 9.0]], above = [[-1.5]] }
//! ```
//!
//! Source: ztfsensors (repository of 2026-04), `poly_temp_eq` v1 and `spline_temp_eq` v1. Its
//! coefficients are not public; a camera file may bring some.

use serde::{Deserialize, Serialize};

use super::Instrument;
#[cfg(any(test, feature = "toml"))]
use super::check::{Checked, count, need};
use crate::error::{Error, Result};
use crate::ids::{AmpId, DetectorId};
use crate::numerics::bspline::Basis;
use crate::time::Mjd;

/// Points of a tabulated curve.
const POINTS: usize = 100;
/// First and last point (DN).
const RANGE_DN: (f64, f64) = (50.0, 5000.0);
/// Order of the splines: cubic.
const ORDER: usize = 4;
/// Most coefficients of a polynomial, knots, or powers.
#[cfg(any(test, feature = "toml"))]
const MAX_TERMS: usize = 64;

/// One amplifier's curve for an interval of dates and temperatures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EquilibriumRow {
    /// Detector.
    pub detector: DetectorId,
    /// Amplifier.
    pub amp: AmpId,
    /// First instant (MJD, days).
    pub mjd_start: f64,
    /// First instant after the interval (MJD, days).
    pub mjd_end: f64,
    /// Lowest temperature of the detectors (K).
    pub temperature_min_k: f64,
    /// Highest temperature of the detectors (K).
    pub temperature_max_k: f64,
    /// The curve.
    pub curve: EquilibriumModel,
}

/// How a curve depends on pixel and temperature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum EquilibriumModel {
    /// Powers of the logarithm of the pixel, with a knot.
    Polynomial {
        /// `P_i`: coefficients (DN) of each power of `u` from 0, highest power of `t` first.
        below: Vec<Vec<f64>>,
        /// `Q_i`: the same for each power of `d` from 2.
        above: Vec<Vec<f64>>,
        /// Pixel at the knot (DN).
        #[serde(default = "knot")]
        knot_dn: f64,
        /// Temperature at `t = 0` (K).
        #[serde(default = "reference")]
        reference_k: f64,
        /// Temperature difference of one unit of `t` (K).
        #[serde(default = "scale")]
        scale_k: f64,
    },
    /// Cubic splines of the pixel.
    Splines {
        /// Knots (DN), rising; two more functions than knots.
        knots_dn: Vec<f64>,
        /// `P_i`: coefficients (DN) of each function, highest power of `t` first.
        coefficients: Vec<Vec<f64>>,
        /// Temperature at `t = 0` (K).
        #[serde(default = "reference")]
        reference_k: f64,
        /// Temperature difference of one unit of `t` (K).
        #[serde(default = "scale")]
        scale_k: f64,
    },
}

fn knot() -> f64 {
    200.0
}

fn reference() -> f64 {
    160.0
}

fn scale() -> f64 {
    1.0
}

/// A curve at one temperature, tabulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EquilibriumCurve {
    pixel: [f64; POINTS],
    content: [f64; POINTS],
    top: usize,
}

impl EquilibriumCurve {
    /// What the trap holds (DN) in equilibrium with the measured pixel `x` (DN), and the slope there
    /// (0 where the argument is held).
    pub fn at(&self, x: f64) -> (f64, f64) {
        let above = self.pixel.partition_point(|point| *point <= x);
        if above == 0 {
            return (self.content[0], 0.0);
        }
        if self.top < above {
            return (self.content[self.top], 0.0);
        }
        let (low, high) = (above - 1, above);
        let (rise, run) =
            (self.content[high] - self.content[low], self.pixel[high] - self.pixel[low]);
        let slope = rise / run;
        (self.content[low] + slope * (x - self.pixel[low]), slope)
    }
}

impl EquilibriumModel {
    /// The curve at `temperature_k` (K); `None` if it is not finite somewhere.
    pub fn tabulated(&self, temperature_k: f64) -> Option<EquilibriumCurve> {
        let basis = match self {
            EquilibriumModel::Splines { knots_dn, .. } => Some(Basis::new(knots_dn, ORDER)?),
            EquilibriumModel::Polynomial { .. } => None,
        };
        let mut curve = EquilibriumCurve { pixel: [0.0; POINTS], content: [0.0; POINTS], top: 0 };
        let ratio = libm::log(RANGE_DN.1 / RANGE_DN.0);
        let mut largest = f64::NEG_INFINITY;
        for i in 0..POINTS {
            let part = i as f64 / (POINTS - 1) as f64;
            let x = if i + 1 == POINTS { RANGE_DN.1 } else { RANGE_DN.0 * libm::exp(ratio * part) };
            let value = self.value(x, temperature_k, basis.as_ref());
            (curve.pixel[i], curve.content[i]) = (x, value);
            if largest < value {
                (largest, curve.top) = (value, i);
            }
        }
        curve.content.iter().all(|value| value.is_finite()).then_some(curve)
    }

    /// `T(x)` (DN), not tabulated.
    fn value(&self, x: f64, temperature_k: f64, basis: Option<&Basis>) -> f64 {
        match self {
            EquilibriumModel::Polynomial { below, above, knot_dn, reference_k, scale_k } => {
                let t = (temperature_k - reference_k) / scale_k;
                let u = libm::log1p(x);
                let d = (u - libm::log1p(*knot_dn)).max(0.0);
                powers(below, t, u, 1.0) + powers(above, t, d, d * d)
            }
            EquilibriumModel::Splines { coefficients, reference_k, scale_k, .. } => {
                let t = (temperature_k - reference_k) / scale_k;
                let values = basis.map(|basis| basis.values(x)).unwrap_or_default();
                values.iter().zip(coefficients).map(|(b, p)| b * polynomial(p, t)).sum()
            }
        }
    }

    #[cfg(any(test, feature = "toml"))]
    fn check(&self, key: &str) -> Checked {
        let (lists, functions, scale_k) = match self {
            EquilibriumModel::Polynomial { below, above, scale_k, knot_dn, .. } => {
                let needed = "a pixel of 0 DN or more";
                need(*knot_dn >= 0.0, format!("{key}.knot_dn"), knot_dn, needed)?;
                need(!below.is_empty(), format!("{key}.below"), "nothing", "a polynomial or more")?;
                (vec![below, above], None, scale_k)
            }
            EquilibriumModel::Splines { knots_dn, coefficients, scale_k, .. } => {
                count(&format!("{key}.knots_dn"), knots_dn.len(), 2)?;
                let basis = Basis::new(knots_dn, ORDER);
                let needed = "finite knots, each above the one before";
                need(basis.is_some(), format!("{key}.knots_dn"), format!("{knots_dn:?}"), needed)?;
                let covers = knots_dn.first().is_some_and(|knot| *knot <= RANGE_DN.0)
                    && knots_dn.last().is_some_and(|knot| RANGE_DN.1 <= *knot);
                let needed = format!("knots from {} to {} DN or beyond", RANGE_DN.0, RANGE_DN.1);
                need(covers, format!("{key}.knots_dn"), format!("{knots_dn:?}"), needed)?;
                (vec![coefficients], basis.map(|basis| basis.count()), scale_k)
            }
        };
        need(*scale_k > 0.0, format!("{key}.scale_k"), scale_k, "a number above 0")?;
        for list in lists {
            let found = list.len();
            let most = functions.unwrap_or(MAX_TERMS);
            let fits = found <= most && functions.is_none_or(|needed| found == needed);
            let needed = match functions {
                Some(functions) => format!("{functions} polynomials, one per function"),
                None => format!("at most {MAX_TERMS} polynomials"),
            };
            need(fits, key, format!("{found} polynomials"), needed)?;
            let good = |p: &Vec<f64>| p.len() <= MAX_TERMS && p.iter().all(|c| c.is_finite());
            let needed = format!("at most {MAX_TERMS} finite coefficients each");
            need(list.iter().all(good), key, "a polynomial that is not", needed)?;
        }
        Ok(())
    }
}

/// `sum over i of P_i(t) first x^i`.
fn powers(polynomials: &[Vec<f64>], t: f64, x: f64, first: f64) -> f64 {
    let mut power = first;
    let mut sum = 0.0;
    for coefficients in polynomials {
        sum += polynomial(coefficients, t) * power;
        power *= x;
    }
    sum
}

/// A polynomial by Horner's scheme, the coefficient of the highest power first.
fn polynomial(coefficients: &[f64], t: f64) -> f64 {
    coefficients.iter().fold(0.0, |value, coefficient| value * t + coefficient)
}

impl Instrument {
    /// The curve of an amplifier at a date and temperature (K).
    ///
    /// # Errors
    /// [`Error::Calibration`] if the temperature is not known, or not exactly one row of the camera's
    /// table covers it.
    pub fn equilibrium(
        &self,
        detector: DetectorId,
        amp: AmpId,
        at: Mjd,
        temperature_k: Option<f64>,
    ) -> Result<EquilibriumCurve> {
        let shown = temperature_k.map_or("an unknown temperature".to_owned(), |k| format!("{k} K"));
        let refuse = |nearest: String| Error::Calibration {
            role: "equilibrium curve of the trap (pocket)".to_owned(),
            asked: format!("detector {detector}, amplifier {amp}, MJD {}, {shown}", at.0),
            nearest,
        };
        let of_amp = |row: &&EquilibriumRow| row.detector == detector && row.amp == amp;
        let rows: Vec<_> = self.pocket_equilibrium.iter().filter(of_amp).collect();
        let temperature = temperature_k.ok_or_else(|| {
            let key = self.dialect.temperature.first().unwrap_or("none in the dialect");
            refuse(format!("the header has no number under the temperature's key ({key})"))
        })?;
        let covers = |row: &&&EquilibriumRow| {
            row.mjd_start <= at.0
                && at.0 < row.mjd_end
                && row.temperature_min_k <= temperature
                && temperature <= row.temperature_max_k
        };
        let covering: Vec<_> = rows.iter().filter(covers).collect();
        let [row] = covering.as_slice() else {
            return Err(refuse(format!(
                "{} of the amplifier's {} rows cover that; give the camera exactly one",
                covering.len(),
                rows.len()
            )));
        };
        row.curve.tabulated(temperature).ok_or_else(|| {
            refuse("its row gives a curve that is not finite at that temperature".to_owned())
        })
    }
}

/// Refuses rows that cannot be right.
#[cfg(any(test, feature = "toml"))]
pub(super) fn check(camera: &Instrument) -> Checked {
    let rows = &camera.pocket_equilibrium;
    for (n, row) in rows.iter().enumerate() {
        let key = format!("pocket_equilibrium[{n}]");
        let known = camera.has_detector(row.detector) && camera.amplifier(row.amp).is_some();
        let found = format!("detector {}, amplifier {}", row.detector, row.amp);
        need(known, key.clone(), found, "an amplifier of this camera")?;
        let found = format!("{} to {}", row.mjd_start, row.mjd_end);
        need(row.mjd_start < row.mjd_end, format!("{key}.mjd_end"), found, "after mjd_start")?;
        let (low, high) = (row.temperature_min_k, row.temperature_max_k);
        let (name, found) = (format!("{key}.temperature_max_k"), format!("{low} to {high}"));
        need(low <= high && low > 0.0, name, found, "a range of kelvin, lowest first")?;
        row.curve.check(&format!("{key}.curve"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape of a real curve: rises from 50 DN on, falls beyond some thousand.
    fn camera(rows: &str) -> Result<Instrument> {
        let text = Instrument::built_in_text("toy")?;
        Instrument::parse(&format!("{text}\n{rows}"))
    }

    fn row(start: f64, end: f64) -> String {
        format!(
            "[[pocket_equilibrium]]\ndetector = 1\namp = 2\nmjd_start = {start:?}\nmjd_end = {end:?}\n\
             temperature_min_k = 150.0\ntemperature_max_k = 170.0\n\
             curve = {{ kind = \"polynomial\", below = [[10.0], [5.0, 40.0], [-3.0]], above = [] }}\n"
        )
    }

    #[test]
    fn one_row_is_needed_neither_none_nor_two() {
        let camera = camera(&(row(50_000.0, 60_000.0) + &row(59_000.0, 61_000.0))).unwrap();
        let curve = |mjd, k| {
            camera.equilibrium(DetectorId(1), AmpId(2), Mjd(mjd), k).map_err(|e| e.to_string())
        };
        let at_52 = curve(52_000.0, Some(160.0)).unwrap();
        assert_eq!(curve(60_000.0, Some(160.0)), Ok(at_52));
        for (mjd, k, told) in [
            (59_500.0, Some(160.0), "2 of the amplifier's 2 rows"),
            (61_000.0, Some(160.0), "0 of the amplifier's 2 rows"),
            (52_000.0, Some(171.0), "0 of the amplifier's 2 rows"),
            (52_000.0, None, "no number"),
        ] {
            let message = curve(mjd, k).unwrap_err();
            assert!(message.contains(told), "{message}");
        }
    }

    #[test]
    fn the_table_follows_the_formula_and_is_held_at_its_ends() {
        let model = EquilibriumModel::Polynomial {
            below: vec![vec![10.0], vec![5.0, 40.0], vec![-3.0]],
            above: vec![],
            knot_dn: 200.0,
            reference_k: 160.0,
            scale_k: 2.0,
        };
        let curve = model.tabulated(161.0).unwrap();
        let exact = |x: f64| {
            let u = libm::log(1.0 + x);
            10.0 + (5.0 * 0.5 + 40.0) * u - 3.0 * u * u
        };
        assert!((curve.at(50.0).0 - exact(50.0)).abs() < 1e-9);
        assert_eq!(
            (curve.at(-20.0), curve.at(49.0).0),
            ((curve.at(50.0).0, 0.0), curve.at(50.0).0)
        );
        assert!((curve.at(300.0).0 - exact(300.0)).abs() < 0.01);
        // The top lies at u = 42.5 / 6, x = 1191.
        let top = curve.at(4000.0);
        assert_eq!(top, (curve.at(1e9).0, 0.0));
        assert!((top.0 - exact(1191.0)).abs() < 0.05);
    }

    #[test]
    fn wrong_rows_are_refused_by_name() {
        let bad = |text: &str| camera(text).unwrap_err().to_string();
        let good = row(50_000.0, 60_000.0);
        for (from, to, told) in [
            ("amp = 2", "amp = 9", "an amplifier of this camera"),
            ("mjd_end = 60000.0", "mjd_end = 40000.0", "after mjd_start"),
            ("temperature_max_k = 170.0", "temperature_max_k = 140.0", "kelvin"),
            ("below = [[10.0], [5.0, 40.0], [-3.0]]", "below = [[inf]]", "finite"),
            ("polynomial\", below", "splines\", coefficients", "unknown field"),
        ] {
            let text = good.replace(from, to);
            assert_ne!(text, good, "{from}");
            let message = bad(&text);
            assert!(message.contains(told) || message.contains("missing field"), "{message}");
        }
        let splines = "curve = { kind = \"splines\", knots_dn = [50.0, 500.0, 10000.0], \
                       coefficients = [[1.0], [2.0], [3.0], [4.0]] }\n";
        let head = good.split("curve").next().unwrap();
        assert!(bad(&format!("{head}{splines}")).contains("5 polynomials"));
    }
}
