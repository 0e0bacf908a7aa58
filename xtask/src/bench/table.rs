//! The race as a table for people and as JSON for programs.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::cases::{ALL, Case, TimedBefore};
use super::race::{Found, Side, Spread};

const HEAD: &str = "\
| what | against | native (CPU s) | peer (CPU s) | ratio (least-most) | least / aim | reached | wasmtime / native | V8 / native | memory native / wasmtime / peer (MiB) | answers |
|---|---|---|---|---|---|---|---|---|---|---|
";

/// Notes a case in `rows/`, and writes `bench.md` and `bench.json` of all that were noted so far: a race of
/// one case alone renews its row.
///
/// # Errors
/// If they cannot be written.
pub(super) fn write(folder: &Path, found: &Found, machine: &Value) -> Result<()> {
    let rows = folder.join("rows");
    fs::create_dir_all(&rows).with_context(|| rows.display().to_string())?;
    let path = |case: &Case| rows.join(format!("{}-{}.json", case.name, case.size));
    let row = json!({ "lines": lines(found), "found": as_json(found), "machine": machine });
    fs::write(path(&found.case), serde_json::to_string_pretty(&row)?)?;
    let all = ALL.iter().filter_map(|case| {
        let text = fs::read_to_string(path(case)).ok()?;
        serde_json::from_str::<Value>(&text).ok()
    });
    let all: Vec<Value> = all.collect();
    fs::write(folder.join("bench.md"), page(&all, machine))?;
    fs::write(folder.join("bench.json"), serde_json::to_string_pretty(&all)?)?;
    Ok(())
}

/// The table of all rows, and what the peers leave out or do more.
fn page(rows: &[Value], machine: &Value) -> String {
    let text = |key: &str| machine[key].as_str().unwrap_or_default();
    let mut page =
        format!("{}; {}; {}\n\n{HEAD}", text("processor"), text("date"), text("versions"));
    for line in rows.iter().flat_map(|row| row["lines"].as_array().into_iter().flatten()) {
        page += &format!("{}\n", line.as_str().unwrap_or_default());
    }
    page += "\nWhat the peers leave out or do more:\n\n";
    let peers = ALL.iter().flat_map(|case| case.peers.iter().map(move |peer| (case, peer)));
    for (case, peer) in peers.filter(|(_, peer)| !peer.note.is_empty()) {
        page += &format!("* {}, {}: {}\n", case.title, peer.name, peer.note);
    }
    page
}

/// Puts `bench.md` between the two marks of a text.
///
/// # Errors
/// If one of them cannot be read, or the marks are not there.
pub(super) fn keep(folder: &Path, text: &Path) -> Result<()> {
    let (page, old) = (fs::read_to_string(folder.join("bench.md"))?, fs::read_to_string(text)?);
    let new =
        between_marks(&old, &page).with_context(|| format!("{}: no marks", text.display()))?;
    Ok(fs::write(text, new)?)
}

fn between_marks(text: &str, page: &str) -> Option<String> {
    let begin = text.find("<!-- table:")?;
    let begin = begin + text[begin..].find('\n')? + 1;
    let end = text.find("<!-- end of table -->")?;
    let before = text.get(..begin)?;
    Some(format!("{before}\n{page}\n{}", text.get(end..)?))
}

/// One line for each peer of a case, or one for a case without.
pub(super) fn lines(found: &Found) -> Vec<String> {
    if found.case.peers.is_empty() {
        return vec![line(found, None)];
    }
    found.peers().map(|(side, _)| line(found, Some(side))).collect()
}

fn line(found: &Found, peer: Option<Side>) -> String {
    let of_peer = peer.and_then(|side| found.peers().find(|(own, _)| *own == side));
    let before = found.case.timed_before.filter(|_| peer.is_none());
    let wanted = of_peer.and_then(|(_, peer)| peer.wanted).or(before.map(|old| old.wanted));
    let native = found.seconds(Side::Native);
    let against_old = |old: TimedBefore| native.map(|native| native.under(old.seconds));
    let ratio = peer.and_then(|side| found.ratio(side, Side::Native));
    let ratio = ratio.or(before.and_then(against_old));
    let against = of_peer.map(|(_, peer)| peer.name).or(before.map(|old| old.name));
    let absent = peer.and_then(|side| found.absent(side)).map(str::to_owned);
    let old = before.map(|old| format!("{}", old.seconds));
    let theirs = || seconds(peer.and_then(|side| found.seconds(side)));
    let cells = [
        found.case.title.to_owned(),
        against.unwrap_or("-").to_owned(),
        seconds(native),
        absent.or(old).unwrap_or_else(theirs),
        ratio.map_or("-".to_owned(), |ratio| spread(ratio, 1)),
        wanted.map_or("-".to_owned(), |(least, aim)| format!("{least} / {aim}")),
        wanted.zip(ratio).map_or("-", reached).to_owned(),
        executor(found, Side::Wasmtime),
        executor(found, Side::V8),
        memory(found, peer),
        answers(found, peer),
    ];
    format!("| {} |", cells.join(" | "))
}

