//! The open exposure: its files, its masters, its truth.

use std::collections::BTreeMap;

use ndarray::Array2;

use crate::error::Result;
use crate::geometry::AmpGeometry;
use crate::header::Header;
use crate::ids::AmpId;
use crate::image::{AmpImage, ScienceImage};
use crate::instrument::{Instrument, VisitInfo};
use crate::job::{join_mask, science_headers};
use crate::master::{Kind, MasterFile};
use crate::numerics::sky::Wcs;
use crate::pipeline::{AmpCalibration, Masters, known_of};
use crate::provenance::digest;
use crate::raw::{AmpDescription, RawFile};
use crate::recipe::Step;
use crate::store::{Key, Store};
use crate::table::Table;
use crate::warning::Warning;

use super::chain::{Chain, RAW};
use super::files::Files;
use super::kept::SkyView;
use super::truth::{self, Truth};

pub(super) struct Exposure {
    pub(super) files: Files,
    raw: RawFile,
    pub(super) layout: Vec<AmpDescription>,
    bias: Option<MasterFile>,
    dark: Option<MasterFile>,
    flat: Option<MasterFile>,
    /// Focal-plane level over the level of the flat.
    scale_ratio: f64,
    headers: BTreeMap<AmpId, Header>,
    pub(super) catalogue: Option<Table>,
    truths: BTreeMap<AmpId, Truth>,
    /// What the raw file lacks or says wrongly.
    pub(super) warnings: Vec<Warning>,
}

impl Exposure {
    pub(super) fn open(
        store: &mut dyn Store,
        camera: &Instrument,
        files: Files,
    ) -> Result<Exposure> {
        let raw = RawFile::open(store, &files.raw, camera)?;
        let layout = raw.describe(camera)?;
        let warnings = raw.warnings(camera)?;
        let headers = science_headers((store, camera), &raw, &files.headers)?;
        let catalogue = match files.catalogue.as_slice() {
            [] => None,
            keys => Some(crate::job::read_catalogues(store, keys)?),
        };
        let mut exposure = Exposure {
            files: Files::default(),
            raw,
            layout,
            bias: None,
            dark: None,
            flat: None,
            scale_ratio: 1.0,
            headers,
            catalogue,
            truths: BTreeMap::new(),
            warnings,
        };
        exposure.take_masters(store, camera, files)?;
        Ok(exposure)
    }

    /// Takes the masters of these files, and the truth on their scale; what else lies open stays.
    pub(super) fn take_masters(
        &mut self,
        store: &mut dyn Store,
        camera: &Instrument,
        files: Files,
    ) -> Result<()> {
        let mut open = |key: &Option<Key>, kind| {
            key.as_ref().map(|key| MasterFile::open(store, key, &[kind])).transpose()
        };
        self.bias = open(&files.bias, Kind::Bias)?;
        self.dark = open(&files.dark, Kind::Dark)?;
        self.flat = open(&files.flat, Kind::BandFlat)?;
        self.scale_ratio = match (&files.level, &self.flat) {
            (Some(key), Some(flat)) => {
                crate::job::read_level(store, key)?.level_dn / flat.real("FLTNORM")?
            }
            _ => 1.0,
        };
        for amp in self.layout.iter().map(|known| known.amp) {
            let truth = truth::read(store, camera, (&files, amp), self.scale_ratio)?;
            self.truths.extend(truth.map(|truth| (amp, truth)));
        }
        self.files = files;
        Ok(())
    }

    pub(super) fn amps(&self) -> impl Iterator<Item = AmpId> {
        self.layout.iter().map(|known| known.amp)
    }

    pub(super) fn file(&self) -> &RawFile {
        &self.raw
    }

    /// The cards of the science header of an amplifier, if there is one.
    pub(super) fn cards(&self, amp: AmpId) -> Option<&Header> {
        self.headers.get(&amp)
    }

    pub(super) fn visit(&self) -> &VisitInfo {
        &self.raw.visit
    }

    pub(super) fn scale_ratio(&self) -> f64 {
        self.scale_ratio
    }

    pub(super) fn master(&self, step: &str) -> Option<&MasterFile> {
        match step {
            "bias" => self.bias.as_ref(),
            "dark" => self.dark.as_ref(),
            "flat" => self.flat.as_ref(),
            _ => None,
        }
    }

    /// Why a step cannot be done on this exposure, if it cannot.
    pub(super) fn missing_for(&self, step: &str) -> Option<String> {
        let needs_master = matches!(step, "bias" | "dark" | "flat");
        let missing = needs_master && self.master(step).is_none();
        missing.then(|| format!("there is no master {step}: drop one here, or raw frames to stack"))
    }

    /// Whether the master of a step is being made.
    pub(super) fn awaits(&self, step: &str) -> bool {
        self.files.awaited.contains(&step)
    }

    /// The steps without those that cannot be done; none while masters are being made, for without overscan
    /// the level of the bias is known to every step.
    pub(super) fn possible(&self, steps: &[Step]) -> Vec<Step> {
        if !self.files.awaited.is_empty() {
            return Vec::new();
        }
        steps.iter().filter(|step| self.missing_for(step.name()).is_none()).cloned().collect()
    }

