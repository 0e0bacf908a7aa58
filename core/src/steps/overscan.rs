//! Overscan: subtract the row level that the amplifier gives without light.
//!
//! ```text
//! s_i = mean (or median) of the chosen overscan columns of row i
//! m   = least-squares Legendre polynomial of `terms` terms through the s that are kept
//! kept are the rows with |s_i - m_i - median(s - m)| <= clip x 1.4826 MAD(s - m);
//! fit and choice are repeated until the choice stays (at most 10 times)
//! image_ij <- image_ij - m_i          for every column j of the same row i
//! ```
//!
//! Clipping about the model keeps the ends of a real slope, which clipping about one median loses. The
//! other way ([`ClipAbout::Median`]) is there to agree with ztfimg: once, in units of the raw MAD,
//!
//! ```text
//! kept are the rows with |s_i - median(s)| <= clip x MAD(s)     (3 MAD are 2.02 Gaussian sigmas)
//! ```
//!
//! * Planes: `image`, shape `(row, column)`, readout order, raw DN → DN; the variance of `m` is below
//!   1e-3 of a pixel's and is not added.
//! * Order: after `saturation`, before `linearity` (whose relation passes through zero).
//! * Late columns: trapped charge is released into the first overscan columns (about 20 DN in the
//!   first one, e-fold 1.5 columns), so the default uses the last five.
//! * Source: ztfimg 0.19 (`RawQuadrant.get_overscan`); there the clip is 3 raw MAD and the fit is by
//!   Nelder-Mead ([`Fit::Simplex`]). Its repository of October 2025 subtracts the
//!   model from the wrong rows ([`Rows`]).
//!
//! Evidence: `row_level`, `row_model` (profiles, DN).

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::geometry::{AmpGeometry, Section};
use crate::image::{AmpImage, PixelUnit, run_mut};
use crate::numerics::fit::{LegendreTable, MAXIMUM_TERMS, legendre_curve, legendre_fit};
use crate::numerics::simplex;
use crate::numerics::stats::{finite_median, median_and_sigma};
use crate::probe::{Evidence, Probe};

const STEP: &str = "overscan";

/// Parameters of the recipe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Which overscan columns, counted in the order of reading (first read column is 0).
    pub columns: Columns,
    /// Number of Legendre terms (3 is a quadratic).
    pub terms: usize,
    /// Rows farther than this many robust sigmas (1.4826 MAD) from the model are left out.
    pub clip_sigma: f64,
    /// What the level of a row is.
    #[serde(default)]
    pub row: RowLevel,
    /// About what rows are clipped, and how often.
    #[serde(default, skip_serializing_if = "is_default")]
    pub clip_about: ClipAbout,
    /// How the coefficients are found.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fit: Fit,
    /// From which rows the model is subtracted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rows: Rows,
}

/// About what rows are clipped, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClipAbout {
    /// About the model, in units of 1.4826 MAD, until the choice of rows stays.
    #[default]
    Model,
    /// About the median of all rows, in units of the raw MAD, once; in single precision. The ends of
    /// a slope are lost with the outliers.
    Median,
}

/// How the coefficients are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// By linear least squares.
    #[default]
    LeastSquares,
    /// By a simplex that walks down the sum of squares from (median, 0, …) until it is small
    /// (`numerics/simplex.rs`), rows in sky order. It mostly ends within 1e-4 DN of the minimum, at times 0.004 DN from it.
    Simplex,
}

/// From which rows the model is subtracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rows {
    /// From the rows whose overscan it was fitted to.
    #[default]
    Aligned,
    /// Mirrored: the level of the last row from the first one. A slip of a peer.
    Mirrored,
    /// The model in sky order from rows in readout order: mirrored where these orders differ. The
    /// same slip where the peer holds its rows in readout order, as its pocket correction does.
    SkyFromReadout,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What the level of a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowLevel {
    /// The mean of its columns: the least noise; odd rows are left out by the clip.
    #[default]
    Mean,
    /// The median of its columns: for five columns a noise 1.2 times as large.
    Median,
}

/// How often fit and choice of rows are repeated.
const MAXIMUM_PASSES: usize = 10;
/// Where the simplex ends: coefficients (DN) and sum of squares (DN²).
const SIMPLEX_TOLERANCE: f64 = 1e-4;

