//! What is made of one science exposure: images, catalogues, comparisons.

use std::path::PathBuf;

use rawsky_core::ids::{AmpId, Role};
use rawsky_core::job::{AmpFile, Aperture, Compare, Detrend, Electronics, Task};

use super::calibration::nearest_dark;
use super::{Builder, Calibration, Made, keyed, keys, take};
use crate::class::Failure;
use crate::night::{self, HEADERS, MASKS, TRUTH};
use crate::plan::{PlannedInput, Stage};
use crate::survey::Raw;
use crate::work::last;

impl Builder<'_> {
    /// Science images of one exposure, then what is measured on each.
    pub(super) fn exposure(
        &mut self,
        raw: &Raw,
        raws: &[&Raw],
        calibration: &Calibration,
    ) -> Result<(), Failure> {
        let id = format!("detrend-{}", self.names.exposure(&raw.key));
        let mut inputs = self.raw_inputs(&[raw])?;
        let place = raw.band.clone().map(|band| (band, raw.detector));
        let flat = place.as_ref().and_then(|place| calibration.flats.get(place));
        let level = raw.band.as_ref().and_then(|band| calibration.levels.get(band));
        let bias = take(&mut inputs, calibration.biases.get(&raw.detector));
        let dark = nearest_dark(calibration.darks.get(&raw.detector), raw.exposure_s);
        let dark = take(&mut inputs, dark);
        let flat = take(&mut inputs, flat);
        for (missing, what) in [
            (bias.is_none(), "bias"),
            (self.descriptions.darks && dark.is_none(), "dark for its exposure time"),
            (flat.is_none(), "flat of its band"),
        ] {
            if missing {
                self.note(format!("{id}: there is no {what}"));
            }
        }
        let detrend = Detrend {
            raw: raw.key.clone(),
            bias,
            dark,
            flat,
            focal_plane: take(&mut inputs, level),
            headers: self.beside(raw, (&self.night.headers, "headers", HEADERS), &mut inputs)?,
            masks: self.beside(raw, (&self.night.masks, "masks", MASKS), &mut inputs)?,
            outputs: self.science_images(raw),
            mask_outputs: Vec::new(),
        };
        let (headers, images) = (detrend.headers.clone(), detrend.outputs.clone());
        let outputs = images.iter().map(|image| image.key.clone()).collect();
        self.push(id.clone(), Stage::Detrend, (Task::Detrend(detrend), inputs), outputs)?;
        for image in images {
            let with_header = headers.iter().any(|header| header.amp == image.amp);
            let science = Made { task: id.clone(), key: image.key };
            let catalogue =
                if with_header { self.aperture(raw, image.amp, &science)? } else { None };
            self.compare(raw, raws, image.amp, (&science, catalogue.as_ref()))?;
        }
        Ok(())
    }

    fn science_images(&self, raw: &Raw) -> Vec<AmpFile> {
        let image = |&amp: &AmpId| AmpFile {
            amp,
            key: self.names.of_amplifier(&raw.key, amp, "sciimg.fits"),
        };
        raw.amps.iter().map(image).collect()
    }

    /// The files beside the raw one, per amplifier.
    fn beside(
        &self,
        raw: &Raw,
        (files, folder, endings): (&[PathBuf], &str, (&str, &str)),
        inputs: &mut Vec<PlannedInput>,
    ) -> Result<Vec<AmpFile>, Failure> {
        let stem = night::stem(last(&raw.key));
        let mut found = Vec::new();
        for &amp in &raw.amps {
            if let Some(path) = night::of_amplifier(files, stem, amp.0, endings) {
                let input = self.file(keyed(folder, path), path)?;
                found.push(AmpFile { amp, key: input.key.clone() });
                inputs.push(input);
            }
        }
        Ok(found)
    }

    fn aperture(&mut self, raw: &Raw, amp: AmpId, science: &Made) -> Result<Option<Made>, Failure> {
        if self.night.catalogues.is_empty() {
            return Ok(None);
        }
        let output = self.names.of_amplifier(&raw.key, amp, "apcat.parquet");
        let id = format!("aperture-{}-q{amp}", self.names.exposure(&raw.key));
        let mut inputs = Vec::new();
        for path in &self.night.catalogues {
            inputs.push(self.file(keyed("catalogue", path), path)?);
        }
        let catalogue = keys(&inputs);
        let science = science.input();
        let task = Task::Aperture(Aperture {
            science: science.key.clone(),
            mask: None,
            catalogue,
            detector: Electronics::default(),
            output: output.clone(),
        });
        inputs.push(science);
        self.push(id, Stage::Aperture, (task, inputs), vec![output]).map(Some)
    }

    fn compare(
        &mut self,
        raw: &Raw,
        raws: &[&Raw],
        amp: AmpId,
        (science, catalogue): (&Made, Option<&Made>),
    ) -> Result<(), Failure> {
        let stem = night::stem(last(&raw.key));
        let Some(path) = night::of_amplifier(&self.night.truth, stem, amp.0, TRUTH) else {
            return Ok(());
        };
        let truth = self.file(keyed("truth", path), path)?;
        let output = self.names.of_amplifier(&raw.key, amp, "residuals.json");
        let id = format!("compare-{}-q{amp}", self.names.exposure(&raw.key));
        let mut inputs = vec![truth, science.input()];
        let lamps = self.lamp_truth(raw, raws)?;
        let task = Task::Compare(Compare {
            science: inputs[1].key.clone(),
            catalogue: take(&mut inputs, catalogue),
            truth: inputs[0].key.clone(),
            lamps: keys(&lamps),
            output: output.clone(),
        });
        inputs.extend(lamps);
        self.push(id, Stage::Compare, (task, inputs), vec![output]).map(|_| ())
    }

    /// The noise-free flats of the lamps that lit this band on this detector.
    fn lamp_truth(&self, raw: &Raw, raws: &[&Raw]) -> Result<Vec<PlannedInput>, Failure> {
        let used = |lamp: &Raw| {
            lamp.role == Role::Flat && lamp.detector == raw.detector && lamp.band == raw.band
        };
        let mut lamps: Vec<i64> =
            raws.iter().filter(|lamp| used(lamp)).map(|lamp| lamp.lamp.unwrap_or(0)).collect();
        lamps.sort_unstable();
        lamps.dedup();
        let mut inputs = Vec::new();
        for lamp in lamps {
            let wanted = format!("lamp_c{:02}_l{lamp:02}.fits", raw.detector.0);
            let named = |path: &&PathBuf| night::name(path) == wanted;
            if let Some(path) = self.night.truth.iter().find(named) {
                inputs.push(self.file(keyed("truth", path), path)?);
            }
        }
        Ok(inputs)
    }
}
