//! The zero point of matched stars as curves: magnitude plus 2.5 log10 of the flux, against the magnitude
//! and, where the stars have one, against the color.
//!
//! With the color term `k` and the median color `c0` the first plot shows what is left of the color,
//! `m + 2.5 log10 f - k (c - c0)`, beside the zero point at that color; the second one the line `Z + k c`.

use crate::calibrate::zero_point::{Params, Star, ZeroPoint, zero_point};
use crate::error::{Error, Result};

use super::Bench;
use super::found::Pairs;
use super::plots::{Plot, Series, SeriesStyle};

/// A zero point as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ZeroPlots {
    /// The fit.
    pub fit: ZeroPoint,
    /// Whether it has a color term.
    pub with_color: bool,
    /// Against the magnitude; with a color term against the color, too.
    pub plots: Vec<Plot>,
}

impl Bench {
    /// The zero point of stars of one or more images, as the recipe fits it, with a color term if that can be had.
    ///
    /// # Errors
    /// [`Error::Input`] for columns of different length, [`Error::Undetermined`] for too few stars.
    pub fn zero_plots(&self, pairs: &Pairs) -> Result<ZeroPlots> {
        zero_plots(pairs, &self.recipe.calibration().zero_point)
    }
}

/// The same with parameters of a recipe.
pub(super) fn zero_plots(pairs: &Pairs, params: &Params) -> Result<ZeroPlots> {
    let stars = stars(pairs)?;
    let colored = stars.iter().filter(|star| star.color.is_some_and(f64::is_finite)).count();
    // A few stars without a color do not take it from all others.
    let with_color =
        if 2 * colored > stars.len() { zero_point(&stars, true, params).ok() } else { None };
    let (fit, with_color) = match with_color {
        Some(fit) => (fit, true),
        None => (zero_point(&stars, false, params)?, false),
    };
    let summary = summary(&fit, (&stars, with_color), params);
    let mut plots = vec![against(&stars, &fit, false, &summary)];
    if with_color {
        plots.push(against(&stars, &fit, true, &summary));
    }
    Ok(ZeroPlots { fit, with_color, plots })
}

fn stars(pairs: &Pairs) -> Result<Vec<Star>> {
    let Pairs { magnitude, flux, flux_err, color } = pairs;
    let lengths = [magnitude.len(), flux.len(), flux_err.len(), color.len()];
    if lengths.iter().any(|&length| length != magnitude.len()) {
        let found = format!("{lengths:?}");
        return Err(Error::input("zero point", "stars", found, "as many values of each kind"));
    }
    let values = magnitude.iter().zip(flux).zip(flux_err.iter().zip(color));
    let star = |((&magnitude, &flux), (&flux_err, &color)): ((&f64, &f64), (&f64, &f64))| Star {
        flux,
        flux_err,
        magnitude,
        color: Some(color),
    };
    Ok(values.map(star).collect())
}

/// One plot; stars of which a number is missing are not in it.
fn against(stars: &[Star], fit: &ZeroPoint, color: bool, summary: &str) -> Plot {
    let slope = fit.color_ratio;
    let mut points: Vec<(f64, f64, bool)> = Vec::with_capacity(stars.len());
    for (star, &used) in stars.iter().zip(&fit.is_used) {
        let value = star.magnitude + 2.5 * libm::log10(star.flux);
        let own = star.color.unwrap_or(f64::NAN);
        let (x, y) = match color {
            true => (own, value),
            false if slope == 0.0 => (star.magnitude, value),
            false => (star.magnitude, value - slope * (own - fit.median_color_mag)),
        };
        if star.flux > 0.0 && x.is_finite() && y.is_finite() {
            points.push((x, y, used));
        }
    }
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    let of = |kept: bool| {
        points.iter().map(|&(_, y, used)| if used == kept { y } else { f64::NAN }).collect()
    };
    let line =
        |x: f64| if color { fit.zero_point_mag + slope * x } else { fit.at_median_color_mag };
    let series = |label: &str, y, style| Series { label: label.to_owned(), y, style };
    Plot {
        title: format!("Zero point against {}", if color { "color" } else { "magnitude" }),
        x_label: if color { "color (mag)" } else { "magnitude in the catalogue (mag)" }.to_owned(),
        y_label: "m + 2.5 log10 flux (mag)".to_owned(),
        x: points.iter().map(|&(x, ..)| x).collect(),
        series: vec![
            series("used", of(true), SeriesStyle::Points),
            series("fit", points.iter().map(|&(x, ..)| line(x)).collect(), SeriesStyle::Line),
            series("left out", of(false), SeriesStyle::Clipped),
        ],
        summary: summary.to_owned(),
    }
}

fn summary(fit: &ZeroPoint, (stars, with_color): (&[Star], bool), params: &Params) -> String {
    let error = fit.covariance_mag[0].max(0.0).sqrt();
    let (beyond, faint) = (fit.n_matched - fit.n_used, stars.len() - fit.n_matched);
    let color = match with_color {
        true => format!(
            " at color 0, color term {:.3} ± {:.3}",
            fit.color_ratio,
            fit.covariance_mag[2].max(0.0).sqrt()
        ),
        false => String::new(),
    };
    format!(
        "Zero point {:.3} ± {error:.3} mag{color}, from {} of {} matched stars with sound \
         fluxes, rms {:.3} mag. Left out: {beyond} beyond {} sigma, {faint} fainter than {} \
         sigma or without a number.",
        fit.zero_point_mag,
        fit.n_used,
        stars.len(),
        fit.rms_mag,
        params.clip_sigma,
        params.min_signal_ratio,
    )
}
