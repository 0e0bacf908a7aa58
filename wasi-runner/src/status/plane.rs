//! The focal plane as a small picture: a square per detector, with its state as color and letter.

use super::Status;
use super::html::escape;
use crate::state::State;

/// Side of a detector, and the space between two (px).
const SIDE: usize = 54;
const SPACE: usize = 6;

/// Color behind a state's letter, and that of the letter: each pair has a contrast of at least 4.5.
pub(super) fn colors(state: State) -> (&'static str, &'static str) {
    match state {
        State::Done => ("#1b6e3c", "#ffffff"),
        State::Running => ("#1f5fa8", "#ffffff"),
        State::Waiting => ("#e4e4e4", "#222222"),
        State::Lost => ("#f2c14e", "#222222"),
        State::Blocked => ("#d98a52", "#1a1a1a"),
        State::Failed => ("#a3202a", "#ffffff"),
    }
}

/// The picture as SVG, north up as the camera's grid is.
pub(super) fn picture(status: &Status<'_>) -> String {
    let places = &status.plan.detectors;
    let rows = places.iter().map(|place| place.row).max().map_or(0, |row| row + 1);
    let columns = places.iter().map(|place| place.column).max().map_or(0, |column| column + 1);
    let step = SIDE + SPACE;
    let mut squares = String::new();
    for place in places {
        let tally = status.counts.detectors.get(&place.detector).copied().unwrap_or_default();
        let (x, y) = (place.column * step, (rows - 1 - place.row) * step);
        let name = format!("{:02}", place.detector.0);
        squares += &match tally.total() {
            0 => square((x, y), ("#ffffff", "#595959"), ("-", &name), "no task"),
            total => {
                let state = tally.worst();
                let done = format!("{} of {total} done", tally.get(State::Done));
                let tip = format!("{}, {done}", state.name());
                square((x, y), colors(state), (&state.letter().to_string(), &name), &tip)
            }
        };
    }
    let (width, height) = (columns * step, rows * step);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"plane\" \
         width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\
         <title id=\"plane\">States of the CCDs at their places; the table says the same</title>\
         {squares}</svg>"
    )
}

fn square(
    (x, y): (usize, usize),
    (back, front): (&str, &str),
    (letter, name): (&str, &str),
    tip: &str,
) -> String {
    let (middle, low) = (x + SIDE / 2, y + SIDE - 8);
    let (top, tip) = (y + SIDE / 2 + 4, escape(&format!("CCD {name}: {tip}")));
    format!(
        "<g><title>{tip}</title><rect x=\"{x}\" y=\"{y}\" width=\"{SIDE}\" height=\"{SIDE}\" \
         rx=\"3\" fill=\"{back}\" stroke=\"#595959\"/>\
         <text x=\"{middle}\" y=\"{top}\" fill=\"{front}\" class=\"letter\">{letter}</text>\
         <text x=\"{middle}\" y=\"{low}\" fill=\"{front}\" class=\"name\">{name}</text></g>"
    )
}
