//! Any bytes, taken for a FITS file, end in pixels or in an error of the file.

#![no_main]

mod memory;

use libfuzzer_sys::fuzz_target;
use memory::{KEY, Memory};
use rawsky_core::Error;
use rawsky_core::formats::fits::{Content, FitsFile};
use rawsky_core::store::Source;

fn read(bytes: &[u8]) -> Result<(), Error> {
    let mut store = Memory(bytes.to_vec());
    let mut source = Source::open(&mut store, KEY)?;
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