/// A choice of overscan columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Columns {
    /// The last so many columns.
    Last(usize),
    /// First column and the one after the last.
    Range(usize, usize),
}

/// What the step did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Median of the row levels (DN).
    pub level_dn: f64,
    /// Legendre coefficients of the model (DN).
    pub coefficients_dn: Vec<f64>,
    /// Robust scatter of the row levels about the model (DN).
    pub scatter_dn: f64,
    /// Rows used by the fit.
    pub rows_used: usize,
    /// Rows left out by the clip or for want of data.
    pub rows_left_out: usize,
}

/// Subtracts the modeled row level from `amp`.
///
/// # Errors
/// [`Error::Input`] if the image is not in raw DN or has no overscan, [`Error::Parameter`] if the
/// columns or terms are impossible, [`Error::Undetermined`] if too few rows are left; then `amp` is
/// unchanged.
pub fn subtract(amp: &mut AmpImage, params: &Params, probe: &mut dyn Probe) -> Result<Report> {
    if amp.unit != PixelUnit::RawDn {
        return Err(Error::input(STEP, "pixel unit", format!("{:?}", amp.unit), "RawDn"));
    }
    let model = fit_model(&amp.planes.image, &amp.geometry, params, probe)?;
    model.subtract_from(amp, 0)?;
    Ok(model.report)
}

/// The level of every row of an amplifier, fitted to its overscan.
pub struct Model {
    /// Levels in readout order (DN).
    levels_dn: Vec<f64>,
    columns: Section,
    /// What the fit gave.
    pub report: Report,
}

/// Fits the level of the rows of `image`, raw DN in readout order.
///
/// # Errors
/// Those of [`subtract`].
pub fn fit_model(
    image: &Array2<f32>,
    geometry: &AmpGeometry,
    params: &Params,
    probe: &mut dyn Probe,
) -> Result<Model> {
    let columns = chosen_columns((image.dim(), geometry), params)?;
    let level = row_levels(image, columns, params.row);
    // A simplex does not walk the same way up and down: it sees the rows as the peer does.
    let mirrored = params.fit == Fit::Simplex && geometry.sky_from_readout().rows;
    let (coefficients_dn, kept) = choose_and_fit(&level, params, mirrored)?;
    let mut model = legendre_curve(&coefficients_dn, level.len());
    probe.observe(STEP, "row_level", Evidence::Profile(&level, "DN"));
    probe.observe(STEP, "row_model", Evidence::Profile(&model, "DN"));
    let report = report(&level, &kept, &model, coefficients_dn);
    if is_mirrored(geometry, params.rows) {
        model.reverse();
    }
    Ok(Model { levels_dn: model, columns, report })
}

impl Model {
    /// The model of an image that has so many columns more before its overscan.
    #[must_use = "the moved model is returned"]
    pub fn after(mut self, columns: usize) -> Model {
        self.columns.column_start += columns;
        self.columns.column_end += columns;
        self
    }

    /// The model of an image that holds only these rows.
    #[must_use = "the thinned model is returned"]
    pub fn of_rows(mut self, rows: &[usize]) -> Model {
        self.levels_dn = rows.iter().filter_map(|&row| self.levels_dn.get(row).copied()).collect();
        self
    }

    /// Subtracts the levels from an image that holds the rows from `first_row` on.
    ///
    /// # Errors
    /// [`Error::Input`] if the image is not in raw DN, or has rows that the model has not; then it is unchanged.
    pub fn subtract_from(&self, amp: &mut AmpImage, first_row: usize) -> Result<()> {
        if amp.unit != PixelUnit::RawDn {
            return Err(Error::input(STEP, "pixel unit", format!("{:?}", amp.unit), "RawDn"));
        }
        let (rows, columns) = amp.planes.shape();
        let levels = self.levels_dn.get(first_row..).and_then(|levels| levels.get(..rows));
        let levels = levels.ok_or_else(|| {
            let found = format!("{rows} from {first_row} on");
            Error::input(STEP, "rows", found, format!("at most {}", self.levels_dn.len()))
        })?;
        let image = run_mut(&mut amp.planes.image);
        for (row, &level) in image.chunks_mut(columns.max(1)).zip(levels) {
            for pixel in row {
                *pixel = (f64::from(*pixel) - level) as f32;
            }
        }
        amp.unit = PixelUnit::Dn;
        amp.zero = Some(Section { row_start: 0, row_end: rows, ..self.columns });
        Ok(())
    }
}

