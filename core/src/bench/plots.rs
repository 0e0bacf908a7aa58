//! Curves of an amplifier, each with a sentence for those who do not see it.

use serde::{Deserialize, Serialize};

use crate::display::profile::{self, Along};
use crate::display::{Histogram, Pixels};
use crate::error::{Error, Result};
use crate::ids::AmpId;
use crate::numerics::stats::median_and_sigma;

use super::chain::Chain;
use super::kept::SkyView;
use super::photometry::Measured;
use super::plot_words::{described, named, unit};
use super::schema;
use super::subject::Subject;
use super::view::grid;

/// What to plot.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum PlotRequest {
    /// A row of the detector, the mean over neighboring rows.
    Row {
        /// Its row.
        at: usize,
        /// Rows to each side.
        half_width: usize,
        /// Stages.
        stages: Vec<String>,
        /// Amplifier.
        amp: u32,
    },
    /// A column of the detector, the mean over neighboring columns.
    Column {
        /// Its column.
        at: usize,
        /// Columns to each side.
        half_width: usize,
        /// Stages.
        stages: Vec<String>,
        /// Amplifier.
        amp: u32,
    },
    /// The mean over all rows.
    MeanRow {
        /// Stages.
        stages: Vec<String>,
        /// Amplifier.
        amp: u32,
    },
    /// The mean over all columns.
    MeanColumn {
        /// Stages.
        stages: Vec<String>,
        /// Amplifier.
        amp: u32,
    },
    /// Counts of pixels by value.
    Histogram {
        /// Stage.
        stage: String,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
        /// Number of bins.
        bins: usize,
        /// Whether a grid of the pixels of a large image is enough.
        #[serde(default)]
        sampled: bool,
        /// Amplifier.
        amp: u32,
    },
    /// Levels of the overscan rows and their model.
    Overscan {
        /// Amplifier.
        amp: u32,
    },
    /// What the linearity step divides by.
    Linearity {
        /// Amplifier.
        amp: u32,
    },
    /// Mean of a stage minus the truth along the row, in the order of the sky.
    Residual {
        /// Stage.
        stage: String,
        /// Amplifier.
        amp: u32,
    },
    /// Flux of a star against the radius.
    Growth {
        /// Row of the table.
        star: usize,
        /// Amplifier.
        amp: u32,
    },
}

impl PlotRequest {
    /// Its amplifier.
    pub fn amp(&self) -> AmpId {
        AmpId(match self {
            PlotRequest::Row { amp, .. }
            | PlotRequest::Column { amp, .. }
            | PlotRequest::MeanRow { amp, .. }
            | PlotRequest::MeanColumn { amp, .. }
            | PlotRequest::Histogram { amp, .. }
            | PlotRequest::Overscan { amp }
            | PlotRequest::Linearity { amp }
            | PlotRequest::Residual { amp, .. }
            | PlotRequest::Growth { amp, .. } => *amp,
        })
    }
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SeriesStyle {
    /// A line.
    Line,
    /// Points.
    Points,
    /// Points that were left out.
    Clipped,
}

/// One curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name.
    pub label: String,
    /// Values, NaN where there is none.
    pub y: Vec<f64>,
    /// How it is drawn.
    pub style: SeriesStyle,
}

/// Curves over a common axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// What it is.
    pub title: String,
    /// Name and unit of the axis.
    pub x_label: String,
    /// Name and unit of the values.
    pub y_label: String,
    /// The axis.
    pub x: Vec<f64>,
    /// The curves.
    pub series: Vec<Series>,
    /// One or two sentences.
    pub summary: String,
}

pub(super) fn plot(
    subject: &Subject,
    chain: &Chain,
    measured: Option<&Measured>,
    request: &PlotRequest,
) -> Result<Plot> {
    match request {
        PlotRequest::Row { at, half_width, stages, .. } => {
            profile(subject, chain, stages, (Along::Row, Some((*at, *half_width))))
        }
        PlotRequest::Column { at, half_width, stages, .. } => {
            profile(subject, chain, stages, (Along::Column, Some((*at, *half_width))))
        }
        PlotRequest::MeanRow { stages, .. } => profile(subject, chain, stages, (Along::Row, None)),
        PlotRequest::MeanColumn { stages, .. } => {
            profile(subject, chain, stages, (Along::Column, None))
        }
        PlotRequest::Histogram { stage, low, high, bins, sampled, .. } => {
            let view = view(subject, chain, stage)?;
            let named = (schema::title(stage), unit(chain, stage));
            histogram(&view, named, (*low, *high), (*bins, *sampled))
        }
        PlotRequest::Overscan { .. } => overscan(chain),
        PlotRequest::Linearity { .. } => linearity(chain),
        PlotRequest::Residual { stage, .. } => residual(subject, chain, stage),
        PlotRequest::Growth { star, .. } => growth(measured, *star),
    }
}

