//! Instants from the texts and numbers of a header.
//!
//! FITS standard 4.0, section 4.4.2.1 and table 22: `YYYY-MM-DD[Thh:mm:ss[.s…]]`, and `DD/MM/YY` of
//! the years 1900 to 1999 in files written before 1998. Many cameras write the day under one keyword
//! and the time of day under another.

use crate::header::Header;
use crate::time::{Day, Mjd};

use super::Dialect;

/// JD of MJD 0 (days).
const JD_OF_MJD_0: f64 = 2_400_000.5;
/// Largest MJD that is taken for one (days); the year 29,237.
const MAX_MJD: f64 = 1e7;

impl Dialect {
    /// The start of an exposure: a date with a time of day, else an MJD, else a JD, else a date with
    /// the time of day of another keyword, else a date alone (its first instant), else what the
    /// camera says of undated exposures.
    pub(super) fn instant(&self, header: &Header) -> Option<Mjd> {
        let dates: Vec<Instant> =
            self.date.texts(header).filter_map(|text| instant(&text)).collect();
        if let Some(complete) = dates.iter().find(|date| date.with_time) {
            return Some(complete.mjd);
        }
        let good = |mjd: &f64| mjd.abs() < MAX_MJD;
        let numbers = self.mjd.numbers(header).find(good);
        let days = || self.jd.numbers(header).map(|jd| jd - JD_OF_MJD_0).find(good);
        if let Some(mjd) = numbers.or_else(days) {
            return Some(Mjd(mjd));
        }
        let time = self.time.texts(header).find_map(|text| time_of_day(&text)).unwrap_or(0.0);
        let day = dates.first().map(|date| Mjd(date.mjd.0 + time));
        day.or_else(|| self.undated.as_deref().and_then(Day::parse).map(Day::mjd))
    }
}

/// An instant, and whether its text had a time of day.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Instant {
    mjd: Mjd,
    with_time: bool,
}

fn instant(text: &str) -> Option<Instant> {
    let text = text.trim().trim_end_matches(['Z', 'z']);
    let (day, time) = match text.split_once(['T', 't', ' ']) {
        Some((day, time)) => (day, Some(time_of_day(time)?)),
        None => (text, None),
    };
    let day = Day::parse(day).or_else(|| old_day(day))?;
    Some(Instant { mjd: Mjd(day.mjd().0 + time.unwrap_or(0.0)), with_time: time.is_some() })
}

/// `DD/MM/YY`, of the twentieth century.
fn old_day(text: &str) -> Option<Day> {
    let mut parts = text.split('/').map(str::trim);
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let good = parts.next().is_none() && year.len() == 2;
    good.then(|| Day::parse(&format!("19{year}-{month}-{day}"))).flatten()
}

/// `hh:mm[:ss[.s…]]` as a fraction of a day.
fn time_of_day(text: &str) -> Option<f64> {
    let mut parts = text.trim().splitn(3, ':').map(str::trim);
    let hours: u32 = parts.next()?.parse().ok()?;
    let minutes: u32 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next().map_or(Some(0.0), |text| text.parse().ok())?;
    let good = hours < 24 && minutes < 60 && (0.0..61.0).contains(&seconds);
    good.then(|| (f64::from(60 * hours + minutes) * 60.0 + seconds) / 86_400.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MJDs by astropy 7 (`Time(text).mjd`).
    #[test]
    fn texts_give_the_instants_that_astropy_gives() {
        let at = |text: &str| instant(text).map(|instant| (instant.mjd.0, instant.with_time));
        assert_eq!(at("2015-05-20T04:12:16.53"), Some((57_162.175_191_319_446, true)));
        assert_eq!(at("2018-08-23 11:20:07Z"), Some((58_353.472_303_240_74, true)));
        assert_eq!(at("2013-07-13"), Some((56_486.0, false)));
        assert_eq!(at("31/12/99"), Some((51_543.0, false)));
        for text in ["", "yesterday", "2013-07-13T", "2013-07-13T25:00:00", "1/2", "13/07/2013"] {
            assert_eq!(at(text), None, "{text}");
        }
        assert_eq!(time_of_day("06:00"), Some(0.25));
        assert_eq!(time_of_day("6"), None);
    }
}
