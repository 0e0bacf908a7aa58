//! Which files of the store belong to the exposure on the bench.

use serde::{Deserialize, Serialize};

use crate::job::AmpFile;
use crate::simulate::NightParams;
use crate::store::{Key, Store};

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
    /// Steps whose masters are being made.
    #[serde(skip)]
    pub awaited: Vec<&'static str>,
}

impl Files {
    /// The same without masters that are not in the store.
    pub(super) fn there(mut self, store: &mut dyn Store) -> Files {
        self.leave_missing(store);
        self
    }

    /// The same before the masters are made that are not in the store.
    pub(super) fn so_far(mut self, store: &mut dyn Store) -> Files {
        self.awaited = self.leave_missing(store);
        self
    }

    /// The steps whose masters are not in the store, and no longer among the files.
    fn leave_missing(&mut self, store: &mut dyn Store) -> Vec<&'static str> {
        let mut is_missing = |key: &mut Key| store.length(key).is_err();
        let mut missing = Vec::new();
        if self.bias.take_if(&mut is_missing).is_some() {
            self.biases.clear();
            missing.push("bias");
        }
        if self.flat.take_if(&mut is_missing).is_some() {
            self.flats.clear();
            missing.push("flat");
        }
        self.level.take_if(is_missing);
        missing
    }
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
