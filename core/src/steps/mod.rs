//! The corrections, one file each, in the order of the default recipe.
//!
//! | step | acts on | in → out |
//! |---|---|---|
//! | [`saturation`] | amplifier, readout order | marks full pixels on raw DN |
//! | [`overscan`] | amplifier | raw DN → DN |
//! | [`linearity`] | amplifier | DN → DN of a linear response |
//! | [`pocket`] | amplifier | gives trapped charge back to its pixels |
//! | [`variance`] | amplifier | adds photon noise to the variance |
//! | [`assemble`] | amplifiers → detector, sky order | trims, mirrors, places |
//! | [`bias`] | detector | minus the master bias |
//! | [`dark`] | detector | minus the master dark, scaled to the exposure time |
//! | [`flat`] | detector | over the master flat |
//! | [`split`] | detector → science images, stored order | one image per amplifier |
//!
//! A step either succeeds or leaves its input as it was.

pub mod assemble;
pub mod bias;
pub mod dark;
pub mod flat;
pub mod linearity;
pub mod overscan;
pub mod pocket;
pub mod saturation;
pub mod split;
pub mod variance;

#[cfg(test)]
pub(crate) mod fixture;
