//! The pocket: charge caught and released along a row, as the camera's parameters say.
//!
//! With trap content `q` (0 at the start of a row) and pixel `n`, for each column in readout order
//!
//! ```text
//! leave = clip(c (q/c)^α, 0, q)      enter = clip(c (1 - q/c)^α (n/m)^β, 0, n)
//! read = n + leave - enter           q <- max(q - leave + enter, 0)
//! ```
//!
//! c = cmax, m = nmax, α, β: [`PocketParams`]; everything in DN.

use ndarray::Array2;

use crate::instrument::PocketParams;

/// What is read of `pixels` (rows in readout order, overscan attached).
pub(crate) fn forward(pixels: &Array2<f64>, params: &PocketParams) -> Array2<f64> {
    let PocketParams { alpha, cmax, beta, nmax } = *params;
    let mut out = pixels.clone();
    for mut row in out.rows_mut() {
        let mut trap = 0.0_f64;
        for pixel in &mut row {
            let n = pixel.max(0.0);
            if n <= 0.0 && trap <= 0.0 {
                continue;
            }
            let filled = (trap / cmax).min(1.0);
            let leave = (cmax * libm::pow(filled, alpha)).clamp(0.0, trap);
            let room = cmax * libm::pow(1.0 - filled, alpha) * libm::pow(n / nmax, beta);
            let enter = room.clamp(0.0, n);
            *pixel = n + leave - enter;
            trap = (trap - leave + enter).max(0.0);
        }
    }
    out
}
