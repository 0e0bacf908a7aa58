//! The true constants of each amplifier: gain, levels, defects; pocket and linearity are those of
//! the camera's own tables at the night's date.
//!
//! ```text
//! gain (electron/DN)       nominal of the amplifier x (0.968 ... 1.032)
//! throughput               nominal gain of the camera / gain x (1 ± 0.01)
//! level(row) (DN)          L + c1 r + c2 r² + c3 r³ + exposure's own offset, r = -1 ... 1
//! pattern (DN)             0.4 x near-normal per pixel + 0.5 p1 r s + 0.5 p2 (s² - 1/3)
//!                          + glow exp(-column / 50 pixels), s = -1 ... 1 over columns
//! ```
//!
//! rows and columns in readout order, L = 60 ... 140 DN, c = 0.6 DN, p = 0.5 DN, offset 0.15 DN,
//! glow 0.5 ... 2 DN: sizes as seen in the public descriptions of ZTF's biases (Masci et al. 2019).

use serde::Serialize;

use crate::error::Result;
use crate::instrument::{Amplifier, Linearity, PocketParams};

use super::generator::{Generator, Normal, Purpose};
use super::params::share_of_full_size;
use super::site::Site;

/// Length over which the glow of the output falls by e (pixels).
const GLOW_LENGTH_PIX: f64 = 50.0;
/// Scatter of the bias pattern from pixel to pixel (DN).
const PATTERN_DN: f64 = 0.4;
/// Scatter of the level from exposure to exposure (DN).
const LEVEL_SCATTER_DN: f64 = 0.15;

/// The constants of one amplifier.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AmpParams {
    /// Gain (electron/DN).
    pub gain_electron_per_dn: f64,
    /// DN per DN of light at the camera's nominal gain.
    pub throughput: f64,
    /// Read noise (electron).
    pub read_noise_electron: f64,
    /// Level of the bias (DN).
    pub level_dn: f64,
    /// Its change with r, r² and r³ over the rows in readout order (DN).
    pub level_slope_dn: [f64; 3],
    /// Size of the two smooth terms of the pattern (DN).
    pub pattern_dn: [f64; 2],
    /// Glow at the first column read (DN).
    pub glow_dn: f64,
    /// Pocket of the camera's table; none if it has none then or the effect is off.
    pub pocket: Option<PocketParams>,
    /// Linearity of the camera's table; the identity if the effect is off.
    pub linearity: Linearity,
}

impl AmpParams {
    /// Read noise (DN).
    pub(crate) fn read_noise_dn(&self) -> f64 {
        self.read_noise_electron / self.gain_electron_per_dn
    }
}

/// The constants of an amplifier.
///
/// # Errors
/// If the camera's tables lack the amplifier.
pub(crate) fn amp_params(site: &Site<'_>) -> Result<AmpParams> {
    let (effects, amp) = (site.params.effects, site.amplifier);
    let nominal = site.camera.electronics.gain_electron_per_dn;
    let own = site.camera.electronics_of(amp.id);
    let (mut numbers, table) = (stream(site, Purpose::Amplifier), Normal::new());
    let spread = numbers.between(0.968, 1.032);
    let efficiency = 1.0 + 0.01 * table.draw(&mut numbers);
    let noise = numbers.between(0.95, 1.05);
    let level_dn = numbers.between(60.0, 140.0);
    let level_slope_dn = std::array::from_fn(|_| 0.6 * table.draw(&mut numbers));
    let pattern_dn = std::array::from_fn(|_| 0.5 * table.draw(&mut numbers));
    let glow_dn = numbers.between(0.5, 2.0);
    let spread = if shares_hdu(site) { 1.0 } else { spread };
    let gain = if effects.gains { own.gain_electron_per_dn * spread } else { nominal };
    let at = site.params.day()?.mjd();
    let pocket = site.camera.pocket(site.detector, amp.id, at)?.filter(|_| effects.pocket);
    let linearity = site.camera.linearity(site.detector, amp.id, at)?;
    Ok(AmpParams {
        gain_electron_per_dn: gain,
        throughput: if effects.gains { nominal / gain * efficiency } else { 1.0 },
        read_noise_electron: noise * own.read_noise_electron,
        level_dn,
        level_slope_dn,
        pattern_dn,
        glow_dn,
        pocket,
        linearity: if effects.linearity { linearity } else { Linearity::Identity },
    })
}

