//! Which files of the store belong to the exposure on the bench.

use serde::{Deserialize, Serialize};

use crate::job::AmpFile;
use crate::simulate::NightParams;
use crate::store::Key;

/// The exposure and what stands beside it; what is absent is not made up.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    /// Raw exposure.
    pub raw: Key,
    /// Master bias.
    pub bias: Option<Key>,
    /// Master dark.
    pub dark: Option<Key>,
    /// Master flat of the band.
    pub flat: Option<Key>,
    /// Focal-plane level of the band.
    pub level: Option<Key>,
    /// Science headers.
    pub headers: Vec<AmpFile>,
    /// Masks of another pipeline.
    pub masks: Vec<AmpFile>,
    /// Catalogues.
    pub catalogue: Vec<Key>,
    /// The truth of a simulated exposure.
    pub truth: Vec<AmpFile>,
    /// Noise-free flats of the band's lamps, of a simulated night.
    pub lamps: Vec<Key>,
    /// What a simulated night was made with.
    pub night: Option<NightParams>,
    /// Raw biases of which `bias` was made on the spot, in order of time.
    pub biases: Vec<Key>,
    /// Raw flats of which `flat` and `level` were made on the spot, in order of time.
    pub flats: Vec<Key>,
    /// Present if `raw` is an image that is looked at and not reduced.
    pub look: Option<Look>,
}

/// An image that is looked at as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Look {
    /// Its HDU; the first image of the file if absent.
    pub hdu: Option<usize>,
    /// A mask in a file of its own.
    pub mask: Option<Key>,
    /// Why it is not reduced, in a sentence.
    pub why: String,
}
