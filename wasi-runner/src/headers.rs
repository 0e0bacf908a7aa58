//! Which science header belongs to an amplifier of an exposure: a FITS file by its name, or a table
//! of all headers of a month (`metaheader_YYYYMM.parquet`).

use std::path::PathBuf;

use rawsky_core::ids::AmpId;
use rawsky_core::job::AmpFile;
use rawsky_core::time::Mjd;

use crate::dag::keyed;
use crate::night::{self, HEADERS};
use crate::survey::Raw;

/// Folder of the sandbox with headers.
const FOLDER: &str = "headers";

/// Whether a file can be a table of headers.
pub fn is_table(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".parquet")
}

/// The header of each amplifier that has one, as a key of the sandbox and a file. Amplifiers without
/// a FITS file share the table; it may have no row for them.
pub fn of_exposure<'a>(files: &'a [PathBuf], stem: &str, raw: &Raw) -> Vec<(AmpFile, &'a PathBuf)> {
    // Where every amplifier has its file, nobody looks for a table.
    let table = || table(files, raw.mjd);
    let header = |&amp: &AmpId| {
        let path = night::of_amplifier(files, stem, amp.0, HEADERS).or_else(table)?;
        Some((AmpFile { amp, key: keyed(FOLDER, path) }, path))
    };
    raw.amps.iter().filter_map(header).collect()
}

/// The table of the month of an exposure, or the only one.
fn table(files: &[PathBuf], mjd: Mjd) -> Option<&PathBuf> {
    let day = mjd.day();
    let month = format!("{:04}{:02}", day.year, day.month);
    let tables: Vec<&PathBuf> = files.iter().filter(|path| is_table(&night::name(path))).collect();
    let own = tables.iter().find(|path| night::name(path).contains(&month)).copied();
    own.or(match tables[..] {
        [only] => Some(only),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rawsky_core::ids::{DetectorId, Role};

    fn raw() -> Raw {
        Raw {
            key: "raw/x_1.fits".to_owned(),
            role: Role::Science,
            detector: DetectorId(1),
            // 2020-02-14.
            mjd: Mjd(58893.5),
            label: String::new(),
            exposure_s: None,
            band: None,
            lamp: None,
            amps: vec![AmpId(1), AmpId(2)],
        }
    }

    fn found(names: &[&str]) -> Vec<(u32, String)> {
        let files: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
        let found = of_exposure(&files, "x_1", &raw());
        found.into_iter().map(|(file, path)| (file.amp.0, night::name(path))).collect()
    }

    #[test]
    fn a_file_goes_before_the_table_of_the_month() {
        let names =
            ["metaheader_202001.parquet", "metaheader_202002.parquet", "x_1_q2_sciimg.fits"];
        let february = (1, "metaheader_202002.parquet".to_owned());
        assert_eq!(found(&names), [february, (2, "x_1_q2_sciimg.fits".to_owned())]);
        assert_eq!(found(&names[..1]).len(), 2);
        let others = ["metaheader_202001.parquet", "metaheader_202003.parquet"];
        assert_eq!(found(&others), []);
    }
}
