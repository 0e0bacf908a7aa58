//! The bench: one exposure held open, every stage of it kept, and only what a change touches done
//! again.
//!
//! ```text
//! raw ─▶ step 1 ─▶ step 2 ─▶ … ─▶ split          one chain per amplifier
//! key_0   key_1 = digest(key_0, step 1, its masters)   key_2 = digest(key_1, step 2, …)
//! ```
//!
//! A stage whose key stays is kept; the first one whose key changes and all after it are done again.
//! The steps are those of [`crate::pipeline`]: what the bench shows is what a batch makes.
//!
//! Every image is shown in sky order at its place on the detector, trimmed of overscan: `x` is the
//! column and `y` the row of the detector, zero-based, an integer is the centre of a pixel.

mod arithmetic;
mod chain;
mod command;
mod export;
mod exposure;
mod files;
mod found;
mod frames;
mod gathered;
mod headers;
mod image_file;
mod info;
mod inputs;
mod kept;
mod look;
mod looked;
mod mosaic;
mod parts;
mod photometry;
mod pieces;
mod plot_words;
mod plots;
mod preparation;
mod preview;
mod schema;
mod search;
mod settings;
mod subject;
mod thin;
mod truth;
mod view;
mod zero_plots;

#[cfg(test)]
mod early_tests;
#[cfg(test)]
mod found_tests;
#[cfg(test)]
mod image_tests;
#[cfg(test)]
mod numbers_tests;
#[cfg(test)]
mod preview_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::ids::AmpId;
use crate::instrument::Instrument;
use crate::recipe::{Recipe, Stage};
use crate::store::Store;

pub use arithmetic::{PixelInfo, PixelRow};
pub use export::RECIPE;
pub use files::{Files, Look};
pub use found::{Faintest, Found, Marks, OnSky, Pairs, Stars};
pub use frames::{StackInfo, Stacked, StackedPixel, StackedValue};
pub use gathered::{Gathered, statistics_of};
pub use headers::HeaderChoice;
pub use image_file::ImageChoice;
pub use info::{AmpInfo, CalibrationInfo, ExposureInfo, StageInfo, State, Statistics};
pub use kept::SkyView;
pub use look::{camera_of_image, looked_at};
pub use mosaic::{Level, Member, Mosaic, MosaicInfo, MosaicPixel, MosaicView, Place, mosaic_night};
pub use parts::{Part, Plane, Source};
pub use photometry::Measured;
pub use plots::{Plot, PlotRequest, Series, SeriesStyle};
pub use preparation::{Preparation, Unit, cameras_for, dropped, simulated};
pub use schema::{ParamKind, ParamSchema, StepInfo};
pub use settings::Setting;
pub use view::{MaskCount, Mode, View, cuts_of_name};
pub use zero_plots::ZeroPlots;

use chain::Chain;
use subject::Subject;

/// One exposure or image under the hands of a person.
pub struct Bench {
    camera: Instrument,
    /// As the camera means it; what the person changed is in the settings.
    recipe: Recipe,
    settings: Vec<Setting>,
    subject: Option<Subject>,
    chains: BTreeMap<AmpId, Chain>,
    measured: BTreeMap<AmpId, Measured>,
    searches: BTreeMap<AmpId, search::Search>,
    derived: parts::Derived,
    previews: BTreeMap<AmpId, preview::Thinned>,
    frames: frames::Frames,
}

impl Bench {
    /// A bench for a built-in camera with its default recipe.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there is no such camera.
    pub fn new(camera: &str) -> Result<Bench> {
        let camera = Instrument::built_in(camera)?;
        let recipe = Recipe::built_in("default", &camera)?;
        let settings = settings::of_recipe(&recipe);
        Ok(Bench {
            camera,
            recipe,
            settings,
            subject: None,
            chains: BTreeMap::new(),
            measured: BTreeMap::new(),
            searches: BTreeMap::new(),
            derived: parts::Derived::new(),
            previews: BTreeMap::new(),
            frames: frames::Frames::default(),
        })
    }

    /// The camera.
    pub fn camera(&self) -> &Instrument {
        &self.camera
    }

    /// Opens an exposure; nothing is computed yet.
    ///
    /// # Errors
    /// Those of reading the files.
    pub fn open(&mut self, store: &mut dyn Store, files: Files) -> Result<ExposureInfo> {
        let subject = Subject::open(store, &self.camera, files)?;
        let first = subject.first_stage();
        self.chains.clear();
        self.derived.clear();
        self.previews.clear();
        for amp in subject.amps() {
            self.chains.insert(amp, Chain::new(amp, first));
        }
        self.subject = Some(subject);
        self.laid()
    }

