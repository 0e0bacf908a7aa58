//! The picture of a change while a hand is still moving: the steps that it touches, on some of the rows.
//!
//! Which rows, and what becomes of their columns: [`super::thin`]. A picture of every pixel with few enough rows
//! takes all that it shows, and is that of the whole image. Else it has the noise of fewer pixels. Two steps look at
//! all rows: `overscan` is fitted to the rows of the whole image if nothing but `saturation` has to be done before
//! it; what `pocket` gives back is the median of the rows that are there. Mask bits of a file are not in it.

use std::collections::BTreeMap;
use std::ops::Range;

use ndarray::Array2;

use super::chain::Chain;
use super::exposure::Exposure;
use super::kept::Kept;
use super::parts::level_of;
use super::subject::Subject;
use super::thin::{Rows, mean_of_valid, narrowed};
use super::view::{Mode, View};
use super::{Bench, SkyView, no_amplifier, nothing_open};
use crate::display::{Footprint, Layer, Lookup, Place, draw_part};
use crate::error::Result;
use crate::ids::{AmpId, DetectorId};
use crate::instrument::Instrument;
use crate::pipeline::{AmpCalibration, Log, Masters, Underway, advance, calibration};
use crate::recipe::Step;
use crate::steps::overscan::{self, fit_model};
use crate::store::Store;

/// What is kept of an amplifier between two pictures of the same rows.
pub(super) struct Thinned {
    rows: Rows,
    /// The last stage before the change.
    start: Kept,
    /// The masters of the steps, as they were asked for.
    masters: BTreeMap<&'static str, Masters>,
    /// The level that stays without overscan, once it is known (DN).
    pedestal_dn: Option<f64>,
}

/// A side of a picture: its columns, the stage, the one that is subtracted, whose colors.
type Side<'a> = (Range<usize>, &'a str, Option<&'a str>, usize);

impl Bench {
    /// Draws a view as [`Bench::draw`] does; stages that are not there are made of some of their rows, which
    /// leaves the stages as they are.
    ///
    /// # Errors
    /// As [`Bench::draw`], and those of the steps.
    pub fn preview(&mut self, store: &mut dyn Store, view: &View, bytes: &mut [u8]) -> Result<()> {
        self.preview_of(store, (view, None), bytes)
    }

    /// The same with so many pixels of an amplifier at most.
    pub(super) fn preview_of(
        &mut self,
        store: &mut dyn Store,
        (view, most): (&View, Option<usize>),
        bytes: &mut [u8],
    ) -> Result<()> {
        let lookups = view.lookups()?;
        for amp in view.amps.iter().map(|&amp| AmpId(amp)) {
            let Some(rows) = self.rows_seen(amp, (view, most))? else { continue };
            let made = self.make(store, (amp, view), &rows)?;
            for side in self.sides(amp, view, &made)? {
                self.draw_side((amp, view, &lookups), (&rows, &made), side, bytes)?;
            }
        }
        Ok(())
    }

    /// The rows of an amplifier that a picture shows; none if it does not show it.
    fn rows_seen(&self, amp: AmpId, (view, most): (&View, Option<usize>)) -> Result<Option<Rows>> {
        let Some(last) = self.of(amp)?.1.last() else { return Ok(None) };
        let SkyView { image, origin, .. } = last.sky();
        let place =
            Place { origin: (origin.0 as f64, origin.1 as f64), size: image.dim(), level: 0 };
        let footprint = Footprint::new(&view.frame(), &place, 0..view.width)?;
        let (Some(&top), Some(&bottom)) = (footprint.rows.first(), footprint.rows.last()) else {
            return Ok(None);
        };
        let level = level_of(view.scale);
        Ok(Some(Rows::new(bottom..top + 1, image.dim(), level, most)))
    }