/// Whether other amplifiers lie in the same HDU, whose header can state one gain alone: then the
/// gains are those of the camera.
pub(crate) fn shares_hdu(site: &Site<'_>) -> bool {
    let hdu = site.amplifier.imaging.nominal_hdu();
    let here = |amp: &&Amplifier| amp.imaging.nominal_hdu() == hdu;
    site.camera.amplifiers.iter().filter(here).count() > 1
}

fn stream(site: &Site<'_>, purpose: Purpose) -> Generator {
    Generator::new(site.params.seed, purpose, site.key(0))
}

/// `-1 ... 1` over `count` pixels.
fn along(pixel: usize, count: usize) -> f64 {
    let last = count.saturating_sub(1).max(1) as f64;
    2.0 * pixel as f64 / last - 1.0
}

/// The bias level of each row of one visit (DN), readout order; zero without bias structure.
pub(crate) fn level_per_row(site: &Site<'_>, amp: &AmpParams, visit: Option<u64>) -> Vec<f64> {
    let rows = site.shape.0;
    if !site.params.effects.bias_structure {
        return vec![0.0; rows];
    }
    let offset = visit.map_or(0.0, |visit| {
        let mut numbers = Generator::new(site.params.seed, Purpose::Level, site.key(visit));
        LEVEL_SCATTER_DN * Normal::new().draw(&mut numbers)
    });
    let [c1, c2, c3] = amp.level_slope_dn;
    (0..rows)
        .map(|row| {
            let r = along(row, rows);
            amp.level_dn + offset + r * (c1 + r * (c2 + r * c3))
        })
        .collect()
}

/// The pattern of the bias, row after row in readout order.
#[derive(Debug)]
pub(crate) struct Pattern {
    numbers: Generator,
    /// Glow and the smooth term that depends on the column alone (DN).
    fixed: Vec<f64>,
    /// `s`, times its size (DN).
    tilt: Vec<f64>,
    rows: usize,
    row: usize,
}

impl Pattern {
    /// The pattern of an amplifier; `None` without bias structure.
    pub(crate) fn new(site: &Site<'_>, amp: &AmpParams) -> Option<Pattern> {
        let (rows, columns) = site.shape;
        let [mixed, curved] = amp.pattern_dn;
        let fixed = |column| {
            let s = along(column, columns);
            let glow = amp.glow_dn * libm::exp(-(column as f64) / GLOW_LENGTH_PIX);
            glow + 0.5 * curved * (s * s - 1.0 / 3.0)
        };
        site.params.effects.bias_structure.then(|| Pattern {
            numbers: stream(site, Purpose::Pattern),
            fixed: (0..columns).map(fixed).collect(),
            tilt: (0..columns).map(|column| 0.5 * mixed * along(column, columns)).collect(),
            rows,
            row: 0,
        })
    }

    /// Adds the next row's pattern (DN) to `out`.
    pub(crate) fn add_next_row(&mut self, out: &mut [f64]) {
        let r = along(self.row, self.rows);
        self.row += 1;
        for ((out, fixed), tilt) in out.iter_mut().zip(&self.fixed).zip(&self.tilt) {
            *out += fixed + tilt * r + PATTERN_DN * self.numbers.near_normal();
        }
    }
}

/// Pixels that do not work as the others; stored order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Defects {
    /// Columns with 0.6 of the sensitivity.
    pub(crate) low_columns: Vec<usize>,
    /// Pixels (row, column) with 0.02 of the sensitivity.
    pub(crate) dead: Vec<(usize, usize)>,
    /// Pixels (row, column) that gather charge by themselves, and how much (DN/s).
    pub(crate) hot: Vec<(usize, usize, f64)>,
}

/// The defects of an amplifier: 3 columns, 200 dead and 100 hot pixels at full size.
pub(crate) fn defects(site: &Site<'_>) -> Defects {
    if !site.params.effects.defects {
        return Defects::default();
    }
    let mut numbers = stream(site, Purpose::Defects);
    let (rows, columns) = site.shape;
    let share = share_of_full_size(site.shape);
    let count = |full: f64| (full * share).max(1.0) as usize;
    let low_columns = (0..count(3.0)).map(|_| numbers.below(columns)).collect();
    let dead = (0..count(200.0)).map(|_| (numbers.below(rows), numbers.below(columns))).collect();
    let hot = (0..count(100.0))
        .map(|_| (numbers.below(rows), numbers.below(columns), numbers.between(1.0, 20.0)))
        .collect();
    Defects { low_columns, dead, hot }
}