    /// Opens an exposure before masters are made that are not in the store: of every amplifier there is the
    /// first stage, and the steps wait until [`Bench::complete`] is told that the work is done.
    ///
    /// # Errors
    /// Those of reading the files.
    pub fn open_early(&mut self, store: &mut dyn Store, files: &Files) -> Result<ExposureInfo> {
        let so_far = files.clone().so_far(store);
        self.open(store, so_far)
    }

    /// Takes those masters of the open exposure that are there by now; the first stages stay.
    ///
    /// # Errors
    /// Those of reading the files.
    pub fn complete(&mut self, store: &mut dyn Store, files: &Files) -> Result<ExposureInfo> {
        let there = files.clone().there(store);
        if let Some(Subject::Exposure(exposure)) = &mut self.subject {
            exposure.take_masters(store, &self.camera, there)?;
        }
        self.laid()
    }

    fn laid(&mut self) -> Result<ExposureInfo> {
        self.measured.clear();
        self.searches.clear();
        self.frames = frames::Frames::default();
        self.want()?;
        self.subject.as_ref().ok_or_else(nothing_open)?.info(&self.camera)
    }

    /// The steps with their parameters as they are set now, in order, those that are off among them;
    /// none for an image.
    pub fn settings(&self) -> &[Setting] {
        if self.is_image() { &[] } else { &self.settings }
    }

    /// What can be set.
    pub fn steps(&self) -> Vec<StepInfo> {
        if self.is_image() {
            return Vec::new();
        }
        schema::steps(&settings::of_recipe(&self.recipe))
    }

    fn is_image(&self) -> bool {
        self.subject.as_ref().is_some_and(|subject| subject.image().is_some())
    }

    /// Sets steps, order and parameters; stages that depend on a change become stale.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the reason if a value or the order is impossible; then nothing
    /// changes.
    pub fn set(&mut self, settings: Vec<Setting>) -> Result<()> {
        settings::recipe_with(&self.recipe, &settings)?;
        if !self.is_image() {
            self.settings = settings;
        }
        self.want()
    }

    /// The recipe as it is set now.
    ///
    /// # Errors
    /// [`Error::Parameter`] if it is impossible, which [`Bench::set`] does not let happen.
    pub fn recipe(&self) -> Result<Recipe> {
        settings::recipe_with(&self.recipe, &self.settings)
    }

    /// Tells every chain what is wanted of it.
    fn want(&mut self) -> Result<()> {
        let recipe = self.recipe()?;
        let Some(subject) = &self.subject else { return Ok(()) };
        for (amp, chain) in &mut self.chains {
            let steps = subject.possible(recipe.steps(Stage::Science));
            if chain.want(subject, steps) {
                self.measured.remove(amp);
                self.searches.remove(amp);
            }
        }
        Ok(())
    }