fn reached(((least, aim), ratio): ((f64, f64), Spread)) -> &'static str {
    match ratio.median {
        found if found >= aim => "aim",
        found if found >= least => "yes",
        _ => "no",
    }
}

fn executor(found: &Found, side: Side) -> String {
    match (found.absent(side), found.ratio(side, Side::Native)) {
        (Some(why), _) => why.to_owned(),
        (None, Some(ratio)) => spread(ratio, 2),
        (None, None) => "-".to_owned(),
    }
}

fn memory(found: &Found, peer: Option<Side>) -> String {
    let one = |side: Side| found.peak_mib(side).map_or("-".to_owned(), |mib| format!("{mib:.0}"));
    let sides = [Side::Native, Side::Wasmtime].map(one);
    let peer = peer.map_or("-".to_owned(), one);
    format!("{} / {} / {peer}", sides[0], sides[1])
}

fn answers(found: &Found, peer: Option<Side>) -> String {
    let compared = |side| found.peers().any(|(own, peer)| own == side && peer.tolerance.is_some());
    match peer.filter(|side| compared(*side)).and_then(|side| found.apart(side)) {
        None => "-".to_owned(),
        Some(apart) if apart.numbers == 0 => "equal".to_owned(),
        Some(apart) => format!("{:.1e} ({:.1e} relative)", apart.absolute, apart.relative),
    }
}

fn seconds(seconds: Option<Spread>) -> String {
    let Some(Spread { median, least, most }) = seconds else { return "-".to_owned() };
    let digits = if median < 0.1 {
        4
    } else if median < 10.0 {
        3
    } else {
        1
    };
    format!("{median:.digits$} ({least:.digits$}-{most:.digits$})")
}

fn spread(Spread { median, least, most }: Spread, digits: usize) -> String {
    format!("{median:.digits$} ({least:.digits$}-{most:.digits$})")
}

fn as_json(found: &Found) -> Value {
    let side = |side: Side| {
        let spread = |spread: Option<Spread>| spread.map(|s| json!([s.median, s.least, s.most]));
        json!({
            "seconds": spread(found.seconds(side)), "peak_mib": found.peak_mib(side),
            "over_native": spread(found.ratio(side, Side::Native)), "absent": found.absent(side),
        })
    };
    let peers: Vec<Value> = found
        .peers()
        .map(|(at, peer)| {
            let apart = found.apart(at).map(|apart| json!({
                "numbers": apart.numbers, "absolute": apart.absolute, "relative": apart.relative,
            }));
            json!({
                "peer": peer.name, "found": side(at), "least": peer.wanted.map(|w| w.0),
                "aim": peer.wanted.map(|w| w.1), "note": peer.note, "apart": apart,
            })
        })
        .collect();
    json!({
        "case": found.case.name, "title": found.case.title, "size": found.case.size,
        "native": side(Side::Native), "wasmtime": side(Side::Wasmtime), "v8": side(Side::V8),
        "peers": peers,
    })
}

#[cfg(test)]
mod tests {
    use super::super::race::{Apart, Sample, race};
    use super::*;

    #[test]
    fn the_table_takes_the_place_of_the_last_one() {
        let text = "a\n<!-- table: x -->\nold\n<!-- end of table -->\nb\n";
        let kept = between_marks(text, "new\n").unwrap();
        assert_eq!(kept, "a\n<!-- table: x -->\n\nnew\n\n<!-- end of table -->\nb\n");
        assert_eq!(between_marks(&kept, "new\n").unwrap(), kept);
        assert_eq!(between_marks("no marks", "new"), None);
    }

    #[test]
    fn a_row_without_its_peer_says_so() {
        let found = race(&ALL[0], 2, |side| {
            let apart = Apart { numbers: 0, absolute: 0.0, relative: 0.0 };
            Ok(match side {
                Side::Native => Ok(Sample { seconds: 0.5, peak_mib: 100.0, apart }),
                Side::Wasmtime => Ok(Sample { seconds: 0.6, peak_mib: 120.0, apart }),
                Side::V8 => Err("no Node".to_owned()),
                Side::Peer(0) => Ok(Sample { seconds: 2.25, peak_mib: 300.0, apart }),
                Side::Peer(_) => Err("peer not installed".to_owned()),
            })
        });
        let lines = lines(&found.unwrap());
        assert_eq!(
            lines[0],
            "| decode a CCD, Rice, floats | fitsio | 0.500 (0.500-0.500) | 2.250 (2.250-2.250) | \
             4.5 (4.5-4.5) | 4 / 6 | yes | 1.20 (1.20-1.20) | no Node | 100 / 120 / 300 | equal |"
        );
        let pocket = ALL.iter().find(|case| case.timed_before.is_some()).unwrap();
        let found = race(pocket, 1, |_| {
            let apart = Apart { numbers: 0, absolute: 0.0, relative: 0.0 };
            Ok(Ok(Sample { seconds: 0.5, peak_mib: 100.0, apart }))
        });
        let alone = line(&found.unwrap(), None);
        assert!(alone.contains("| 3 | 6.0 (6.0-6.0) | 5 / 10 | yes |"), "{alone}");
        assert!(lines[1].contains("| astropy | 0.500 (0.500-0.500) | peer not installed | - |"));
    }
}