/// Whether the first level of the model goes to the last row in readout order.
fn is_mirrored(geometry: &AmpGeometry, rows: Rows) -> bool {
    match rows {
        Rows::Aligned => false,
        Rows::Mirrored => true,
        Rows::SkyFromReadout => geometry.sky_from_readout().rows,
    }
}

/// The levels within `clip` raw MAD of their median, NaN for the others; rounded to single precision
/// as the peer's arrays are, so that a level on the border falls on the same side.
fn clipped_about_median(level: &[f64], clip: f64) -> Vec<f64> {
    let single = |value: f64| f64::from(value as f32);
    let center = single(finite_median(level.iter().copied()).unwrap_or(f64::NAN));
    let distances = level.iter().map(|value| single((value - center).abs()));
    let mad = single(finite_median(distances).unwrap_or(f64::NAN));
    let reach = single(clip * mad);
    let (low, high) = (single(center - reach), single(center + reach));
    let choose = |&value: &f64| if low <= value && value <= high { value } else { f64::NAN };
    level.iter().map(choose).collect()
}

fn report(level: &[f64], kept: &[f64], model: &[f64], coefficients_dn: Vec<f64>) -> Report {
    let residual: Vec<f64> = kept.iter().zip(model).map(|(value, fit)| value - fit).collect();
    let rows_used = kept.iter().filter(|value| value.is_finite()).count();
    Report {
        level_dn: finite_median(level.iter().copied()).unwrap_or(f64::NAN),
        coefficients_dn,
        scatter_dn: median_and_sigma(&residual).map_or(0.0, |(_, sigma)| sigma),
        rows_used,
        rows_left_out: level.len() - rows_used,
    }
}

/// Coefficients of the model, and the row levels with NaN in place of those left out; the fit may see
/// the rows mirrored.
fn choose_and_fit(level: &[f64], params: &Params, mirrored: bool) -> Result<(Vec<f64>, Vec<f64>)> {
    let mut level = level.to_vec();
    if mirrored {
        level.reverse();
    }
    let (mut coefficients, mut kept) = match params.clip_about {
        ClipAbout::Model => fit_rows(&level, params)?,
        ClipAbout::Median => {
            let kept = clipped_about_median(&level, params.clip_sigma);
            (fit(&kept, params)?, kept)
        }
    };
    if mirrored {
        // The terms of odd order change their sign.
        coefficients.iter_mut().skip(1).step_by(2).for_each(|coefficient| *coefficient *= -1.0);
        kept.reverse();
    }
    Ok((coefficients, kept))
}

/// The same, clipped about the model.
fn fit_rows(level: &[f64], params: &Params) -> Result<(Vec<f64>, Vec<f64>)> {
    let mut kept = level.to_vec();
    for _ in 0..MAXIMUM_PASSES {
        let model = legendre_curve(&fit(&kept, params)?, level.len());
        let residual: Vec<f64> = level.iter().zip(&model).map(|(value, fit)| value - fit).collect();
        let (center, sigma) = median_and_sigma(&residual).unwrap_or((0.0, 0.0));
        // Levels on the model to rounding have no spread to clip by.
        let limit = (params.clip_sigma * sigma).max(1e-9 * (1.0 + center.abs()));
        let choice: Vec<f64> = level
            .iter()
            .zip(&residual)
            .map(|(&value, rest)| if (rest - center).abs() <= limit { value } else { f64::NAN })
            .collect();
        let stays = choice.iter().zip(&kept).all(|(new, old)| new.is_nan() == old.is_nan());
        kept = choice;
        if stays {
            break;
        }
    }
    Ok((fit(&kept, params)?, kept))
}

fn fit(kept: &[f64], params: &Params) -> Result<Vec<f64>> {
    // A level that least squares do not determine has no minimum to walk to either.
    let best = legendre_fit(kept, params.terms).ok_or_else(|| Error::Undetermined {
        quantity: "overscan level".to_owned(),
        used: kept.iter().filter(|value| value.is_finite()).count(),
        given: kept.len(),
    })?;
    match params.fit {
        Fit::LeastSquares => Ok(best),
        Fit::Simplex => Ok(walk(kept, params.terms)),
    }
}

