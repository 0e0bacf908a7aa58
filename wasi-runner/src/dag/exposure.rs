//! What is made of one science exposure: images, catalogues, comparisons, and what calibrates them.

use std::path::PathBuf;

use rawsky_core::ids::{AmpId, Role};
use rawsky_core::job::{AmpFile, Aperture, Compare, Detrend, Electronics, Task};

use super::masters::{Master, Masters};
use super::{Builder, Made, keyed, keys, take};
use crate::class::{Class, Failure};
use crate::headers;
use crate::night::{self, MASKS, TRUTH};
use crate::plan::{LeftOut, PlannedInput, Stage};
use crate::sky;
use crate::subject::Subject;
use crate::survey::Raw;
use crate::work::last;

/// Why an image with a science header has no catalogue.
pub(super) const NO_WCS: &str = "its science header has no WCS";

impl Builder<'_> {
    /// Science images of one exposure, then what is measured on each.
    pub(super) fn exposure(
        &mut self,
        raw: &Raw,
        raws: &[&Raw],
        masters: &Masters,
    ) -> Result<(), Failure> {
        let id = format!("detrend-{}", self.names.exposure(&raw.key));
        let mut inputs = self.raw_inputs(&[raw])?;
        let place = raw.band.clone().map(|band| (band, raw.detector));
        let bias = self.choose("bias", masters.biases.get(&raw.detector), raw);
        let bias = self.taken(&id, bias);
        let dark = match self.descriptions.darks {
            true => {
                let dark = self.choose_dark(masters.darks.get(&raw.detector), raw);
                self.taken(&id, dark)
            }
            false => None,
        };
        let flats = place.as_ref().and_then(|place| masters.flats.get(place));
        let flat = self.choose("flat of its band", flats, raw);
        let flat = self.taken(&id, flat);
        let level = flat.as_ref().and_then(|flat| flat.level.clone());
        let bias = take(&mut inputs, bias.map(|bias| bias.made).as_ref());
        let dark = take(&mut inputs, dark.map(|dark| dark.made).as_ref());
        let flat = take(&mut inputs, flat.map(|flat| flat.made).as_ref());
        let detrend = Detrend {
            raw: raw.key.clone(),
            bias,
            dark,
            flat,
            focal_plane: take(&mut inputs, level.as_ref()),
            headers: self.headers(raw, &mut inputs)?,
            masks: self.beside(raw, (&self.night.masks, "masks", MASKS), &mut inputs)?,
            outputs: self.science_images(raw),
            mask_outputs: self.names.masks(&raw.key, &raw.amps),
        };
        self.note_missing(
            raw,
            ("science header", !self.night.headers.is_empty()),
            &detrend.headers,
        );
        self.note_missing(raw, ("mask", !self.night.masks.is_empty()), &detrend.masks);
        let (headers, images) = (detrend.headers.clone(), detrend.outputs.clone());
        let masks = detrend.mask_outputs.clone();
        let outputs = images.iter().chain(&masks).map(|image| image.key.clone()).collect();
        let about = Subject::exposure(self.names.exposure(&raw.key), raw);
        let task = Task::Detrend(detrend);
        self.push((id.clone(), about), Stage::Detrend, (task, inputs), outputs)?;
        let made = |file: &AmpFile| Made::by(&id, &file.key);
        for image in images {
            let header = headers.iter().find(|header| header.amp == image.amp);
            let mask = masks.iter().find(|mask| mask.amp == image.amp).map(made);
            let science = made(&image);
            let catalogue = match header {
                Some(header) => self.aperture(raw, header, (&science, mask.as_ref()))?,
                None => None,
            };
            // Errors of the image are compared too, and a pair of image and mask has none.
            if mask.is_none() {
                self.compare(raw, raws, image.amp, (&science, catalogue.as_ref()))?;
            }
            if self.calibrate {
                self.calibrated((raw, image.amp), header, (&science, mask.as_ref()))?;
            }
        }
        Ok(())
    }

    /// A chosen master; why there is none becomes a note.
    fn taken(&mut self, id: &str, chosen: Result<&Master, String>) -> Option<Master> {
        match chosen {
            Ok(master) => Some(master.clone()),
            Err(reason) => {
                self.note(format!("{id}: {reason}"));
                None
            }
        }
    }

    /// The science headers: FITS files beside the raw one, or rows of a table.
    fn headers(&self, raw: &Raw, inputs: &mut Vec<PlannedInput>) -> Result<Vec<AmpFile>, Failure> {
        let stem = night::stem(last(&raw.key));
        let mut found = Vec::new();
        for (header, path) in headers::of_exposure(&self.night.headers, stem, raw) {
            // Amplifiers share a table.
            if inputs.iter().all(|input| input.key != header.key) {
                inputs.push(self.file(header.key.clone(), path)?);
            }
            found.push(header);
        }
        Ok(found)
    }

    /// What amplifiers of an exposure lack while the night has files of this kind.
    fn note_missing(&mut self, raw: &Raw, (kind, expected): (&str, bool), found: &[AmpFile]) {
        let lacks = |amp: &&AmpId| expected && found.iter().all(|file| file.amp != **amp);
        for amp in raw.amps.iter().filter(lacks) {
            let what = format!("{kind} of {} q{amp}", self.names.exposure(&raw.key));
            let reason = match kind {
                "mask" => "there is none of this name: known bad pixels are not flagged",
                _ => "there is none of this name: the image has no WCS and no catalogue",
            };
            let (class, reason) = (Class::InputBad, reason.to_owned());
            self.plan.left_out.push(LeftOut { what, class, reason });
        }
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

    /// The catalogue of one science image, if it lies on the sky and there are stars there.
    fn aperture(
        &mut self,
        raw: &Raw,
        header: &AmpFile,
        (science, mask): (&Made, Option<&Made>),
    ) -> Result<Option<Made>, Failure> {
        let amp = header.amp;
        let id = format!("aperture-{}-q{amp}", self.names.exposure(&raw.key));
        let Some(mut inputs) = self.catalogues(raw, header)? else {
            self.note(format!("{id}: left out: {NO_WCS}"));
            return Ok(None);
        };
        if inputs.is_empty() {
            return Ok(None);
        }
        let output = self.names.of_amplifier(&raw.key, amp, "apcat.parquet");
        let catalogue = keys(&inputs);
        let mask = take(&mut inputs, mask);
        let science = science.input.clone();
        let task = Task::Aperture(Aperture {
            science: science.key.clone(),
            mask,
            catalogue,
            detector: Electronics::default(),
            output: output.clone(),
        });
        inputs.push(science);
        let about = Subject::exposure(self.names.exposure(&raw.key), raw).amplifier(amp);
        self.push((id, about), Stage::Aperture, (task, inputs), vec![output]).map(Some)
    }

    /// The catalogue files that an image needs by its header; none if that has no WCS.
    pub(super) fn catalogues(
        &self,
        raw: &Raw,
        header: &AmpFile,
    ) -> Result<Option<Vec<PlannedInput>>, Failure> {
        let night = self.night;
        let files = match night.places.pixels(header, &raw.key) {
            Some([]) => return Ok(None),
            Some(pixels) => sky::needed(&night.catalogues, pixels),
            None => night.catalogues.iter().collect(),
        };
        let input = |path: &PathBuf| self.file(keyed("catalogue", path), path);
        files.into_iter().map(input).collect::<Result<_, _>>().map(Some)
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
        let mut inputs = vec![truth, science.input.clone()];
        let lamps = self.lamp_truth(raw, raws)?;
        let task = Task::Compare(Compare {
            science: inputs[1].key.clone(),
            catalogue: take(&mut inputs, catalogue),
            truth: inputs[0].key.clone(),
            lamps: keys(&lamps),
            output: output.clone(),
        });
        inputs.extend(lamps);
        let about = Subject::exposure(self.names.exposure(&raw.key), raw).amplifier(amp);
        self.push((id, about), Stage::Compare, (task, inputs), vec![output]).map(|_| ())
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