    /// The stages of a view that are not there.
    fn make(
        &mut self,
        store: &mut dyn Store,
        (amp, view): (AmpId, &View),
        rows: &Rows,
    ) -> Result<Vec<Kept>> {
        let subject = self.subject.as_ref().ok_or_else(nothing_open)?;
        let chain = self.chains.get(&amp).ok_or_else(|| no_amplifier(amp))?;
        let shows = |step: &Step| {
            step.name() == view.stage || (view.mode != Mode::Single && step.name() == view.against)
        };
        let (Some(whole), Some(end)) = (chain.last(), chain.left().iter().rposition(shows)) else {
            return Ok(Vec::new());
        };
        let before = self.previews.remove(&amp).filter(|thinned| thinned.rows == *rows);
        let mut thinned = Thinned::new(before, whole, rows);
        let steps = chain.left().get(..=end).unwrap_or_default();
        let made = thinned.run((store, &self.camera), (subject, chain), (whole, steps), &shows);
        self.previews.insert(amp, thinned);
        made
    }

    /// How the picture of an amplifier is shared, as in [`Bench::parts`].
    fn sides<'a>(&self, amp: AmpId, view: &'a View, made: &[Kept]) -> Result<Vec<Side<'a>>> {
        let [left, right] = view.frame().halves(view.split)?;
        let other = view.against.as_str();
        let is_there = self.plane(amp, other, made).is_some();
        Ok(match view.mode {
            Mode::Split if is_there => {
                vec![(left, other, None, 1), (right, view.stage.as_str(), None, 0)]
            }
            Mode::Difference => vec![(0..view.width, view.stage.as_str(), Some(other), 0)],
            _ => vec![(0..view.width, view.stage.as_str(), None, 0)],
        })
    }

    /// A stage, made or kept.
    fn plane<'a>(&'a self, amp: AmpId, stage: &str, made: &'a [Kept]) -> Option<SkyView<'a>> {
        let (subject, chain) = self.of(amp).ok()?;
        if stage == "truth" {
            return truth(subject, chain);
        }
        let made = made.iter().find(|kept| kept.stage == stage);
        made.map(Kept::sky).or_else(|| self.view(amp, stage))
    }

    fn draw_side(
        &self,
        (amp, view, lookups): (AmpId, &View, &[Lookup; 2]),
        (rows, made): (&Rows, &[Kept]),
        (columns, stage, minus, colors): Side<'_>,
        bytes: &mut [u8],
    ) -> Result<()> {
        let Some(shown) = self.plane(amp, stage, made) else { return Ok(()) };
        let (mut image, mask) = thin(shown, rows, view.mask_bits != 0);
        if let Some(minus) = minus {
            let Some(other) = self.plane(amp, minus, made) else { return Ok(()) };
            let other = thin(other, rows, false).0;
            if other.dim() != image.dim() {
                return Ok(());
            }
            image -= &other;
        }
        let Some(lookup) = lookups.get(colors) else { return Ok(()) };
        let seen = rows.stand_for();
        let origin = (shown.origin.0 as f64, (shown.origin.1 + seen.start) as f64);
        let size = (seen.len(), shown.image.ncols());
        let place = Place { origin, size, level: rows.level };
        let footprint = Footprint::new(&view.frame(), &place, columns)?;
        let mask = mask.as_ref().map(|mask| mask.view());
        let layer = Layer { image: image.view(), mask, place };
        draw_part(&view.frame(), &footprint, (&layer, lookup), bytes)
    }
}

/// The truth of the image behind all steps, whether they are done or not.
fn truth<'a>(subject: &'a Subject, chain: &Chain) -> Option<SkyView<'a>> {
    let end = chain.steps.last().map_or(chain.first, Step::name);
    let image = subject.truth_of(chain.amp, end, &chain.steps)?;
    let place = chain.last()?.geometry.on_detector;
    let origin = (place.column_start, place.row_start);
    Some(SkyView { image: image.view(), variance: None, mask: None, origin })
}

/// Rows of a stage that has them all, or no others, with narrowed columns.
fn thin(view: SkyView<'_>, rows: &Rows, masked: bool) -> (Array2<f32>, Option<Array2<u32>>) {
    let count = rows.range.len();
    let places = match view.image.nrows() == count {
        true => (0..count).collect(),
        false => rows.places(false),
    };
    let at = (places.as_slice(), rows.level);
    let mask = view.mask.filter(|_| masked);
    let bits = |block: &[u32]| block.iter().fold(0, |all, one| all | one);
    (narrowed(view.image, at, mean_of_valid), mask.map(|mask| narrowed(mask, at, bits)))
}

