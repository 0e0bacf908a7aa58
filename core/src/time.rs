//! Modified Julian Dates and civil days, by arithmetic alone.
//!
//! Day numbers by the era method: 400 Gregorian years have 146,097 days; MJD 0 is 1858-11-17.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Days from 1970-01-01 back to MJD 0.
const UNIX_EPOCH_MJD: i64 = 40_587;

/// A UTC instant as Modified Julian Date (days).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mjd(pub f64);

/// A civil day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// Year.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: u32,
    /// Day of the month, 1 to 31.
    pub day: u32,
}

impl Mjd {
    /// The UTC day that holds this instant.
    pub fn day(self) -> Day {
        let days = (self.0.floor() as i64).saturating_add(719_468 - UNIX_EPOCH_MJD);
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        Day { year, month: month as u32, day: day as u32 }
    }

    /// Julian years since the epoch J2000.0 plus 2000, on the UTC scale.
    pub fn julian_year(self) -> f64 {
        2000.0 + (self.0 - 51_544.5) / 365.25
    }
}

impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Day, D::Error> {
        let text = String::deserialize(from)?;
        let refuse = || serde::de::Error::custom(format!("`{text}` is no day as YYYY-MM-DD"));
        Day::parse(&text).ok_or_else(refuse)
    }
}

impl Day {
    /// The instant at which the day begins.
    pub fn mjd(self) -> Mjd {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted_month = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Mjd((era * 146_097 + day_of_era - 719_468 + UNIX_EPOCH_MJD) as f64)
    }

    /// `YYYYMMDD`, as in names of files.
    pub fn compact(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Day> {
        let mut parts = text.trim().splitn(3, '-');
        let day = Day {
            year: parts.next()?.parse().ok()?,
            month: parts.next()?.parse().ok()?,
            day: parts.next()?.parse().ok()?,
        };
        let plausible = (0..=9999).contains(&day.year) && (1..=12).contains(&day.month);
        (plausible && (1..=31).contains(&day.day) && day.mjd().day() == day).then_some(day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        assert_eq!(Mjd(58_893.99).day().to_string(), "2020-02-14");
        assert_eq!(Mjd(0.0).day().to_string(), "1858-11-17");
        assert_eq!(Day::parse("2000-02-29").map(Day::mjd), Some(Mjd(51_603.0)));
        assert_eq!(Day::parse("2019-02-29"), None);
    }

    #[test]
    fn every_day_of_four_centuries_survives_the_way_back() {
        assert!((0..146_097).all(|n| Mjd(f64::from(n)).day().mjd() == Mjd(f64::from(n))));
    }
}
