//! Which master an exposure takes: that of its own day or period, else the nearest in time.
//!
//! ```text
//! distance = 0                      for a master of the exposure's own day (or period), or one
//!                                   whose exposures were taken before and after it
//!          = |t - nearer end|       (days), else; of two that are equally near the earlier one
//! ```
//!
//! Beyond the largest distance there is none. Source: ztfin2p3 0.4.1 (`use_closest_calib`, 10 days),
//! which looks inside the year of the exposure alone; a distance in days knows no New Year.

use rawsky_core::job::{Finished, Visit};
use rawsky_core::time::{Day, Mjd};

use crate::survey::Raw;

/// Which exposures of a folder share masters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Those of one day of the camera.
    Day,
    /// Those of one period of the camera.
    Period,
    /// All.
    Folder,
}

impl Sharing {
    /// What exposures that share masters have in common.
    pub fn label(self, visit: &Visit) -> String {
        self.of(visit.period.as_deref(), visit.day)
    }

    /// Of all exposures of a folder that is the first one's day: see [`crate::survey::good`].
    fn of(self, period: Option<&str>, day: Day) -> String {
        match self {
            Sharing::Day | Sharing::Folder => day.compact(),
            Sharing::Period => period.unwrap_or("before").to_owned(),
        }
    }
}

/// The time of a master.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    /// What its exposures have in common.
    pub(super) label: String,
    first: Mjd,
    last: Mjd,
}

impl Span {
    /// That of exposures which share masters.
    pub(super) fn of(raws: &[&Raw]) -> Span {
        let times = || raws.iter().map(|raw| raw.mjd.0);
        Span {
            label: raws.first().map(|raw| raw.label.clone()).unwrap_or_default(),
            first: Mjd(times().fold(f64::INFINITY, f64::min)),
            last: Mjd(times().fold(f64::NEG_INFINITY, f64::max)),
        }
    }

    /// That of a master which was made before.
    pub(super) fn of_finished(master: &Finished, sharing: Sharing) -> Span {
        let label = sharing.of(master.period.as_deref(), master.day);
        Span { label, first: master.span.0, last: master.span.1 }
    }

    /// Days between the master and an exposure.
    pub(super) fn distance_days(&self, raw: &Raw) -> f64 {
        if self.label == raw.label {
            return 0.0;
        }
        (self.first.0 - raw.mjd.0).max(raw.mjd.0 - self.last.0).max(0.0)
    }
}

/// Something that was made of exposures at a time.
pub(super) trait Dated {
    /// That time.
    fn span(&self) -> &Span;
}

/// The one nearest to an exposure, with its distance (days), however far it is.
pub(super) fn nearest<'a, T: Dated>(masters: &'a [T], raw: &Raw) -> Option<(&'a T, f64)> {
    let distance = |master: &'a T| (master, master.span().distance_days(raw));
    masters.iter().map(distance).min_by(|(one, near), (other, far)| {
        near.total_cmp(far).then_with(|| one.span().first.0.total_cmp(&other.span().first.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rawsky_core::ids::{DetectorId, Role};

    struct Made(Span);

    impl Dated for Made {
        fn span(&self) -> &Span {
            &self.0
        }
    }

    fn raw(day: &str, hour: f64) -> Raw {
        let day = Day::parse(day).unwrap();
        Raw {
            key: String::new(),
            role: Role::Science,
            detector: DetectorId(1),
            mjd: Mjd(day.mjd().0 + hour / 24.0),
            label: day.compact(),
            exposure_s: None,
            band: None,
            lamp: None,
            amps: Vec::new(),
        }
    }

    fn of_day(day: &str) -> Made {
        Made(Span::of(&[&raw(day, 1.0), &raw(day, 2.0)]))
    }

    #[test]
    fn the_nearest_day_is_found_across_new_year() {
        let masters = [of_day("2019-12-30"), of_day("2020-01-05")];
        let choice = |day: &str| {
            let (master, distance) = nearest(&masters, &raw(day, 2.0)).unwrap();
            (master.0.label.clone(), distance.round())
        };
        assert_eq!(choice("2019-12-30"), ("20191230".to_owned(), 0.0));
        assert_eq!(choice("2020-01-01"), ("20191230".to_owned(), 2.0));
        assert_eq!(choice("2020-01-03"), ("20200105".to_owned(), 2.0));
        assert_eq!(choice("2021-01-05"), ("20200105".to_owned(), 366.0));
        assert!(nearest::<Made>(&[], &raw("2020-01-01", 0.0)).is_none());
    }

    #[test]
    fn a_master_of_the_same_day_is_no_distance_away_and_of_two_the_earlier_one_is_taken() {
        let masters = [of_day("2020-01-03"), of_day("2020-01-01")];
        let exposure = raw("2020-01-01", 23.9);
        assert!(nearest(&masters, &exposure).unwrap().1.abs() < 1e-12);
        let (between, distance) = nearest(&masters, &raw("2020-01-02", 1.5)).unwrap();
        assert_eq!(between.0.label, "20200101");
        assert!((distance - 23.5 / 24.0).abs() < 1e-9, "{distance}");
    }
}
