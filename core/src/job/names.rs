//! The one name of a product that other products note: that of a lamp's flat, in the flat of the band.

use crate::ids::DetectorId;
use crate::store::Key;

/// Name of the master flat of a detector, band and lamp; lamp 0 stands for the whole band. `when` is
/// the day (YYYYMMDD) or period.
pub fn flat_name(when: &str, band: &str, detector: DetectorId, lamp: i64) -> Key {
    format!("rawsky_{when}_000000_{band}_c{:02}_l{lamp:02}_flat.fits", detector.0)
}
