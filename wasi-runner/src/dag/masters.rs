//! The masters that exposures may take: those of this plan, and those of other runs.

use std::collections::BTreeMap;

use rawsky_core::ids::{Band, DetectorId};
use rawsky_core::job::{Finished, FinishedKind, Survey};
use rawsky_core::store::Key;

use super::span::{Dated, Span, nearest};
use super::{Builder, Made};
use crate::class::Failure;
use crate::survey::Raw;

/// A master with what tells whether an exposure may take it.
#[derive(Debug, Clone)]
pub(super) struct Master {
    pub(super) span: Span,
    pub(super) made: Made,
    /// Exposure time of a dark (s).
    pub(super) seconds: Option<f64>,
    /// The level over the focal plane that belongs to a flat.
    pub(super) level: Option<Made>,
}

impl Dated for Master {
    fn span(&self) -> &Span {
        &self.span
    }
}

impl Master {
    pub(super) fn new(span: Span, made: Made) -> Master {
        Master { span, made, seconds: None, level: None }
    }
}

/// Masters by what they are for.
#[derive(Debug, Default)]
pub(super) struct Masters {
    pub(super) biases: BTreeMap<DetectorId, Vec<Master>>,
    pub(super) darks: BTreeMap<DetectorId, Vec<Master>>,
    pub(super) flats: BTreeMap<(Band, DetectorId), Vec<Master>>,
}

impl Builder<'_> {
    /// The masters of other runs, as far as they are ones.
    pub(super) fn finished(&mut self, survey: &Survey) -> Result<Masters, Failure> {
        let known: Vec<(&Key, &Finished)> = survey
            .files
            .iter()
            .filter_map(|file| Some((&file.key, file.master.as_ref()?)))
            .collect();
        let mut masters = Masters::default();
        for &(key, master) in &known {
            let made = self.given(key)?;
            let mut own = Master::new(Span::of_finished(master, self.sharing), made);
            match (master.kind, master.detector, &master.band) {
                (FinishedKind::Bias, Some(detector), _) => {
                    masters.biases.entry(detector).or_default().push(own);
                }
                (FinishedKind::Dark, Some(detector), _) => {
                    own.seconds = master.exposure_s;
                    masters.darks.entry(detector).or_default().push(own);
                }
                (FinishedKind::Flat, Some(detector), Some(band)) => {
                    let level = known.iter().find(|(_, level)| is_level_of(level, master));
                    own.level = level.map(|(key, _)| self.given(key)).transpose()?;
                    masters.flats.entry((band.clone(), detector)).or_default().push(own);
                }
                _ => {}
            }
        }
        Ok(masters)
    }

    fn given(&self, key: &Key) -> Result<Made, Failure> {
        let path = self.masters.get(key).ok_or_else(|| super::not_asked_for(key))?;
        Ok(Made { input: self.file(key.clone(), path)? })
    }

    /// The nearest master, if it is near enough; what is taken from elsewhere is counted, for a note.
    pub(super) fn choose<'m>(
        &mut self,
        what: &str,
        masters: Option<&'m Vec<Master>>,
        raw: &Raw,
    ) -> Result<&'m Master, String> {
        let found = masters.and_then(|masters| nearest(masters, raw));
        let Some((master, days)) = found else { return Err(format!("there is no {what}")) };
        if self.within_days < days {
            return Err(format!(
                "there is no {what} within {} days; the nearest, of {}, is {days:.1} days away",
                self.within_days, master.span.label
            ));
        }
        if master.span.label != raw.label {
            let label = (what.to_owned(), master.span.label.clone(), raw.label.clone());
            *self.borrowed.entry(label).or_default() += 1;
        }
        Ok(master)
    }

    /// Notes what was taken from another day or period.
    pub(super) fn note_borrowed(&mut self) {
        for ((what, from, by), count) in std::mem::take(&mut self.borrowed) {
            self.note(format!("{what} of {from} taken by {count} tasks of {by}"));
        }
    }

    /// The master dark whose exposure time (s) is nearest as a ratio, so that it is scaled least; of
    /// those the nearest in time.
    pub(super) fn choose_dark<'m>(
        &mut self,
        darks: Option<&'m Vec<Master>>,
        raw: &Raw,
    ) -> Result<&'m Master, String> {
        let what = "dark for its exposure time";
        let Some(seconds) = raw.exposure_s.filter(|seconds| 0.0 < *seconds) else {
            return Err(format!("there is no {what}"));
        };
        let ratio = |dark: &Master| {
            let time = dark.seconds.unwrap_or(0.0);
            if time < seconds { seconds / time } else { time / seconds }
        };
        let near = |dark: &&Master| dark.span.distance_days(raw) <= self.within_days;
        let best = darks.into_iter().flatten().filter(near).min_by(|one, other| {
            // Of two that are equally near the longer one has less noise for its charge.
            ratio(one)
                .total_cmp(&ratio(other))
                .then(other.seconds.unwrap_or(0.0).total_cmp(&one.seconds.unwrap_or(0.0)))
                .then(one.span.distance_days(raw).total_cmp(&other.span.distance_days(raw)))
        });
        match best {
            Some(best) => Ok(best),
            None => self.choose(what, darks, raw),
        }
    }
}

/// A level belongs to the flats whose own levels it lists.
fn is_level_of(level: &Finished, flat: &Finished) -> bool {
    level.kind == FinishedKind::Level
        && level.band == flat.band
        && flat.levels_dn.iter().all(|own| level.levels_dn.contains(own))
}
