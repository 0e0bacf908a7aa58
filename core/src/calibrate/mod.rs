//! Calibration: the objects of a science image, and its photometric zero point from a catalogue.

pub mod objects;
pub mod zero_point;
