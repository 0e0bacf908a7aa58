//! Solves the astrometry of lists of stars, for `tests/oracles/astrometry`.
//!
//! `solve < FIELD.json`: `shape` [rows, columns]; `spots` [x, y, brightness, error] (pixel, 0-based);
//! `stars` [ra, dec, magnitude] (deg, at the date); `start` [ra, dec, scale, rotation, mirrored]
//! (deg, arcsec, deg, 0 or 1) or `cards`, those of a rough map; `params`. Writes JSON: `cards` and how good
//! they are, or `error`.

#![allow(clippy::print_stdout, reason = "its answer")]

use std::error::Error;

use rawsky_core::astrometry::{Params, Reference, Solution, Spot, Start, solve};
use rawsky_core::header::Header;
use rawsky_core::numerics::sky::Wcs;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Field {
    shape: (usize, usize),
    spots: Vec<[f64; 4]>,
    stars: Vec<[f64; 3]>,
    start: Option<[f64; 5]>,
    cards: Option<serde_json::Map<String, Value>>,
    #[serde(default)]
    params: Params,
}

fn main() -> Result<(), Box<dyn Error>> {
    let field: Field = serde_json::from_reader(std::io::stdin())?;
    let spot = |&[x, y, brightness, error_pix]: &[f64; 4]| Spot { x, y, brightness, error_pix };
    let spots: Vec<Spot> = field.spots.iter().map(spot).collect();
    let star = |(row, &[ra, dec, magnitude]): (usize, &[f64; 3])| Reference {
        sky: (ra.to_radians(), dec.to_radians()),
        magnitude,
        row,
    };
    let stars: Vec<Reference> = field.stars.iter().enumerate().map(star).collect();
    let start = match (&field.start, &field.cards) {
        (Some([ra, dec, scale, rotation, mirrored]), _) => {
            Start::from_pointing((*ra, *dec), *scale, *rotation, *mirrored != 0.0)?
        }
        (None, Some(cards)) => {
            let mut header = Header::new();
            for (key, value) in cards {
                match value {
                    Value::String(text) => header.set(key, text.as_str(), ""),
                    other => header.set(key, other.as_f64().unwrap_or(f64::NAN), ""),
                }
            }
            Start::from_wcs(&Wcs::from_header(&header)?.ok_or("no map in the cards")?, field.shape)?
        }
        (None, None) => return Err("needed start or cards".into()),
    };
    let answer = match solve(&spots, &stars, &start, field.shape, &field.params) {
        Ok(solution) => told(&solution),
        Err(error) => json!({ "error": error.to_string() }),
    };
    println!("{answer}");
    Ok(())
}

fn told(solution: &Solution) -> Value {
    let cards: Vec<Value> =
        solution.cards.cards.iter().map(|card| json!([card.key, card.value])).collect();
    let matched: Vec<Value> = solution
        .matched
        .iter()
        .map(|star| json!([star.spot, star.row, star.residual_arcsec.0, star.residual_arcsec.1]))
        .collect();
    json!({
        "cards": cards,
        "order": solution.order,
        "matched": matched,
        "references": solution.n_references,
        "rms_arcsec": solution.rms_arcsec,
        "log10_chance": solution.log10_chance,
        "shift_arcsec": solution.shift_arcsec,
        "rotation_deg": solution.rotation_deg,
        "scale_ratio": solution.scale_ratio,
        "map": solution.residual_map,
    })
}