    /// What the chain of an amplifier does next: `raw` or the name of a step; `None` if all is done,
    /// or a step failed.
    pub fn next(&self, amp: AmpId) -> Option<&'static str> {
        self.chains.get(&amp)?.next()
    }

    /// Does that, or a piece of it: a long step on a large image is the next one until it is done.
    ///
    /// # Errors
    /// The step's; the stage then keeps the reason, and the stages before it.
    pub fn advance(&mut self, store: &mut dyn Store, amp: AmpId) -> Result<Option<&'static str>> {
        self.previews.remove(&amp);
        let subject = self.subject.as_mut().ok_or_else(nothing_open)?;
        let chain = self.chains.get_mut(&amp).ok_or_else(|| no_amplifier(amp))?;
        chain.advance(store, &self.camera, subject)
    }

    /// Lets go of the stages of an amplifier; they are made again when they are asked for.
    ///
    /// # Errors
    /// None that an open bench can have.
    pub fn forget(&mut self, amp: AmpId) -> Result<()> {
        if let Some(chain) = self.chains.get_mut(&amp) {
            *chain = Chain::new(amp, chain.first);
        }
        self.measured.remove(&amp);
        self.searches.remove(&amp);
        self.previews.remove(&amp);
        self.derived.retain(|(source, _), _| source.amp != amp.0);
        self.frames.forget(amp);
        self.want()
    }

    /// Bytes of the pixels of all stages.
    pub fn bytes(&self) -> usize {
        self.chains.values().map(Chain::bytes).sum()
    }

    /// How often each step was done, over all amplifiers, since the exposure was opened.
    pub fn executed(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for name in self.chains.values().flat_map(|chain| chain.executed.iter()) {
            *counts.entry(*name).or_default() += 1;
        }
        counts
    }

    /// Every stage of an amplifier, in the order of the settings, with the numbers of its image.
    ///
    /// # Errors
    /// If nothing is open, or the amplifier is not of the camera.
    pub fn stages(&self, amp: AmpId) -> Result<Vec<StageInfo>> {
        let (subject, chain) = self.of(amp)?;
        info::take_numbers(subject, chain);
        self.stages_at_once(amp)
    }

    /// The same without waiting: a stage of which nobody has asked for the numbers comes without them.
    ///
    /// # Errors
    /// As [`Bench::stages`].
    pub fn stages_at_once(&self, amp: AmpId) -> Result<Vec<StageInfo>> {
        let (subject, chain) = self.of(amp)?;
        Ok(info::stages(subject, chain, self.settings()))
    }

    /// The pixels of a stage, if it is there.
    pub fn view(&self, amp: AmpId, stage: &str) -> Option<SkyView<'_>> {
        let (subject, chain) = self.of(amp).ok()?;
        match stage {
            "truth" => subject.truth_view(amp, chain),
            frames::BIAS | frames::FLAT => self.frames.view(amp, stage),
            stage => chain.kept(stage).map(kept::Kept::sky),
        }
    }

    /// One pixel of the detector through all stages; `None` off the amplifiers.
    pub fn pixel(&self, x: usize, y: usize) -> Option<PixelInfo> {
        let inside = |chain: &&Chain| chain.holds(x, y);
        let chain = self.chains.values().find(inside)?;
        Some(arithmetic::pixel(self.subject.as_ref()?, chain, (x, y)))
    }

    /// Something to plot, with words for it.
    ///
    /// # Errors
    /// If the stage is not there, or what is asked for does not exist.
    pub fn plot(&self, request: &PlotRequest) -> Result<Plot> {
        if let Some(plot) = self.frames.plot(request) {
            return plot;
        }
        let (subject, chain) = self.of(request.amp())?;
        plots::plot(subject, chain, self.measured.get(&request.amp()), request)
    }

    /// Sets the parameters of photometry; images stay as they are.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a value is impossible; then nothing changes.
    pub fn set_aperture(&mut self, params: crate::measure::aperture::Params) -> Result<()> {
        params.check()?;
        if params.background != self.recipe.aperture.background {
            self.searches.clear();
        }
        self.recipe.aperture = params;
        self.measured.clear();
        Ok(())
    }

    /// The stars on an amplifier, measured on its science image; `None` if there is no catalogue, or
    /// the image is not there yet.
    ///
    /// # Errors
    /// Those of the measurement.
    pub fn photometry(&mut self, amp: AmpId) -> Result<Option<&Measured>> {
        if !self.measured.contains_key(&amp) {
            let (subject, chain) = self.of(amp)?;
            let recipe = self.recipe()?;
            match photometry::measure(subject, chain, (&self.camera, &recipe))? {
                Some(measured) => drop(self.measured.insert(amp, measured)),
                None => return Ok(None),
            }
        }
        Ok(self.measured.get(&amp))
    }

    /// Does the next piece of the search for objects on an amplifier: the marks, the objects, then their match
    /// to the catalogue. All of it once that is done, and from then on, until the image changes.
    ///
    /// # Errors
    /// If the science image is not there, and those of the detection.
    pub fn objects(&mut self, amp: AmpId) -> Result<Option<&Found>> {
        let before = self.searches.remove(&amp);
        let recipe = self.recipe()?;
        let search = search::go_on(before, self.of(amp)?, (&self.camera, &recipe))?;
        self.searches.insert(amp, search);
        Ok(match self.searches.get(&amp) {
            Some(search::Search::Done(found)) => Some(found),
            _ => None,
        })
    }

    fn of(&self, amp: AmpId) -> Result<(&Subject, &Chain)> {
        let subject = self.subject.as_ref().ok_or_else(nothing_open)?;
        let chain = self.chains.get(&amp).ok_or_else(|| no_amplifier(amp))?;
        Ok((subject, chain))
    }
}

fn nothing_open() -> Error {
    Error::input("bench", "exposure", "none", "an open one")
}

fn no_amplifier(amp: AmpId) -> Error {
    Error::input("bench", "amplifier", amp, "one of the exposure's")
}