impl Thinned {
    /// Rows of the last stage that is there; those of the picture before if that is still the one.
    fn new(before: Option<Thinned>, whole: &Kept, rows: &Rows) -> Thinned {
        match before {
            Some(thinned) if thinned.start.key == whole.key => thinned,
            before => {
                let (masters, pedestal_dn) =
                    before.map_or_else(Default::default, |old| (old.masters, old.pedestal_dn));
                Thinned { rows: rows.clone(), start: whole.of_rows(rows), masters, pedestal_dn }
            }
        }
    }

    /// Does steps, and keeps the stages that are shown.
    fn run(
        &mut self,
        (store, camera): (&mut dyn Store, &Instrument),
        (subject, chain): (&Subject, &Chain),
        (whole, steps): (&Kept, &[Step]),
        shows: &dyn Fn(&Step) -> bool,
    ) -> Result<Vec<Kept>> {
        let exposure = subject.exposure().ok_or_else(nothing_open)?;
        let known = self.known(store, camera, (exposure, chain))?;
        let (mut image, mut made) = (self.start.underway(), Vec::new());
        let mut as_read = true;
        for step in steps {
            self.take_masters(store, (exposure, chain.amp, step), whole)?;
            let fitted = match step {
                Step::Overscan(params) if as_read => self.fitted(&image, params, whole)?,
                _ => None,
            };
            image = match (fitted, image) {
                (Some(model), Underway::Amplifier(mut amp)) => {
                    model.subtract_from(&mut amp, 0)?;
                    Underway::Amplifier(amp)
                }
                (_, image) => self.advance(image, (step, exposure.visit().detector), &known)?,
            };
            as_read &= matches!(step, Step::Saturation(_));
            if shows(step) {
                let nothing = (serde_json::Value::Null, Vec::new());
                let shown = (image.clone(), self.start.geometry);
                made.push(Kept::new((step.name(), String::new()), shown, None, nothing));
            }
        }
        Ok(made)
    }

    /// What is known of the amplifier, with the level of its whole bias.
    fn known(
        &mut self,
        store: &mut dyn Store,
        camera: &Instrument,
        (exposure, chain): (&Exposure, &Chain),
    ) -> Result<AmpCalibration> {
        let known = calibration(camera, exposure.visit(), chain.amp, &chain.steps)?;
        let pedestal_dn = match self.pedestal_dn {
            Some(level) => level,
            None => {
                let of = (chain.amp, &self.start.geometry);
                exposure.known_of(store, of, &known)?.pedestal_dn
            }
        };
        self.pedestal_dn = Some(pedestal_dn);
        Ok(AmpCalibration { pedestal_dn, ..known })
    }

    /// Reads the masters of a step, if they are not there.
    fn take_masters(
        &mut self,
        store: &mut dyn Store,
        (exposure, amp, step): (&Exposure, AmpId, &Step),
        whole: &Kept,
    ) -> Result<()> {
        if self.masters.contains_key(step.name()) {
            return Ok(());
        }
        let mut masters = exposure.masters(store, amp, step)?;
        if self.start.geometry != whole.geometry {
            masters = self.rows.of_masters(masters, &self.start.geometry);
        }
        self.masters.insert(step.name(), masters);
        Ok(())
    }

    /// The overscan of these rows, fitted to all; none without overscan.
    fn fitted(
        &self,
        image: &Underway,
        params: &overscan::Params,
        whole: &Kept,
    ) -> Result<Option<overscan::Model>> {
        let (Underway::Amplifier(_), Some(_)) = (image, whole.geometry.overscan) else {
            return Ok(None);
        };
        let model = fit_model(&whole.image, &whole.geometry, params, &mut ())?;
        if self.start.geometry == whole.geometry {
            return Ok(Some(model));
        }
        Ok(Some(model.of_rows(&self.rows.places(whole.geometry.sky_from_readout().rows))))
    }

    fn advance(
        &self,
        image: Underway,
        (step, detector): (&Step, DetectorId),
        known: &AmpCalibration,
    ) -> Result<Underway> {
        let nothing = Masters::default();
        let masters = self.masters.get(step.name()).unwrap_or(&nothing);
        let (mut records, mut probe) = (Vec::new(), ());
        let mut log = Log { records: &mut records, probe: &mut probe };
        advance(image, (step, detector), (known, masters), &mut log)
    }
}