/// Coefficients that a simplex finds from the median of the levels that are kept.
fn walk(kept: &[f64], terms: usize) -> Vec<f64> {
    let mut start = vec![0.0; terms];
    if let (Some(first), Some(median)) = (start.first_mut(), finite_median(kept.iter().copied())) {
        *first = f64::from(median as f32);
    }
    let table = LegendreTable::new(terms, kept.len());
    simplex::minimize(&start, SIMPLEX_TOLERANCE, |coefficients| {
        let squares = kept.iter().zip(table.curve(coefficients));
        let squares = squares.map(|(level, model)| (level - model) * (level - model));
        squares.filter(|square| !square.is_nan()).sum()
    })
}

/// The chosen columns as a section of the readout array.
fn chosen_columns(
    (shape, geometry): ((usize, usize), &AmpGeometry),
    params: &Params,
) -> Result<Section> {
    let none = || Error::input(STEP, "overscan of the amplifier", "none", "at least one column");
    let overscan = geometry.overscan.ok_or_else(none)?;
    let width = overscan.shape().1;
    let (first, end) = match params.columns {
        Columns::Last(count) => (width.saturating_sub(count), width),
        Columns::Range(first, end) => (first, end),
    };
    if !(first < end && end <= width) {
        let needed = format!("a range within the {width} overscan columns");
        return Err(Error::parameter("overscan.columns", format!("{first}..{end}"), needed));
    }
    if params.terms == 0 || MAXIMUM_TERMS < params.terms {
        let needed = format!("1 to {MAXIMUM_TERMS}");
        return Err(Error::parameter("overscan.terms", params.terms, needed));
    }
    if params.clip_sigma.is_nan() || params.clip_sigma <= 0.0 {
        return Err(Error::parameter("overscan.clip_sigma", params.clip_sigma, "above zero"));
    }
    let start = overscan.column_start;
    let columns = Section { column_start: start + first, column_end: start + end, ..overscan };
    let rows = shape.0;
    if !columns.fits(shape) || (columns.row_start, columns.row_end) != (0, rows) {
        let needed = "overscan beside every row of the array";
        return Err(Error::input(STEP, "overscan section", format!("{overscan:?}"), needed));
    }
    Ok(columns)
}