fn view<'a>(subject: &'a Subject, chain: &'a Chain, stage: &str) -> Result<SkyView<'a>> {
    let found = match stage {
        "truth" => subject.truth_view(chain.amp, chain),
        stage => chain.kept(stage).map(super::kept::Kept::sky),
    };
    found.ok_or_else(|| {
        Error::input("bench", &format!("stage {stage}"), "not there", "a stage that was made")
    })
}

/// The line of the detector on which a profile is centered and the lines to each side, or all.
type Lines = Option<(usize, usize)>;

fn profile(
    subject: &Subject,
    chain: &Chain,
    stages: &[String],
    (along, lines): (Along, Lines),
) -> Result<Plot> {
    let (mut x, mut series) = (Vec::new(), Vec::new());
    for stage in stages {
        let view = view(subject, chain, stage)?;
        let (rows, columns) = view.image.dim();
        let ((first, count), (origin, length)) = match along {
            Along::Row => ((view.origin.1, rows), (view.origin.0, columns)),
            Along::Column => ((view.origin.0, columns), (view.origin.1, rows)),
        };
        let pixels = Pixels::all(view.image);
        let y = match lines {
            // The cursor may lie on another amplifier.
            Some((at, _)) if count <= at.saturating_sub(first) => vec![f64::NAN; length],
            Some((at, half_width)) => {
                profile::profile(&pixels, along, at.saturating_sub(first), half_width)?
            }
            None => profile::mean_profile(&pixels, along),
        };
        x = (0..y.len()).map(|i| (i + origin) as f64).collect();
        let label = if stage == "truth" { "Truth" } else { schema::title(stage) };
        series.push(Series { label: label.to_owned(), y, style: SeriesStyle::Line });
    }
    let (one, all, axis) = match along {
        Along::Row => ("Row", "Mean over the rows", "column (pixel)"),
        Along::Column => ("Column", "Mean over the columns", "row (pixel)"),
    };
    let title = lines.map_or_else(|| all.to_owned(), |(at, _)| format!("{one} {at}"));
    let unit = stages.first().map_or_else(String::new, |stage| unit(chain, stage));
    let words = series.iter().map(|series| described(series, &unit));
    let summary = words.collect::<Vec<_>>().join(" ");
    let (x_label, y_label) = (axis.to_owned(), named("value", &unit));
    Ok(Plot { title, x_label, y_label, x, series, summary })
}

pub(super) fn histogram(
    view: &SkyView<'_>,
    (title, unit): (&str, String),
    (low, high): (f64, f64),
    (bins, sampled): (usize, bool),
) -> Result<Plot> {
    let image = if sampled { grid(view.image) } else { view.image };
    let counted = Histogram::of(&Pixels::all(image), low, high, bins)?;
    let width = (high - low) / bins as f64;
    let y: Vec<f64> = counted.counts.iter().map(|&count| count as f64).collect();
    let outside = (counted.below + counted.above + counted.nan) as f64;
    let share = 100.0 * outside / image.len().max(1) as f64;
    let words = match (image.len(), view.image.len()) {
        (some, all) if some < all => format!("{some} of {all} pixels, on a regular grid"),
        (all, _) => format!("{all} pixels"),
    };
    Ok(Plot {
        title: format!("Histogram of {title}"),
        x_label: named("value", &unit),
        y_label: "pixels".to_owned(),
        x: (0..bins).map(|bin| low + (bin as f64 + 0.5) * width).collect(),
        series: vec![Series { label: "pixels".to_owned(), y, style: SeriesStyle::Line }],
        summary: format!("{words}, {share:.2} % of them outside the plot."),
    })
}

fn overscan(chain: &Chain) -> Result<Plot> {
    let kept = chain.kept("overscan");
    let evidence = |tag: &str| {
        let found = kept?.evidence.iter().find(|(known, _)| known == tag)?;
        Some(found.1.clone())
    };
    let (Some(level), Some(model)) = (evidence("row_level"), evidence("row_model")) else {
        return Err(Error::input("bench", "overscan", "not there", "an exposure with overscan"));
    };
    let clip = chain.steps.iter().find_map(|step| match step {
        crate::recipe::Step::Overscan(params) => Some(params.clip_sigma),
        _ => None,
    });
    let distance: Vec<f64> = level.iter().zip(&model).map(|(s, m)| s - m).collect();
    let (middle, sigma) = median_and_sigma(&distance).unwrap_or((0.0, 0.0));
    let limit = clip.unwrap_or(f64::INFINITY) * sigma;
    let part = |kept: bool| -> Vec<f64> {
        let choose = |(s, d): (&f64, &f64)| {
            if ((d - middle).abs() <= limit) == kept { *s } else { f64::NAN }
        };
        level.iter().zip(&distance).map(choose).collect()
    };
    let clipped = distance.iter().filter(|d| limit < (**d - middle).abs()).count();
    let ends = (model.first().copied().unwrap_or(0.0), model.last().copied().unwrap_or(0.0));
    let summary = format!(
        "The model goes from {:.2} DN in the first row read to {:.2} DN in the last; rows scatter \
         about it by {sigma:.2} DN; {clipped} of {} rows are left out.",
        ends.0,
        ends.1,
        level.len()
    );
    let series = |label: &str, y, style| Series { label: label.to_owned(), y, style };
    Ok(Plot {
        title: "Overscan".to_owned(),
        x_label: "row in the order of reading (pixel)".to_owned(),
        y_label: "level (DN)".to_owned(),
        x: (0..level.len()).map(|row| row as f64).collect(),
        series: vec![
            series("level of the row", part(true), SeriesStyle::Points),
            series("left out", part(false), SeriesStyle::Clipped),
            series("model", model, SeriesStyle::Line),
        ],
        summary,
    })
}