    /// The keys of `raw` and of the stages that these steps make.
    pub(super) fn keys(&self, amp: AmpId, steps: &[Step]) -> Vec<String> {
        let mut keys = vec![digest(format!("{RAW} {} {amp}", self.files.raw).as_bytes())];
        for step in steps {
            let before = keys.last().cloned().unwrap_or_default();
            let set = serde_json::to_string(step).unwrap_or_default();
            let master = match step {
                Step::Bias => self.files.bias.clone(),
                Step::Dark(_) => self.files.dark.clone(),
                Step::Flat(_) => self.files.flat.clone(),
                _ => None,
            };
            keys.push(digest(format!("{before} {set} {master:?}").as_bytes()));
        }
        keys
    }

    pub(super) fn raw(
        &mut self,
        store: &mut dyn Store,
        camera: &Instrument,
        amp: AmpId,
    ) -> Result<AmpImage> {
        self.raw.amplifier(store, camera, amp)
    }

    /// The masters that a step takes.
    pub(super) fn masters(
        &self,
        store: &mut dyn Store,
        amp: AmpId,
        step: &Step,
    ) -> Result<Masters> {
        let mut masters = Masters { scale_ratio: self.scale_ratio, ..Masters::default() };
        let part = |store: &mut dyn Store, file: &Option<MasterFile>| match file {
            Some(file) => file.part(store, amp).map(Some),
            None => Ok(None),
        };
        match step {
            Step::Bias => masters.bias = part(store, &self.bias)?,
            Step::Flat(_) => masters.flat = part(store, &self.flat)?,
            Step::Dark(_) => {
                masters.bias = part(store, &self.bias)?;
                let dark = part(store, &self.dark)?;
                let own = self.dark.as_ref().and_then(|file| file.header.real("EXPTIME"));
                let ratio = crate::steps::dark::time_ratio(self.raw.visit.exposure_s, own)?;
                masters.dark = dark.map(|dark| (dark, ratio));
            }
            _ => {}
        }
        Ok(masters)
    }

    /// What is known of an amplifier, with the level that the bias takes where there is no overscan.
    pub(super) fn known_of(
        &self,
        store: &mut dyn Store,
        (amp, geometry): (AmpId, &AmpGeometry),
        known: &AmpCalibration,
    ) -> Result<AmpCalibration> {
        if geometry.overscan.is_some() || self.bias.is_none() {
            return Ok(*known);
        }
        let masters = self.masters(store, amp, &Step::Bias)?;
        Ok(known_of(geometry, known, &masters))
    }

    pub(super) fn join_mask(
        &self,
        store: &mut dyn Store,
        camera: &Instrument,
        image: &mut ScienceImage,
    ) -> Result<()> {
        join_mask((store, camera), &self.files.masks, image)
    }

    /// Raw cards of the amplifier, science cards over them.
    pub(super) fn header(&self, camera: &Instrument, amp: AmpId) -> Result<Header> {
        let amplifier = camera.amplifier(amp).ok_or_else(|| super::no_amplifier(amp))?;
        let mut header = self.raw.image_header(amplifier)?;
        if let Some(cards) = self.headers.get(&amp) {
            header.merge(cards);
        }
        let electronics = self.layout.iter().find(|known| known.amp == amp);
        if let Some(known) = electronics.filter(|_| header.card("GAIN").is_none()) {
            header.set("GAIN", known.gain_electron_per_dn, "electron/DN");
        }
        header.set("AMP", i64::from(amp.0), "number of the amplifier");
        header.set("OBSMJD", self.raw.visit.mjd.0, "start of the exposure (UTC, MJD)");
        Ok(header)
    }

    /// Right ascension and declination (deg) of a pixel (x, y) of the stored array.
    pub(super) fn sky(&self, amp: AmpId, at: (f64, f64)) -> Option<(f64, f64)> {
        let wcs = Wcs::from_header(self.headers.get(&amp)?).ok()??;
        let (ra, dec) = wcs.sky_from_pixel(at.0, at.1);
        Some((ra.to_degrees(), dec.to_degrees()))
    }

    pub(super) fn has_wcs(&self, amp: AmpId) -> bool {
        self.headers.get(&amp).is_some_and(|header| header.card("CRVAL1").is_some())
    }

    pub(super) fn truth(&self, amp: AmpId) -> Option<&Truth> {
        self.truths.get(&amp)
    }

    /// What is true of a stage: light times response before `flat`, light alone after it.
    pub(super) fn truth_of(&self, amp: AmpId, stage: &str, steps: &[Step]) -> Option<&Array2<f32>> {
        let truth = self.truth(amp)?;
        let place = |name: &str| steps.iter().position(|step| step.name() == name);
        let flattened = match (place("flat"), place(stage)) {
            (Some(flat), Some(stage)) => flat <= stage,
            _ => false,
        };
        Some(if flattened { &truth.flattened } else { &truth.light })
    }

    pub(super) fn truth_view(&self, amp: AmpId, chain: &Chain) -> Option<SkyView<'_>> {
        let last = chain.last()?;
        let image = self.truth_of(amp, last.stage, &chain.steps)?;
        let place = last.geometry.on_detector;
        let origin = (place.column_start, place.row_start);
        Some(SkyView { image: image.view(), variance: None, mask: None, origin })
    }
}
