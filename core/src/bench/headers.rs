//! The headers of what lies on the bench, to be read and laid beside each other: of the science image,
//! of the raw amplifier, of the masters, of every HDU of the file.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::formats::fits::Hdu;
use crate::header::Header;
use crate::ids::AmpId;
use crate::job::image_cards;
use crate::recipe::Stage;

use super::exposure::Exposure;
use super::subject::Subject;
use super::{Bench, no_amplifier};

/// The header of what is shown: of the science image, or of the image that is looked at.
const SHOWN: &str = "shown";
/// The header of the raw amplifier.
const RAW: &str = "raw";
/// What the masters are asked for by: the names of their steps.
const MASTERS: [&str; 3] = ["bias", "dark", "flat"];
/// Begin of the name of an HDU of the file; its number follows.
const HDU: &str = "hdu ";

/// A header that can be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeaderChoice {
    /// By what [`Bench::header`] knows it.
    pub of: String,
    /// What it is, for a person.
    pub title: String,
}

impl Bench {
    /// The headers that there are, that of what is shown first.
    ///
    /// # Errors
    /// If nothing is open.
    pub fn headers(&self, amp: AmpId) -> Result<Vec<HeaderChoice>> {
        let (subject, _) = self.of(amp)?;
        let choice = |of: &str, title: String| HeaderChoice { of: of.to_owned(), title };
        let mut all = Vec::new();
        match subject {
            Subject::Image(_) => all.push(choice(SHOWN, "image".to_owned())),
            Subject::Exposure(exposure) => {
                all.push(choice(SHOWN, "science image".to_owned()));
                all.push(choice(RAW, "raw amplifier".to_owned()));
                let there = MASTERS.iter().filter(|step| exposure.master(step).is_some());
                all.extend(there.map(|step| choice(step, format!("master {step}"))));
            }
        }
        all.extend(hdus(subject).iter().map(|hdu| {
            let name = if hdu.name.is_empty() { String::new() } else { format!(" {}", hdu.name) };
            choice(&format!("{HDU}{}", hdu.index), format!("file, HDU {}{name}", hdu.index))
        }));
        Ok(all)
    }

    /// A header of [`Bench::headers`]. That of the science image is as it is written with the recipe as
    /// it is set now, without the cards of its provenance, which need the digests of all inputs.
    ///
    /// # Errors
    /// If nothing is open, or there is no such header.
    pub fn header(&self, amp: AmpId, of: &str) -> Result<Header> {
        let (subject, _) = self.of(amp)?;
        let none = || Error::input("bench", "header", of, "one of those that are listed");
        match (subject, of) {
            (Subject::Image(image), SHOWN) => Ok(image.header.clone()),
            (Subject::Exposure(exposure), SHOWN) => self.science_header(exposure, amp),
            (Subject::Exposure(exposure), RAW) => {
                let amplifier = self.camera.amplifier(amp).ok_or_else(|| no_amplifier(amp))?;
                Ok(exposure.file().header(amplifier))
            }
            (Subject::Exposure(exposure), step) if MASTERS.contains(&step) => {
                exposure.master(step).map(|file| file.header.clone()).ok_or_else(none)
            }
            _ => {
                let index: usize =
                    of.strip_prefix(HDU).and_then(|index| index.parse().ok()).ok_or_else(none)?;
                hdus(subject).get(index).map(|hdu| hdu.header.clone()).ok_or_else(none)
            }
        }
    }

    fn science_header(&self, exposure: &Exposure, amp: AmpId) -> Result<Header> {
        let flattened = self.recipe()?.has(Stage::Science, "flat");
        let flat = exposure.master("flat").filter(|_| flattened);
        let flat = flat.map(|flat| (flat, exposure.scale_ratio()));
        image_cards(&self.camera, (exposure.file(), exposure.cards(amp)), flat, amp)
    }
}

fn hdus(subject: &Subject) -> &[Hdu] {
    match subject {
        Subject::Exposure(exposure) => exposure.file().hdus(),
        Subject::Image(image) => image.hdus(),
    }
}
