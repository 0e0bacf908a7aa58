//! A header that was read can be written, or one of its cards is refused; what was written reads
//! back as the same header, and sections in it are read or are none.

#![no_main]

mod memory;

use libfuzzer_sys::fuzz_target;
use memory::{KEY, Memory};
use rawsky_core::Error;
use rawsky_core::formats::fits::{Encoding, FitsFile, FitsSection, FitsWriter, PixelData};
use rawsky_core::header::{Header, Value};
use rawsky_core::store::{Sink, Source};

fn headers(bytes: Vec<u8>) -> Result<Vec<Header>, Error> {
    let mut store = Memory(bytes);
    let mut source = Source::open(&mut store, KEY)?;
    let file = FitsFile::open(&mut source)?;
    Ok(file.hdus().iter().map(|hdu| hdu.header.clone()).collect())
}

/// What is read where the header was written; `None` if one of its cards cannot be.
fn written(header: &Header) -> Option<Header> {
    let mut store = Memory(Vec::new());
    let mut writer = FitsWriter::new(Sink::new(&mut store, KEY));
    match writer.write_hdu(header, None, PixelData::None, Encoding::Plain) {
        Ok(()) => Some(headers(store.0).expect("what was written is read").remove(0)),
        Err(Error::Parameter { .. }) => None,
        Err(error) => panic!("not an error of a card: {error}"),
    }
}

fn check(header: &Header) {
    for card in &header.cards {
        if let Value::Text(text) = &card.value
            && let Some(section) = FitsSection::parse(text)
        {
            let (_, _) = (section.within((3080, 3072)), section.place());
        }
    }
    // Once for what cards cannot hold: long comments, an infinity.
    let Some(once) = written(header) else { return };
    let twice = written(&once).expect("what was written before");
    assert_eq!(once, twice);
}

fuzz_target!(|bytes: &[u8]| {
    match headers(bytes.to_vec()) {
        Ok(headers) => headers.iter().for_each(check),
        Err(Error::Format { .. } | Error::Unsupported { .. }) => {}
        Err(error) => panic!("not an error of the file: {error}"),
    }
});