/// Level of the chosen columns of each row; NaN where a row has no finite pixel.
fn row_levels(image: &Array2<f32>, columns: Section, row: RowLevel) -> Vec<f64> {
    let level = |pixels: ndarray::ArrayView1<'_, f32>| {
        let chosen = pixels.iter().skip(columns.column_start).take(columns.shape().1);
        let chosen = chosen.map(|&pixel| f64::from(pixel)).filter(|pixel| pixel.is_finite());
        match row {
            RowLevel::Median => finite_median(chosen).unwrap_or(f64::NAN),
            RowLevel::Mean => {
                let (sum, count) = chosen.fold((0.0, 0.0), |(s, n), pixel| (s + pixel, n + 1.0));
                sum / count
            }
        }
    };
    image.rows().into_iter().map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::fixture::flat_amp;

    const PARAMS: Params = Params {
        columns: Columns::Last(2),
        terms: 3,
        clip_sigma: 3.0,
        row: RowLevel::Mean,
        clip_about: ClipAbout::Model,
        fit: Fit::LeastSquares,
        rows: Rows::Aligned,
    };

    /// Rows on a parabola, the first overscan column full of released charge.
    fn sloped() -> AmpImage {
        let mut amp = flat_amp(0.0, 1.0, PixelUnit::RawDn);
        for ((row, column), pixel) in amp.planes.image.indexed_iter_mut() {
            let r = row as f32;
            *pixel = 100.0 + 0.5 * r - 0.25 * r * r + if column == 4 { 20.0 } else { 0.0 };
        }
        amp
    }

    #[test]
    fn a_quadratic_row_level_vanishes_row_by_row() {
        let mut amp = sloped();
        let report = subtract(&mut amp, &PARAMS, &mut ()).unwrap();
        assert!(amp.planes.image.column(0).iter().all(|pixel| pixel.abs() < 1e-5));
        assert!(amp.planes.image.column(4).iter().all(|pixel| (pixel - 20.0).abs() < 1e-5));
        assert_eq!((amp.unit, report.rows_used), (PixelUnit::Dn, 6));
    }

    #[test]
    fn a_row_without_data_does_not_poison_the_others() {
        let mut amp = sloped();
        amp.planes.image.row_mut(2).fill(f32::NAN);
        let report = subtract(&mut amp, &PARAMS, &mut ()).unwrap();
        assert_eq!(report.rows_left_out, 1);
        assert!(amp.planes.image[[3, 0]].abs() < 1e-5);
    }

    #[test]
    fn impossible_columns_are_refused_and_change_nothing() {
        for columns in [Columns::Range(1, 4), Columns::Range(2, 2), Columns::Last(0)] {
            let mut amp = sloped();
            assert!(subtract(&mut amp, &Params { columns, ..PARAMS }, &mut ()).is_err());
            assert_eq!(amp, sloped());
        }
    }

    #[test]
    fn a_row_has_a_mean_and_a_median() {
        let mut amp = flat_amp(100.0, 1.0, PixelUnit::RawDn);
        amp.planes.image.column_mut(6).fill(103.0);
        let level = |row| {
            let params = Params { columns: Columns::Last(3), terms: 1, row, ..PARAMS };
            subtract(&mut amp.clone(), &params, &mut ()).unwrap().level_dn
        };
        assert!((level(RowLevel::Mean) - 101.0).abs() < 1e-9);
        assert!((level(RowLevel::Median) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn a_row_hit_by_a_cosmic_ray_is_left_out() {
        let mut amp = flat_amp(100.0, 1.0, PixelUnit::RawDn);
        amp.planes.image.indexed_iter_mut().for_each(|((row, _), p)| *p += (row % 2) as f32 * 0.1);
        amp.planes.image[[3, 5]] += 1e4;
        amp.planes.image[[3, 6]] += 1e4;
        let report = subtract(&mut amp, &Params { terms: 1, ..PARAMS }, &mut ()).unwrap();
        assert_eq!(report.rows_left_out, 1);
        assert!(report.level_dn < 101.0);
    }

    #[test]
    fn clipping_about_the_median_drops_what_lies_beyond_three_raw_mad() {
        // Median 3, MAD 1: 0 and 6 stay, the next numbers beyond them go.
        let level = [3.0, 3.0, 2.0, 4.0, 2.0, 4.0, 2.0, 4.0, 0.0, 6.0, 6.000_001, -0.000_001];
        let kept = clipped_about_median(&level, 3.0);
        assert_eq!(kept.iter().filter(|value| value.is_finite()).count(), 10);
        assert!(kept[10].is_nan() && kept[11].is_nan());
        // All rows alike: no spread, nothing dropped.
        assert!(clipped_about_median(&[5.0; 4], 3.0).iter().all(|value| *value == 5.0));
    }

    #[test]
    fn a_mirrored_model_leaves_its_change_under_the_mirror() {
        let corrected = |rows| {
            let mut amp = sloped();
            subtract(&mut amp, &Params { rows, ..PARAMS }, &mut ()).unwrap();
            amp.planes.image.column(0).to_vec()
        };
        let level = |r: f32| 100.0 + 0.5 * r - 0.25 * r * r;
        for (r, pixel) in corrected(Rows::Mirrored).into_iter().enumerate() {
            let r = r as f32;
            assert!((pixel - (level(r) - level(5.0 - r))).abs() < 1e-4, "{r}: {pixel}");
        }
        // Sky from readout mirrors the rows of the fixture.
        assert_eq!(corrected(Rows::SkyFromReadout), corrected(Rows::Mirrored));
    }

    #[test]
    fn switches_at_their_defaults_do_not_show_in_a_recipe() {
        let text = serde_json::to_string(&PARAMS).unwrap();
        assert!(
            !text.contains("clip_about") && !text.contains("fit") && !text.contains("rows"),
            "{text}"
        );
    }

    #[test]
    fn a_simplex_ends_near_the_least_squares_whichever_way_the_rows_run() {
        let model = |fit, flip: bool| {
            let mut amp = sloped();
            amp.geometry.sky_from_stored.rows ^= flip;
            subtract(&mut amp, &Params { fit, ..PARAMS }, &mut ()).unwrap().coefficients_dn
        };
        let best = model(Fit::LeastSquares, false);
        for flip in [false, true] {
            for (walked, best) in model(Fit::Simplex, flip).iter().zip(&best) {
                assert!((walked - best).abs() < 2e-3, "{flip}: {walked} {best}");
            }
        }
    }
}
