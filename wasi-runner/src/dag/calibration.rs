//! The masters of a night: biases, darks by exposure time, flats by lamp and band, levels.

use std::collections::BTreeMap;

use rawsky_core::ids::{Band, DetectorId, Role};
use rawsky_core::job::Task;
use rawsky_core::time::Mjd;

use super::{Builder, Darks, Made, keys, take};
use crate::class::Failure;
use crate::names::time_code;
use crate::plan::{PlannedInput, Stage};
use crate::survey::Raw;
use crate::work::{last, made_safe};

/// Exposure times that differ by less than this part of them go into one master dark.
const SAME_TIME: f64 = 0.005;

impl Builder<'_> {
    pub(super) fn biases(&mut self, raws: &[&Raw]) -> Result<BTreeMap<DetectorId, Made>, Failure> {
        let mut groups: BTreeMap<DetectorId, Vec<&Raw>> = BTreeMap::new();
        for raw in raws.iter().filter(|raw| raw.role == Role::Bias) {
            groups.entry(raw.detector).or_default().push(raw);
        }
        let mut made = BTreeMap::new();
        for (detector, group) in groups {
            let id = format!("bias-c{:02}", detector.0);
            let output = self.names.bias(group[0].mjd, detector);
            let inputs = self.raw_inputs(&group)?;
            let task = Task::MasterBias { raws: keys(&inputs), output: output.clone() };
            made.insert(detector, self.push(id, Stage::Bias, (task, inputs), vec![output])?);
        }
        Ok(made)
    }

    /// Master darks by exposure time; none if the recipe subtracts none.
    pub(super) fn darks(
        &mut self,
        raws: &[&Raw],
        biases: &BTreeMap<DetectorId, Made>,
    ) -> Result<Darks, Failure> {
        let darks: Vec<&Raw> = raws.iter().copied().filter(|raw| raw.role == Role::Dark).collect();
        if !self.descriptions.darks {
            if !darks.is_empty() {
                let count = darks.len();
                self.note(format!("{count} darks are left out: the recipe has no step for them"));
            }
            return Ok(Darks::new());
        }
        let mut made = Darks::new();
        for (detector, groups) in self.by_time(&darks) {
            for (seconds, group) in groups {
                let product = self.dark((detector, seconds), &group, biases.get(&detector))?;
                made.entry(detector).or_default().push((seconds, product));
            }
        }
        Ok(made)
    }

    /// Darks of equal exposure time, those without one noted and left out.
    fn by_time<'a>(&mut self, darks: &[&'a Raw]) -> BTreeMap<DetectorId, Vec<(f64, Vec<&'a Raw>)>> {
        let mut groups: BTreeMap<DetectorId, Vec<(f64, Vec<&Raw>)>> = BTreeMap::new();
        for &raw in darks {
            let Some(seconds) = raw.exposure_s.filter(|seconds| 0.0 < *seconds) else {
                self.note(format!("{}: left out: a dark without exposure time", last(&raw.key)));
                continue;
            };
            let known = groups.entry(raw.detector).or_default();
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
        bias: Option<&Made>,
    ) -> Result<Made, Failure> {
        let id = format!("dark-c{:02}-t{}", detector.0, made_safe(&time_code(seconds)));
        let output = self.names.dark(group[0].mjd, detector, seconds);
        let mut inputs = self.raw_inputs(group)?;
        let raws = keys(&inputs);
        let bias = take(&mut inputs, bias);
        if bias.is_none() {
            self.note(format!("{id}: detector {detector} has no bias"));
        }
        let task = Task::MasterDark { raws, bias, output: output.clone() };
        self.push(id, Stage::Dark, (task, inputs), vec![output])
    }

    /// Master flats by band; for a camera without lamps the one stack is the master.
    pub(super) fn flats(
        &mut self,
        raws: &[&Raw],
        (biases, darks): (&BTreeMap<DetectorId, Made>, &Darks),
    ) -> Result<BTreeMap<(Band, DetectorId), Made>, Failure> {
        let mut groups: BTreeMap<(Band, DetectorId, Option<i64>), Vec<&Raw>> = BTreeMap::new();
        for raw in raws.iter().filter(|raw| raw.role == Role::Flat) {
            match &raw.band {
                Some(band) => {
                    groups.entry((band.clone(), raw.detector, raw.lamp)).or_default().push(raw);
                }
                None => self.note(format!("{}: left out: a flat without a band", last(&raw.key))),
            }
        }
        let mut lamps: BTreeMap<(Band, DetectorId), Vec<(i64, Made)>> = BTreeMap::new();
        let mut made = BTreeMap::new();
        for ((band, detector, lamp), group) in groups {
            let dark = nearest_dark(darks.get(&detector), group[0].exposure_s);
            let masters = (biases.get(&detector), dark);
            let product = self.lamp_flat(&group, (&band, detector, lamp), masters)?;
            match lamp {
                Some(lamp) => lamps.entry((band, detector)).or_default().push((lamp, product)),
                None => drop(made.insert((band, detector), product)),
            }
        }
        for ((band, detector), lamps) in lamps {
            if made.contains_key(&(band.clone(), detector)) {
                self.note(format!("detector {detector}, {band}: flats with and without a lamp"));
                continue;
            }
            let product = self.band_flat(raws, (&band, detector), &lamps)?;
            made.insert((band, detector), product);
        }
        Ok(made)
    }

    fn lamp_flat(
        &mut self,
        group: &[&Raw],
        (band, detector, lamp): (&Band, DetectorId, Option<i64>),
        (bias, dark): (Option<&Made>, Option<&Made>),
    ) -> Result<Made, Failure> {
        let number = lamp.unwrap_or(0);
        let (id, stage) = match lamp {
            Some(_) => (
                format!("flat-{}-c{:02}-l{number:02}", made_safe(&band.0), detector.0),
                Stage::LampFlat,
            ),
            None => (format!("flat-{}-c{:02}", made_safe(&band.0), detector.0), Stage::Flat),
        };
        let output = self.names.flat(group[0].mjd, band, detector, number);
        let mut inputs = self.raw_inputs(group)?;
        let raws = keys(&inputs);
        let bias = take(&mut inputs, bias);
        if bias.is_none() {
            self.note(format!("{id}: detector {detector} has no bias"));
        }
        let dark = take(&mut inputs, dark);
        let task = Task::LampFlat { raws, bias, dark, output: output.clone() };
        self.push(id, stage, (task, inputs), vec![output])
    }

    fn band_flat(
        &mut self,
        raws: &[&Raw],
        (band, detector): (&Band, DetectorId),
        lamps: &[(i64, Made)],
    ) -> Result<Made, Failure> {
        let first = raws.iter().find(|raw| {
            raw.role == Role::Flat && raw.detector == detector && raw.band.as_ref() == Some(band)
        });
        let mjd = first.map_or(Mjd(0.0), |raw| raw.mjd);
        let output = self.names.flat(mjd, band, detector, 0);
        let id = format!("flat-{}-c{:02}", made_safe(&band.0), detector.0);
        let inputs: Vec<PlannedInput> = lamps.iter().map(|(_, made)| made.input()).collect();
        let task = Task::BandFlat { flats: keys(&inputs), output: output.clone() };
        self.push(id, Stage::Flat, (task, inputs), vec![output])
    }

    pub(super) fn levels(
        &mut self,
        raws: &[&Raw],
        flats: &BTreeMap<(Band, DetectorId), Made>,
    ) -> Result<BTreeMap<Band, Made>, Failure> {
        let mut bands: BTreeMap<Band, Vec<(DetectorId, &Made)>> = BTreeMap::new();
        for ((band, detector), made) in flats {
            bands.entry(band.clone()).or_default().push((*detector, made));
        }
        let mut levels = BTreeMap::new();
        for (band, members) in bands {
            let missing = without_flat(raws, &band, &members);
            if !missing.is_empty() {
                self.note(format!("level of {band}: no flat of detectors {}", missing.join(", ")));
            }
            let flat = |raw: &&&Raw| raw.role == Role::Flat && raw.band.as_ref() == Some(&band);
            let mjd = raws.iter().find(flat).map_or(Mjd(0.0), |raw| raw.mjd);
            let output = self.names.level(mjd, &band);
            let inputs: Vec<PlannedInput> = members.iter().map(|(_, made)| made.input()).collect();
            let task = Task::FocalPlane { flats: keys(&inputs), output: output.clone() };
            let id = format!("level-{}", made_safe(&band.0));
            let made = self.push(id, Stage::FocalPlane, (task, inputs), vec![output])?;
            levels.insert(band, made);
        }
        Ok(levels)
    }
}

/// The master dark whose exposure time (s) is nearest as a ratio: it is scaled least. None if the
/// exposure has no time.
pub(super) fn nearest_dark(
    darks: Option<&Vec<(f64, Made)>>,
    seconds: Option<f64>,
) -> Option<&Made> {
    let seconds = seconds?;
    let ratio = |time: f64| if time < seconds { seconds / time } else { time / seconds };
    let nearest = darks?.iter().min_by(|(a, _), (b, _)| {
        // Of two that are equally near the longer one has less noise for its charge.
        ratio(*a).total_cmp(&ratio(*b)).then(b.total_cmp(a))
    });
    nearest.map(|(_, made)| made)
}

/// Detectors of the night that have no flat of a band.
fn without_flat(raws: &[&Raw], band: &Band, members: &[(DetectorId, &Made)]) -> Vec<String> {
    let mut detectors: Vec<DetectorId> = raws
        .iter()
        .filter(|raw| raw.band.as_ref() == Some(band))
        .map(|raw| raw.detector)
        .filter(|detector| members.iter().all(|(member, _)| member != detector))
        .collect();
    detectors.sort();
    detectors.dedup();
    detectors.iter().map(DetectorId::to_string).collect()
}
