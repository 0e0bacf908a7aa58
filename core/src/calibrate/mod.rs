//! Calibration: the masks and the objects of a science image, and its photometric zero point from a catalogue.

pub mod marked;
mod matched;
pub mod objects;
pub mod pairs;
mod scene;
mod sharp;
pub mod zero_point;

#[cfg(test)]
mod simulated;
