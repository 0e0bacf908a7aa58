//! The status of a run as one HTML file: no script, nothing loaded, readable without colors.

use super::Status;
use super::count::Tally;
use super::plane::{colors, picture};
use crate::state::{Standing, State};

/// Rows of a list of tasks.
const SHOWN: usize = 1000;

/// What does not fit is scrolled, by keys too.
const SCROLL: &str = "class=\"scroll\" tabindex=\"0\"";

const STYLE: &str = "
body { font: 16px/1.4 system-ui, sans-serif; margin: 1.5rem auto; max-width: 64rem; padding: 0 1rem;
  color: #1a1a1a; background: #fff }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 1.6rem }
code { overflow-wrap: anywhere }
.beside { display: flex; flex-wrap: wrap; gap: 2rem; align-items: flex-start }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
caption { text-align: left; font-weight: 600; padding: .2rem 0 }
th, td { border-bottom: 1px solid #ccc; padding: .15rem .6rem; text-align: right; vertical-align: top }
th[scope=row], td.text { text-align: left; font-weight: 400 } th[scope=row] { white-space: nowrap }
td.text { overflow-wrap: anywhere }
.letter { font: bold 22px system-ui, sans-serif; text-anchor: middle }
.name { font: 12px system-ui, sans-serif; text-anchor: middle }
.key { display: inline-block; min-width: 1.4em; text-align: center; font-weight: 700;
  border: 1px solid #595959; border-radius: 3px }
ul.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1rem }
";

/// The whole page; it loads itself again when it is kept up to date.
pub(super) fn page(status: &Status<'_>, seconds: Option<u64>) -> String {
    let refresh = seconds.map_or(String::new(), |seconds| {
        format!("<meta http-equiv=\"refresh\" content=\"{}\">", seconds.max(1))
    });
    let night = escape(&status.plan.night.display().to_string());
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n{refresh}\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>Run {:.12}: {}</title>\n<style>{STYLE}</style></head>\n<body><main>\n\
         <h1>Run <code>{:.12}</code></h1>\n<p>Night <code>{night}</code>. {}</p>\n\
         <div class=\"beside\"><div>{}{}</div><div {SCROLL}>{}</div></div>\n{}\n</main></body></html>\n",
        status.id,
        escape(&headline(&status.counts.all)),
        status.id,
        escape(&sentence(status)),
        picture(status),
        legend(),
        detectors(status),
        rest(status),
    )
}

/// Text for HTML; what a terminal would obey is already gone.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

fn headline(all: &Tally) -> String {
    format!("{} of {} done, {}", all.get(State::Done), all.total(), all.worst().name())
}

fn sentence(status: &Status<'_>) -> String {
    let counts = &status.counts;
    let (good, bad) = (counts.good().len(), counts.bad().len());
    format!(
        "{} of {} tasks done. Exposures of one CCD: {good} good, {bad} bad, {} not finished.",
        counts.all.get(State::Done),
        counts.all.total(),
        counts.exposures.len() - good - bad
    )
}

fn legend() -> String {
    let items =
        State::ALL.iter().map(|state| format!("<li>{} {}</li>", badge(*state), state.name()));
    format!("<ul class=\"legend\">{}</ul>", items.collect::<String>())
}

/// A state's letter on its color.
fn badge(state: State) -> String {
    let ((back, front), letter) = (colors(state), state.letter());
    format!("<span class=\"key\" style=\"background:{back};color:{front}\">{letter}</span>")
}

fn detectors(status: &Status<'_>) -> String {
    let rows = status.counts.detectors.iter();
    table("By CCD", rows.map(|(id, tally)| (format!("CCD {id:0>2}"), tally)))
}

/// Everything below the focal plane.
fn rest(status: &Status<'_>) -> String {
    let counts = &status.counts;
    let stages = counts.stages.iter().map(|(stage, tally)| (stage.name().to_owned(), tally));
    let bands = counts.bands.iter().map(|(band, tally)| (band.clone(), tally));
    let mut text = String::from("<h2>Counts</h2><div class=\"beside\">");
    text += &format!("<div {SCROLL}>{}</div>", table("By stage", stages));
    text += &format!("<div {SCROLL}>{}</div>", table("By band", bands));
    if !counts.classes.is_empty() {
        let rows = counts.classes.iter().map(|(class, count)| {
            format!("<tr><th scope=\"row\">{}</th><td>{count}</td></tr>", class.name())
        });
        text += &format!(
            "<table><caption>Failures</caption><thead><tr><th scope=\"col\">class</th>\
             <th scope=\"col\">tasks</th></tr></thead><tbody>{}</tbody></table>",
            rows.collect::<String>()
        );
    }
    text += "</div>";
    for state in [State::Failed, State::Lost, State::Running] {
        text += &tasks(state, &status.in_state(state).collect::<Vec<_>>());
    }
    let left_out = status
        .plan
        .left_out
        .iter()
        .map(|left| [left.class.name(), left.what.clone(), left.reason.clone()]);
    text + &list("Left out or missing", ["class", "file", "reason"], &left_out.collect::<Vec<_>>())
}

fn tasks(state: State, standings: &[&Standing<'_>]) -> String {
    let row = |standing: &&Standing<'_>| {
        let class = standing.class.map(|class| class.name()).unwrap_or_default();
        [class, standing.task.id.clone(), standing.reason.clone()]
    };
    let rows: Vec<[String; 3]> = standings.iter().map(row).collect();
    let mut name = state.name().to_owned();
    name[..1].make_ascii_uppercase();
    list(&name, ["class", "task", "reason"], &rows)
}

fn list(name: &str, columns: [&str; 3], rows: &[[String; 3]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let heads = columns.map(|column| format!("<th scope=\"col\">{column}</th>")).concat();
    let shown = rows.iter().take(SHOWN).map(|row| {
        let [class, what, reason] = row.each_ref().map(|cell| escape(cell));
        format!(
            "<tr><td class=\"text\">{class}</td><td class=\"text\"><code>{what}</code></td>\
             <td class=\"text\">{reason}</td></tr>"
        )
    });
    let more = match rows.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("<p>and {more} more, see <code>rawsky status --json</code></p>"),
    };
    format!(
        "<h2>{name} ({})</h2><div {SCROLL}><table><thead><tr>{heads}</tr></thead>\
         <tbody>{}</tbody></table></div>{more}",
        rows.len(),
        shown.collect::<String>()
    )
}

fn table<'t>(caption: &str, rows: impl Iterator<Item = (String, &'t Tally)>) -> String {
    let heads = State::ALL.map(|state| format!("<th scope=\"col\">{}</th>", state.name())).concat();
    let row = |(name, tally): (String, &Tally)| {
        let cells = State::ALL.map(|state| format!("<td>{}</td>", tally.get(state))).concat();
        let badge = badge(tally.worst());
        format!("<tr><th scope=\"row\">{badge} {}</th>{cells}</tr>", escape(&name))
    };
    format!(
        "<table><caption>{caption}</caption><thead><tr><th scope=\"col\"></th>{heads}</tr></thead>\
         <tbody>{}</tbody></table>",
        rows.map(row).collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_hold_does_not_become_markup() {
        assert_eq!(escape("<b a=\"1\">&'\u{1b}"), "&lt;b a=&quot;1&quot;&gt;&amp;&#39; ");
    }
}
