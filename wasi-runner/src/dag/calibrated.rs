//! What calibrates one science image: its masks, its objects, its map to the sky and its zero point.
//!
//! ```text
//! science image ▸ masks ▸ objects, in pixels ▸ map and zero point, by the stars of a catalogue
//! ```
//!
//! Each is a task of its own: an image whose stars are not those of the catalogue keeps what was made
//! before.

use rawsky_core::ids::AmpId;
use rawsky_core::job::{self, AmpFile, Electronics, Task};

use super::exposure::NO_WCS;
use super::{Builder, Made, keys, take};
use crate::class::Failure;
use crate::names::{CALIBRATED, MASKED, Names, OBJECTS, ON_SKY};
use crate::plan::{Keep, PlannedInput, Stage};
use crate::subject::Subject;
use crate::survey::Raw;

impl Builder<'_> {
    /// Masks and objects of one science image, beside which its mask may lie, and its map to the sky if it
    /// has a start and stars.
    pub(super) fn calibrated(
        &mut self,
        (raw, amp): (&Raw, AmpId),
        header: Option<&AmpFile>,
        (science, mask): (&Made, Option<&Made>),
    ) -> Result<(), Failure> {
        let masked = self.masked((raw, amp), (science, mask))?;
        let objects = self.objects((raw, amp), &masked)?;
        let catalogue = match header {
            Some(header) => self.catalogues(raw, header)?.ok_or(NO_WCS),
            None => Err("it has no science header, and so no WCS to start from"),
        };
        let catalogue = catalogue.and_then(|files| match files.is_empty() {
            true => Err("no file of the catalogue holds its stars"),
            false => Ok(files),
        });
        match catalogue {
            Ok(files) => self.on_sky((raw, amp), (&masked, &objects), files),
            Err(reason) => {
                self.note(format!("{}: left out: {reason}", self.id("calibrate", raw, amp)));
                Ok(())
            }
        }
    }

    fn id(&self, stage: &str, raw: &Raw, amp: AmpId) -> String {
        format!("{stage}-{}-q{amp}", self.names.exposure(&raw.key))
    }

    fn about(&self, raw: &Raw, amp: AmpId) -> Subject {
        Subject::exposure(self.names.exposure(&raw.key), raw).amplifier(amp)
    }

    fn masked(
        &mut self,
        (raw, amp): (&Raw, AmpId),
        (science, mask): (&Made, Option<&Made>),
    ) -> Result<Made, Failure> {
        let mut inputs = vec![science.input.clone()];
        let output = self.named(raw, amp, MASKED);
        let task = Task::Masks(job::Masks {
            science: science.input.key.clone(),
            mask: take(&mut inputs, mask),
            detector: Electronics::default(),
            output: output.clone(),
        });
        let named = (self.id("masks", raw, amp), self.about(raw, amp));
        self.push(named, Stage::Masks, (task, inputs), vec![output])
    }

    fn objects(&mut self, (raw, amp): (&Raw, AmpId), masked: &Made) -> Result<Made, Failure> {
        let output = self.named(raw, amp, OBJECTS);
        let task = Task::Detect(job::Detect {
            science: masked.input.key.clone(),
            mask: None,
            detector: Electronics::default(),
            output: output.clone(),
        });
        let named = (self.id("objects", raw, amp), self.about(raw, amp));
        self.push(named, Stage::Objects, (task, vec![masked.input.clone()]), vec![output])
    }

    /// The image and the objects on the sky; the objects alone where no images are kept.
    fn on_sky(
        &mut self,
        (raw, amp): (&Raw, AmpId),
        (masked, objects): (&Made, &Made),
        catalogue: Vec<PlannedInput>,
    ) -> Result<(), Failure> {
        let table_output = self.named(raw, amp, ON_SKY);
        let image = self.named(raw, amp, CALIBRATED);
        let output = (self.plan.keep == Keep::All).then_some(image);
        let outputs = output.iter().chain([&table_output]).cloned().collect();
        let task = Task::Calibrate(Box::new(job::Calibrate {
            science: masked.input.key.clone(),
            mask: None,
            objects: objects.input.key.clone(),
            catalogue: keys(&catalogue),
            pointing: None,
            output,
            table_output,
        }));
        let mut inputs = vec![masked.input.clone(), objects.input.clone()];
        inputs.extend(catalogue);
        let named = (self.id("calibrate", raw, amp), self.about(raw, amp));
        self.push(named, Stage::Calibrate, (task, inputs), outputs).map(drop)
    }

    fn named(&self, raw: &Raw, amp: AmpId, kind: &str) -> String {
        Names::beside_science(&self.names.of_amplifier(&raw.key, amp, "sciimg.fits"), kind)
    }
}
