//! The masters of a plan, day by day or period by period: biases, darks by exposure time, flats by
//! lamp and band, levels.

use std::collections::BTreeMap;

use rawsky_core::ids::{Band, DetectorId, Role};
use rawsky_core::job::Task;

use super::masters::{Master, Masters};
use super::span::Span;
use super::{Builder, Made, keys, take};
use crate::class::{Class, Failure};
use crate::names::time_code;
use crate::plan::{LeftOut, PlannedInput, Stage};
use crate::subject::Subject;
use crate::survey::Raw;
use crate::work::{last, made_safe};

/// Exposure times that differ by less than this part of them go into one master dark.
const SAME_TIME: f64 = 0.005;

/// Flats of one detector and band, taken at one time.
type Place = (Band, DetectorId, String);

/// Darks by exposure time (s).
type ByTime<'a> = Vec<(f64, Vec<&'a Raw>)>;

impl Builder<'_> {
    pub(super) fn biases(&mut self, raws: &[&Raw], masters: &mut Masters) -> Result<(), Failure> {
        let of_role = raws.iter().copied().filter(|raw| raw.role == Role::Bias);
        let groups = grouped(of_role.map(|raw| (raw.detector, raw)));
        for (detector, group) in self.large_enough("bias", groups, self.descriptions.fewest.bias) {
            let span = Span::of(&group);
            let id = format!("bias-{}-c{:02}", span.label, detector.0);
            let output = self.names.bias(&span.label, detector);
            let inputs = self.raw_inputs(&group)?;
            let task = Task::MasterBias { raws: keys(&inputs), output: output.clone() };
            let about = Subject::master(&span.label, Some(detector), None);
            let made = self.push((id, about), Stage::Bias, (task, inputs), vec![output])?;
            masters.biases.entry(detector).or_default().insert(0, Master::new(span, made));
        }
        Ok(())
    }

    /// Master darks by exposure time; none if the recipe subtracts none.
    pub(super) fn darks(&mut self, raws: &[&Raw], masters: &mut Masters) -> Result<(), Failure> {
        let darks: Vec<&Raw> = raws.iter().copied().filter(|raw| raw.role == Role::Dark).collect();
        if !self.descriptions.darks {
            masters.darks.clear();
            if !darks.is_empty() {
                let count = darks.len();
                self.note(format!("{count} darks are left out: the recipe has no step for them"));
            }
            return Ok(());
        }
        let mut made = Vec::new();
        for ((detector, _), groups) in self.by_time(&darks) {
            for (seconds, group) in groups {
                let master = self.dark((detector, seconds), &group, masters)?;
                made.push((detector, Master { seconds: Some(seconds), ..master }));
            }
        }
        for (detector, master) in made {
            masters.darks.entry(detector).or_default().insert(0, master);
        }
        Ok(())
    }

    /// Darks of equal exposure time, those without one noted and left out.
    fn by_time<'a>(&mut self, darks: &[&'a Raw]) -> BTreeMap<(DetectorId, String), ByTime<'a>> {
        let mut groups: BTreeMap<_, ByTime<'_>> = BTreeMap::new();
        for &raw in darks {
            let Some(seconds) = raw.exposure_s.filter(|seconds| 0.0 < *seconds) else {
                self.note(format!("{}: left out: a dark without exposure time", last(&raw.key)));
                continue;
            };
            let known = groups.entry((raw.detector, raw.label.clone())).or_default();
            match known.iter_mut().find(|(time, _)| (time - seconds).abs() <= SAME_TIME * *time) {
                Some((_, group)) => group.push(raw),
                None => known.push((seconds, vec![raw])),
            }
        }
        groups
    }

    fn dark(
        &mut self,
        (detector, seconds): (DetectorId, f64),
        group: &[&Raw],
        masters: &Masters,
    ) -> Result<Master, Failure> {
        let span = Span::of(group);
        let time = made_safe(&time_code(seconds));
        let id = format!("dark-{}-c{:02}-t{time}", span.label, detector.0);
        let output = self.names.dark(&span.label, detector, seconds);
        let mut inputs = self.raw_inputs(group)?;
        let raws = keys(&inputs);
        let bias = self.bias(&id, group, masters);
        let bias = take(&mut inputs, bias.as_ref());
        let task = Task::MasterDark { raws, bias, output: output.clone() };
        let about = Subject::master(&span.label, Some(detector), None);
        let made = self.push((id, about), Stage::Dark, (task, inputs), vec![output])?;
        Ok(Master::new(span, made))
    }

    /// The bias that a stack takes; a note if there is none.
    fn bias(&mut self, id: &str, group: &[&Raw], masters: &Masters) -> Option<Made> {
        let raw = group.first()?;
        match self.choose("bias", masters.biases.get(&raw.detector), raw) {
            Ok(master) => Some(master.made.clone()),
            Err(reason) => {
                self.note(format!("{id}: {reason}"));
                None
            }
        }
    }

    /// Master flats by band with their levels over the focal plane; for a camera without lamps the
    /// one stack is the master.
    pub(super) fn flats(&mut self, raws: &[&Raw], masters: &mut Masters) -> Result<(), Failure> {
        let mut with_band = Vec::new();
        for raw in raws.iter().copied().filter(|raw| raw.role == Role::Flat) {
            match &raw.band {
                Some(band) => with_band.push(((band.clone(), raw.detector, raw.lamp), raw)),
                None => self.note(format!("{}: left out: a flat without a band", last(&raw.key))),
            }
        }
        let groups = grouped(with_band.into_iter());
        let mut lamps: BTreeMap<Place, Vec<(Option<i64>, Master)>> = BTreeMap::new();
        for (of, group) in self.large_enough("flat", groups, self.descriptions.fewest.flat) {
            if let Some(master) = self.lamp_flat(&group, &of, masters)? {
                let place = (of.0, of.1, master.span.label.clone());
                lamps.entry(place).or_default().push((of.2, master));
            }
        }
        let mut made = BTreeMap::new();
        for (place, lamps) in lamps {
            let whole = match lamps.iter().find(|(lamp, _)| lamp.is_none()) {
                Some((_, master)) => {
                    if 1 < lamps.len() {
                        let (band, detector, _) = &place;
                        self.note(format!(
                            "detector {detector}, {band}: flats with and without a lamp"
                        ));
                    }
                    master.clone()
                }
                None => self.band_flat(raws, &place, &lamps)?,
            };
            made.insert(place, whole);
        }
        self.levels(raws, &mut made)?;
        for ((band, detector, _), master) in made {
            masters.flats.entry((band, detector)).or_default().insert(0, master);
        }
        Ok(())
    }

    /// The flat of a lamp; none if it needs a bias and there is none, so that the level of the other
    /// detectors does not wait for it.
    fn lamp_flat(
        &mut self,
        group: &[&Raw],
        (band, detector, lamp): &(Band, DetectorId, Option<i64>),
        masters: &Masters,
    ) -> Result<Option<Master>, Failure> {
        let span = Span::of(group);
        let number = lamp.unwrap_or(0);
        let of_band = format!("flat-{}-{}-c{:02}", span.label, made_safe(&band.0), detector.0);
        let (id, stage) = match lamp {
            Some(_) => (format!("{of_band}-l{number:02}"), Stage::LampFlat),
            None => (of_band, Stage::Flat),
        };
        let output = self.names.flat(&span.label, band, *detector, number);
        let mut inputs = self.raw_inputs(group)?;
        let raws = keys(&inputs);
        let bias = self.bias(&id, group, masters);
        if bias.is_none() && self.descriptions.flats_need_bias {
            let reason = "not made: there is no bias for it".to_owned();
            self.plan.left_out.push(LeftOut { what: id, class: Class::InputBad, reason });
            return Ok(None);
        }
        let bias = take(&mut inputs, bias.as_ref());
        let dark = self.dark_of(group, masters);
        let dark = take(&mut inputs, dark.as_ref());
        let task = Task::LampFlat { raws, bias, dark, output: output.clone() };
        let about = Subject::master(&span.label, Some(*detector), Some(band));
        let made = self.push((id, about), stage, (task, inputs), vec![output])?;
        Ok(Some(Master::new(span, made)))
    }

    /// The dark that a stack takes, if the recipe subtracts darks and there is one.
    fn dark_of(&mut self, group: &[&Raw], masters: &Masters) -> Option<Made> {
        let raw = group.first()?;
        let dark = self.choose_dark(masters.darks.get(&raw.detector), raw);
        dark.ok().map(|master| master.made.clone())
    }

    fn band_flat(
        &mut self,
        raws: &[&Raw],
        (band, detector, label): &Place,
        lamps: &[(Option<i64>, Master)],
    ) -> Result<Master, Failure> {
        let of_place = |raw: &&Raw| {
            raw.role == Role::Flat
                && (raw.detector, &raw.label) == (*detector, label)
                && raw.band.as_ref() == Some(band)
        };
        let group: Vec<&Raw> = raws.iter().copied().filter(of_place).collect();
        let output = self.names.flat(label, band, *detector, 0);
        let id = format!("flat-{label}-{}-c{:02}", made_safe(&band.0), detector.0);
        let inputs: Vec<PlannedInput> =
            lamps.iter().map(|(_, master)| master.made.input.clone()).collect();
        let task = Task::BandFlat { flats: keys(&inputs), output: output.clone() };
        let about = Subject::master(label, Some(*detector), Some(band));
        let made = self.push((id, about), Stage::Flat, (task, inputs), vec![output])?;
        Ok(Master::new(Span::of(&group), made))
    }

    /// The level of each band and time over the detectors that have a flat, given to those flats.
    fn levels(
        &mut self,
        raws: &[&Raw],
        flats: &mut BTreeMap<Place, Master>,
    ) -> Result<(), Failure> {
        let mut groups: BTreeMap<(String, Band), Vec<Place>> = BTreeMap::new();
        for place in flats.keys() {
            groups.entry((place.2.clone(), place.0.clone())).or_default().push(place.clone());
        }
        for ((label, band), places) in groups {
            let missing = without_flat(raws, (&band, &label), &places);
            let id = format!("level-{label}-{}", made_safe(&band.0));
            if !missing.is_empty() {
                self.note(format!("{id}: no flat of detectors {}", missing.join(", ")));
            }
            let output = self.names.level(&label, &band);
            let members = places.iter().filter_map(|place| flats.get(place));
            let inputs: Vec<PlannedInput> = members.map(|flat| flat.made.input.clone()).collect();
            let task = Task::FocalPlane { flats: keys(&inputs), output: output.clone() };
            let about = Subject::master(&label, None, Some(&band));
            let made = self.push((id, about), Stage::FocalPlane, (task, inputs), vec![output])?;
            for place in places {
                if let Some(flat) = flats.get_mut(&place) {
                    flat.level = Some(made.clone());
                }
            }
        }
        Ok(())
    }

    /// The groups but for those that are too small where another day's is not: a day with too few
    /// exposures has no master, and takes its neighbour's.
    fn large_enough<'a, K: Ord + Clone>(
        &mut self,
        what: &str,
        groups: BTreeMap<(K, String), Vec<&'a Raw>>,
        fewest: usize,
    ) -> Vec<(K, Vec<&'a Raw>)> {
        let good: Vec<K> = groups
            .iter()
            .filter(|(_, group)| fewest <= group.len())
            .map(|((of, _), _)| of.clone())
            .collect();
        let mut kept = Vec::new();
        for ((of, label), group) in groups {
            if group.len() < fewest && good.contains(&of) {
                let count = group.len();
                let place = group.first().map_or(String::new(), |raw| raw.detector.to_string());
                self.note(format!(
                    "no {what} of detector {place} is made of {label}: found {count} exposures, \
                     needed {fewest}"
                ));
            } else {
                kept.push((of, group));
            }
        }
        kept
    }
}

/// Exposures by what they are of, and by what they share masters with.
fn grouped<'a, K: Ord>(
    raws: impl Iterator<Item = (K, &'a Raw)>,
) -> BTreeMap<(K, String), Vec<&'a Raw>> {
    let mut groups: BTreeMap<(K, String), Vec<&Raw>> = BTreeMap::new();
    for (of, raw) in raws {
        groups.entry((of, raw.label.clone())).or_default().push(raw);
    }
    groups
}

/// Detectors of that time that have no flat of a band.
fn without_flat(raws: &[&Raw], (band, label): (&Band, &String), places: &[Place]) -> Vec<String> {
    let mut detectors: Vec<DetectorId> = raws
        .iter()
        .filter(|raw| raw.band.as_ref() == Some(band) && raw.label == *label)
        .map(|raw| raw.detector)
        .filter(|detector| places.iter().all(|(_, member, _)| member != detector))
        .collect();
    detectors.sort();
    detectors.dedup();
    detectors.iter().map(DetectorId::to_string).collect()
}
