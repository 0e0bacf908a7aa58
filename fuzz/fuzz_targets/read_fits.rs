//! Any bytes, taken for a FITS file, end in pixels or in an error of the file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rawsky_core::Error;
use rawsky_core::formats::fits::{Content, FitsFile};
use rawsky_core::store::{Key, Source, Store};

/// One file in memory.
struct File<'a>(&'a [u8]);

impl Store for File<'_> {
    fn list(&self) -> Vec<Key> {
        vec!["fuzz.fits".to_owned()]
    }

    fn length(&mut self, _key: &str) -> Result<u64, Error> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&mut self, key: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = start.checked_add(buffer.len()).and_then(|end| self.0.get(start..end));
        buffer.copy_from_slice(bytes.ok_or_else(|| Error::store(key, "beyond the end"))?);
        Ok(())
    }

    fn append(&mut self, key: &str, _bytes: &[u8]) -> Result<(), Error> {
        Err(Error::store(key, "not written to"))
    }
}

fn read(bytes: &[u8]) -> Result<(), Error> {
    let mut store = File(bytes);
    let mut source = Source::open(&mut store, "fuzz.fits")?;
    let file = FitsFile::open(&mut source)?;
    for hdu in file.hdus() {
        if matches!(hdu.content, Content::Image(_)) {
            file.for_each_value(&mut source, hdu.index, |_| ())?;
            // Cubes are no planes, and floats no masks: their errors are of another kind.
            let _ = file.read_image(&mut source, hdu.index);
            let _ = file.read_mask(&mut source, hdu.index);
        }
    }
    Ok(())
}

fuzz_target!(|bytes: &[u8]| {
    match read(bytes) {
        Ok(()) | Err(Error::Format { .. } | Error::Unsupported { .. }) => {}
        Err(error) => panic!("not an error of the file: {error}"),
    }
});
