//! Refuses lamps and dated coefficient tables that cannot be right.

use std::collections::BTreeSet;

use super::check::{Checked, count, need, positive, word};
use super::{Instrument, LinearityRow, PocketRow};
use crate::ids::{AmpId, DetectorId};
use crate::time::Day;

/// Largest exponent of the pocket model; `numerics/power.rs` is tested up to it.
const MAX_EXPONENT: f64 = 3.0;

/// Lamps, linearity tables, pocket tables.
pub(super) fn tables(camera: &Instrument) -> Checked {
    lamps(camera)?;
    linearity(camera)?;
    pocket(camera)
}

fn lamps(camera: &Instrument) -> Checked {
    count("lamps", camera.lamps.len(), 0)?;
    let needs_keyword = !camera.lamps.is_empty() && camera.dialect.lamp.is_empty();
    need(!needs_keyword, "dialect.lamp", "absent", "a keyword, because there are lamps")?;
    let bands = &camera.dialect.bands;
    let mut known = BTreeSet::new();
    for (n, lamp) in camera.lamps.iter().enumerate() {
        let key = |field: &str| format!("lamps[{n}].{field}");
        need(known.insert(lamp.lamp), key("lamp"), lamp.lamp, "a number used once")?;
        word(key("band"), &lamp.band.0)?;
        let good = bands.is_empty() || bands.values().any(|band| *band == lamp.band);
        need(good, key("band"), &lamp.band, "one of the values of dialect.bands")?;
        positive(key("weight"), lamp.weight)?;
    }
    Ok(())
}

fn linearity(camera: &Instrument) -> Checked {
    let dates = camera.linearity.iter().map(|table| (&table.from, &table.until));
    intervals("linearity", &dates.collect::<Vec<_>>())?;
    for (t, table) in camera.linearity.iter().enumerate() {
        let key = format!("linearity[{t}].rows");
        let owners = table.rows.iter().map(|row| (row.detector, row.amp));
        complete(camera, &key, &owners.collect::<Vec<_>>())?;
        for (n, row) in table.rows.iter().enumerate() {
            relation(&format!("{key}[{n}]"), row, camera.electronics.full_scale_dn)?;
        }
    }
    Ok(())
}

/// `a x² + b x + 1` and the slope's numerator `1 - a x²` must stay positive over the full range.
fn relation(key: &str, row: &LinearityRow, full: f64) -> Checked {
    let needed = "a finite number";
    need(row.a.is_finite(), format!("{key}.a"), row.a, needed)?;
    need(row.b.is_finite(), format!("{key}.b"), row.b, needed)?;
    let divisor = |x: f64| row.a * x * x + row.b * x + 1.0;
    let lowest = if row.a > 0.0 { (-row.b / (2.0 * row.a)).clamp(0.0, full) } else { full };
    let good = divisor(lowest) > 0.0 && divisor(full) > 0.0 && row.a * full * full < 1.0;
    let found = format!("{}, b = {}", row.a, row.b);
    let needed =
        format!("a relation x / (a x^2 + b x + 1) that is finite and rises from 0 to {full} DN");
    need(good, format!("{key}.a"), found, needed)
}

fn pocket(camera: &Instrument) -> Checked {
    let dates = camera.pocket.iter().map(|table| (&table.from, &table.until));
    intervals("pocket", &dates.collect::<Vec<_>>())?;
    for (t, table) in camera.pocket.iter().enumerate() {
        let key = format!("pocket[{t}].rows");
        let owners = table.rows.iter().map(|row| (row.detector, row.amp));
        complete(camera, &key, &owners.collect::<Vec<_>>())?;
        for (n, row) in table.rows.iter().enumerate() {
            trap(&format!("{key}[{n}]"), row)?;
        }
    }
    Ok(())
}

fn trap(key: &str, row: &PocketRow) -> Checked {
    for (field, value, most) in [
        ("alpha", row.alpha, MAX_EXPONENT),
        ("cmax", row.cmax, 1e9),
        ("beta", row.beta, MAX_EXPONENT),
        ("nmax", row.nmax, 1e9),
    ] {
        let good = value > 0.0 && value <= most;
        need(good, format!("{key}.{field}"), value, format!("above 0, at most {most}"))?;
    }
    Ok(())
}

/// One row for every amplifier of every detector.
fn complete(camera: &Instrument, key: &str, owners: &[(DetectorId, AmpId)]) -> Checked {
    let mut seen = BTreeSet::new();
    for (n, (detector, amp)) in owners.iter().enumerate() {
        let found = format!("detector {detector}, amplifier {amp}");
        let known = camera.has_detector(*detector) && camera.amplifier(*amp).is_some();
        need(known, format!("{key}[{n}]"), &found, "an amplifier of this camera")?;
        let once = seen.insert((*detector, *amp));
        need(once, format!("{key}[{n}]"), format!("{found} again"), "one row per amplifier")?;
    }
    let wanted = camera
        .detectors
        .iter()
        .flat_map(|detector| camera.amplifiers.iter().map(move |amp| (detector.id, amp.id)));
    for (detector, amp) in wanted {
        let found = format!("without detector {detector}, amplifier {amp}");
        need(seen.contains(&(detector, amp)), key, found, "a row for every amplifier")?;
    }
    Ok(())
}

/// Dates must be days, each interval must have one, and no day may lie in two of them.
fn intervals(key: &str, dates: &[(&Option<String>, &Option<String>)]) -> Checked {
    count(key, dates.len(), 0)?;
    let mut spans: Vec<(Option<Day>, Option<Day>)> = Vec::new();
    for (n, (from, until)) in dates.iter().enumerate() {
        let span =
            (date(format!("{key}[{n}].from"), from)?, date(format!("{key}[{n}].until"), until)?);
        let found = format!("{} to {}", shown(span.0), shown(span.1));
        let good = before(span.0, span.1);
        need(good, format!("{key}[{n}].until"), &found, "a day after `from`")?;
        let alone = spans.iter().all(|other| !(before(span.0, other.1) && before(other.0, span.1)));
        let needed = "an interval that shares no day with an earlier table";
        need(alone, format!("{key}[{n}].from"), found, needed)?;
        spans.push(span);
    }
    Ok(())
}

/// Whether an interval that begins at `from` and ends before `until` has a day; `None` is open.
fn before(from: Option<Day>, until: Option<Day>) -> bool {
    from.zip(until).is_none_or(|(from, until)| from < until)
}

fn shown(day: Option<Day>) -> String {
    day.map_or("always".to_owned(), |day| day.to_string())
}

fn date(key: String, text: &Option<String>) -> Result<Option<Day>, super::check::Fault> {
    let Some(text) = text else { return Ok(None) };
    let day = Day::parse(text);
    need(day.is_some(), key, format!("`{text}`"), "a day as \"YYYY-MM-DD\"")?;
    Ok(day)
}
