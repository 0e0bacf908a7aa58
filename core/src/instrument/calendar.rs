//! The days and periods of a camera, which say what exposures share masters.
//!
//! ```text
//! day of an instant t = the civil day of t - h/24      (t: MJD in UTC days, h: `day_begins_utc_h`)
//! ```
//!
//! so that no night is cut in two where midnight (UTC) falls into it. A period lasts from its day to
//! the next one's; ztfin2p3 (branch of 2025) lists those of its camera, between which nothing about
//! it was changed.

use serde::{Deserialize, Serialize};

use super::Instrument;
#[cfg(any(test, feature = "toml"))]
use super::check::{Checked, count, need, word};
use crate::time::{Day, Mjd};

/// A time during which the camera was left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// Its first day.
    pub begins: Day,
    /// Its name, a part of file names; the first day as YYYYMMDD if absent.
    #[serde(default)]
    pub name: Option<String>,
}

impl Period {
    /// Its name.
    pub fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.begins.compact())
    }
}

impl Instrument {
    /// The camera's day that holds an instant; the UTC day if the camera does not say when its days
    /// begin.
    pub fn day_of(&self, instant: Mjd) -> Day {
        Mjd(instant.0 - self.day_begins_utc_h.unwrap_or(0.0) / 24.0).day()
    }

    /// The period that holds an instant; none before the first one.
    pub fn period_of(&self, instant: Mjd) -> Option<&Period> {
        let day = self.day_of(instant);
        self.periods.iter().rev().find(|period| period.begins <= day)
    }
}

/// Refuses days that begin outside a day, and periods that are out of order or share a name.
#[cfg(any(test, feature = "toml"))]
pub(super) fn check(camera: &Instrument) -> Checked {
    if let Some(hours) = camera.day_begins_utc_h {
        need((0.0..24.0).contains(&hours), "day_begins_utc_h", hours, "0 or more, below 24 h")?;
    }
    count("periods", camera.periods.len(), 0)?;
    for (n, period) in camera.periods.iter().enumerate() {
        word(format!("periods[{n}].name"), &period.name())?;
        let earlier = camera.periods.get(..n).unwrap_or_default();
        let later = earlier.last().is_none_or(|last| last.begins < period.begins);
        let needed = "a day after the one before";
        need(later, format!("periods[{n}].begins"), period.begins, needed)?;
        let once = earlier.iter().all(|known| known.name() != period.name());
        need(once, format!("periods[{n}].name"), period.name(), "a name used once")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::built_in_text;

    fn camera(lines: &str) -> crate::Result<Instrument> {
        let text = built_in_text("toy").unwrap();
        let own = text.lines().filter(|line| !line.starts_with("day_begins_utc_h"));
        let text = own.collect::<Vec<_>>().join("\n");
        Instrument::parse(&text.replacen("[dialect]", &format!("{lines}\n\n[dialect]"), 1))
    }

    fn top(lines: &str) -> crate::Result<Instrument> {
        let text = built_in_text("toy").unwrap();
        let own = text.lines().filter(|line| !line.starts_with("day_begins_utc_h"));
        Instrument::parse(&format!("{lines}\n{}", own.collect::<Vec<_>>().join("\n")))
    }

    #[test]
    fn a_night_that_midnight_cuts_has_one_day() {
        let camera = top("day_begins_utc_h = 20.0").unwrap();
        let evening = Day::parse("2020-12-31").unwrap().mjd().0;
        for (hour, day) in [(19.9, "2020-12-30"), (20.0, "2020-12-31"), (36.0, "2020-12-31")] {
            assert_eq!(camera.day_of(Mjd(evening + hour / 24.0)).to_string(), day);
        }
        assert!(top("day_begins_utc_h = 24.0").is_err());
        assert!(top("day_begins_utc_h = nan").is_err());
    }

    #[test]
    fn an_instant_lies_in_the_last_period_that_has_begun() {
        let lines = "[[periods]]\nbegins = \"2019-10-22\"\n[[periods]]\nbegins = \"2020-04-28\"\nname = \"b\"";
        let camera = camera(lines).unwrap();
        let name = |day: &str| camera.period_of(Day::parse(day).unwrap().mjd()).map(Period::name);
        assert_eq!(name("2019-10-21"), None);
        assert_eq!(name("2019-10-22").as_deref(), Some("20191022"));
        assert_eq!(name("2020-04-27").as_deref(), Some("20191022"));
        assert_eq!(name("2024-01-01").as_deref(), Some("b"));
    }

    #[test]
    fn periods_out_of_order_or_of_one_name_are_refused() {
        let period =
            |day: &str, name: &str| format!("[[periods]]\nbegins = \"{day}\"\nname = \"{name}\"\n");
        let both = |one: (&str, &str), two: (&str, &str)| {
            camera(&(period(one.0, one.1) + &period(two.0, two.1)))
        };
        assert!(both(("2019-01-01", "a"), ("2019-01-02", "b")).is_ok());
        assert!(both(("2019-01-02", "a"), ("2019-01-01", "b")).is_err());
        assert!(both(("2019-01-01", "a"), ("2019-01-02", "a")).is_err());
        assert!(camera(&period("2019-01-01", "../a")).is_err());
        assert!(camera(&period("2019-02-30", "a")).is_err());
    }
}
