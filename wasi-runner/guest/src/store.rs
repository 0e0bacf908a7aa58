//! The core's store on two folders: inputs are files below one, products files below the other.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};

use rawsky_core::store::{Key, Store};
use rawsky_core::{Error, Result};

/// Bytes of one read or write; a WASI host may refuse more than 128 MiB at once.
const CHUNK: usize = 4 << 20;

/// Input files kept open; a host gives a job few handles.
const OPEN_INPUTS: usize = 16;

/// Names of the inputs, in the input folder; only [`Store::list`] needs it.
pub const KEYS: &str = "keys.json";

/// Why the host could not do its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The disk, or a quota, is full.
    NoSpace,
    /// Anything else.
    Other,
}

impl Fault {
    /// The kind of fault behind a host's error.
    pub fn of(error: &io::Error) -> Fault {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Fault::NoSpace,
            _ => Fault::Other,
        }
    }

    /// The exit code of a job that met it.
    pub fn code(self) -> u8 {
        match self {
            Fault::NoSpace => crate::NO_SPACE,
            Fault::Other => crate::IO,
        }
    }
}

struct Reader {
    key: Key,
    file: File,
    length: u64,
    position: u64,
}

/// A [`Store`] on two folders.
pub struct DirStore {
    input: PathBuf,
    output: PathBuf,
    readers: Vec<Reader>,
    writers: BTreeMap<Key, File>,
    fault: Option<Fault>,
}

impl DirStore {
    /// A store that reads below `input` and writes below `output`.
    pub fn new(input: &Path, output: &Path) -> DirStore {
        DirStore {
            input: input.to_owned(),
            output: output.to_owned(),
            readers: Vec::new(),
            writers: BTreeMap::new(),
            fault: None,
        }
    }

    /// The first fault of the host, if there was any.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The reason is the kind of fault alone, so that it reads the same under every host.
    fn failed(&mut self, key: &str, error: &io::Error) -> Error {
        // A missing input is the caller's mistake, not the host's.
        if error.kind() != ErrorKind::NotFound {
            self.fault.get_or_insert(Fault::of(error));
        }
        Error::store(key, error.kind())
    }

    /// The open input, which is moved to the end of the list, where the last used one is.
    fn reader(&mut self, key: &str) -> Result<&mut Reader> {
        let reader = match self.readers.iter().position(|reader| reader.key == key) {
            Some(place) => self.readers.remove(place),
            None => {
                let path = self.input.join(checked(key)?);
                open(key, &path).map_err(|error| self.failed(key, &error))?
            }
        };
        if self.readers.len() >= OPEN_INPUTS {
            self.readers.remove(0);
        }
        self.readers.push(reader);
        self.readers.last_mut().ok_or_else(|| Error::store(key, "no open file"))
    }

    fn writer(&mut self, key: &str) -> Result<&mut File> {
        if !self.writers.contains_key(key) {
            let path = self.output.join(checked(key)?);
            let file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(path)
                .map_err(|error| self.failed(key, &error))?;
            self.writers.insert(key.to_owned(), file);
        }
        self.writers.get_mut(key).ok_or_else(|| Error::store(key, "no open file"))
    }
}

impl Store for DirStore {
    fn list(&self) -> Vec<Key> {
        let text = fs::read(self.input.join(KEYS)).unwrap_or_default();
        let mut keys: Vec<Key> = serde_json::from_slice(&text).unwrap_or_default();
        keys.sort();
        keys
    }

    fn length(&mut self, key: &str) -> Result<u64> {
        Ok(self.reader(key)?.length)
    }

    fn read_at(&mut self, key: &str, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let reader = self.reader(key)?;
        let end = offset.saturating_add(buffer.len() as u64);
        if end > reader.length {
            let reason = format!("{} bytes, but bytes up to {end} are needed", reader.length);
            return Err(Error::store(key, reason));
        }
        match fill(reader, offset, buffer) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.readers.retain(|reader| reader.key != key);
                Err(self.failed(key, &error))
            }
        }
    }

    fn append(&mut self, key: &str, bytes: &[u8]) -> Result<()> {
        let file = self.writer(key)?;
        let written = bytes.chunks(CHUNK).try_for_each(|chunk| file.write_all(chunk));
        written.map_err(|error| self.failed(key, &error))
    }
}

/// The key as a path that stays below its folder.
fn checked(key: &str) -> Result<&Path> {
    let path = Path::new(key);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    if key.is_empty() || !plain {
        return Err(Error::store(key, "not a relative name without `..`"));
    }
    Ok(path)
}

fn open(key: &str, path: &Path) -> io::Result<Reader> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::from(ErrorKind::IsADirectory));
    }
    Ok(Reader { key: key.to_owned(), length: about.len(), file, position: 0 })
}

fn fill(reader: &mut Reader, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    if reader.position != offset {
        reader.file.seek(SeekFrom::Start(offset))?;
    }
    // Unknown until the read is complete.
    reader.position = u64::MAX;
    for chunk in buffer.chunks_mut(CHUNK) {
        reader.file.read_exact(chunk)?;
    }
    reader.position = offset + buffer.len() as u64;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(name: &str) -> (PathBuf, PathBuf) {
        let root = std::env::temp_dir().join(format!("rawsky-store-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let (input, output) = (root.join("in"), root.join("out"));
        fs::create_dir_all(&input).unwrap();
        fs::create_dir_all(&output).unwrap();
        (input, output)
    }

    #[test]
    fn reads_land_where_they_are_asked_in_any_order() {
        let (input, output) = folders("reads");
        let bytes: Vec<u8> = (0..=255).collect();
        for number in 0..OPEN_INPUTS + 3 {
            fs::write(input.join(format!("f{number}")), &bytes).unwrap();
        }
        let mut store = DirStore::new(&input, &output);
        for (number, offset) in [(0, 7), (1, 200), (0, 9), (18, 3), (0, 11), (0, 0)] {
            let mut buffer = [0; 2];
            store.read_at(&format!("f{number}"), offset, &mut buffer).unwrap();
            assert_eq!(buffer, [offset as u8, offset as u8 + 1]);
        }
        assert_eq!(store.length("f5").unwrap(), 256);
        assert!(store.read_at("f0", 255, &mut [0; 2]).is_err());
        assert_eq!(store.fault(), None, "a short input is not the host's fault");
    }

    #[test]
    fn appends_of_any_size_follow_each_other() {
        let (input, output) = folders("appends");
        let mut store = DirStore::new(&input, &output);
        let big = vec![7; CHUNK + 5];
        store.append("a", b"begin").unwrap();
        store.append("b", b"other").unwrap();
        store.append("a", &big).unwrap();
        let written = fs::read(output.join("a")).unwrap();
        assert_eq!((&written[..5], &written[5..]), (&b"begin"[..], &big[..]));
    }

    #[test]
    fn keys_cannot_leave_their_folder_and_products_cannot_replace_files() {
        let (input, output) = folders("keys");
        fs::write(input.join("../outside"), "x").unwrap();
        fs::write(output.join("there"), "x").unwrap();
        let mut store = DirStore::new(&input, &output);
        for key in ["../outside", "/etc/passwd", "", "a/../../outside", "."] {
            assert!(store.length(key).is_err(), "{key}");
            assert!(store.append(key, b"x").is_err(), "{key}");
        }
        assert!(store.append("there", b"y").is_err());
        assert_eq!(fs::read(output.join("there")).unwrap(), b"x");
        assert_eq!(store.fault(), Some(Fault::Other));
    }
}