/// Value before the step over value after it, from the pixels themselves.
fn linearity(chain: &Chain) -> Result<Plot> {
    let missing = || Error::input("bench", "linearity", "not there", "a step that was made");
    let (before, after) =
        chain.all().find(|(_, kept)| kept.stage == "linearity").ok_or_else(missing)?;
    let (before, after) = (before.ok_or_else(missing)?.sky(), after.sky());
    let mut pairs: Vec<(f64, f64)> = before
        .image
        .iter()
        .zip(after.image)
        .map(|(&x, &y)| (f64::from(x), f64::from(y)))
        .filter(|(x, y)| 50.0 < *x && x.is_finite() && y.is_finite())
        .collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let every = (pairs.len() / 500).max(1);
    let chosen: Vec<(f64, f64)> = pairs.into_iter().step_by(every).collect();
    let percent = |(x, y): &(f64, f64)| 100.0 * (y / x - 1.0);
    let y: Vec<f64> = chosen.iter().map(percent).collect();
    let largest = y.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    Ok(Plot {
        title: "Linearity".to_owned(),
        x_label: "signal before (DN)".to_owned(),
        y_label: "change (%)".to_owned(),
        x: chosen.iter().map(|(x, _)| *x).collect(),
        series: vec![Series { label: "change".to_owned(), y, style: SeriesStyle::Line }],
        summary: format!("The correction changes the signal by at most {largest:.3} %."),
    })
}

fn residual(subject: &Subject, chain: &Chain, stage: &str) -> Result<Plot> {
    let kept = view(subject, chain, stage)?;
    let truth = subject.truth_of(chain.amp, stage, &chain.steps);
    let truth = truth
        .filter(|truth| truth.dim() == kept.image.dim())
        .ok_or_else(|| Error::input("bench", "truth", "not known", "a simulated exposure"))?;
    let cosmic = subject.truth(chain.amp).map(|truth| &truth.near_cosmic);
    let (rows, columns) = truth.dim();
    let mut y = Vec::with_capacity(columns);
    for column in 0..columns {
        let good = (0..rows).filter(|&row| !cosmic.is_some_and(|near| near[[row, column]]));
        let difference =
            |row| f64::from(kept.image[[row, column]]) - f64::from(truth[[row, column]]);
        let differences: Vec<f64> = good.map(difference).collect();
        y.push(median_and_sigma(&differences).map_or(f64::NAN, |(middle, _)| middle));
    }
    let (middle, sigma) = median_and_sigma(&y).unwrap_or((f64::NAN, f64::NAN));
    Ok(Plot {
        title: format!("{} minus truth", schema::title(stage)),
        x_label: "column (pixel)".to_owned(),
        y_label: "median difference (DN)".to_owned(),
        x: (0..columns).map(|column| (column + kept.origin.0) as f64).collect(),
        series: vec![Series { label: "difference".to_owned(), y, style: SeriesStyle::Line }],
        summary: format!(
            "Columns differ from the truth by {middle:.2} DN, with a scatter of {sigma:.2} DN."
        ),
    })
}

fn growth(measured: Option<&Measured>, star: usize) -> Result<Plot> {
    let missing = || Error::input("bench", "star", star, "a row of the measured catalogue");
    let measured = measured.ok_or_else(missing)?;
    let value = |name: String| measured.table.f64(&name)?.get(star).copied();
    let radii = measured.radii_pix.clone();
    let of = |kind: &str| -> Option<Vec<f64>> {
        (0..radii.len()).map(|index| value(format!("f_{index}{kind}"))).collect()
    };
    let (flux, error) = of("").zip(of("_e")).ok_or_else(missing)?;
    let best = radii.iter().zip(flux.iter().zip(&error)).map(|(r, (f, e))| (*r, f / e));
    let best = best.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0.0, 0.0));
    let series = |label: &str, y| Series { label: label.to_owned(), y, style: SeriesStyle::Line };
    let ratio = flux.iter().zip(&error).map(|(f, e)| f / e).collect();
    Ok(Plot {
        title: "Curve of growth".to_owned(),
        x_label: "radius (pixel)".to_owned(),
        y_label: "flux (DN) and flux over error".to_owned(),
        x: radii,
        series: vec![series("flux", flux), series("flux / error", ratio)],
        summary: format!(
            "Flux over error is largest, {:.1}, at a radius of {:.1} pixels.",
            best.1, best.0
        ),
    })
}
