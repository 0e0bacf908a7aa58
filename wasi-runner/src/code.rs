//! The machine code of the sandboxed program: compiled once, kept between runs.
//!
//! Compiling takes seconds, loading milliseconds. The code is kept in the user's cache folder
//! (`$XDG_CACHE_HOME/rawsky` or `~/.cache/rawsky`) under a name that holds the program's digest and
//! everything about compiler and settings that decides the code; without such a folder it lives in
//! the private folder of the run. Loading code is only sound for what this program wrote: folder and
//! file must belong to this user and be closed to others, and the digest at the end must fit.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::class::{Class, Failure};
use crate::staging::private_folder;
use crate::{guest, sandbox};

/// Length of the digest at the end of a file.
const DIGEST: usize = 32;

/// The file with the code of this program's guest; compiles it if need be.
///
/// # Errors
/// Those of the disk.
pub fn file(private: &Path, announce: bool) -> Result<PathBuf, Failure> {
    let name = format!("{}-{:016x}.code", &guest::digest()[..32], sandbox::settings()?);
    if let Some(folder) = cache_folder() {
        let path = folder.join(&name);
        if read(&path).is_ok() {
            return Ok(path);
        }
        if announce {
            // Nobody needs to read it.
            let _ = writeln!(std::io::stderr(), "preparing the sandbox (once per version)");
        }
        if write(&path, guest::MODULE).is_ok() {
            return Ok(path);
        }
    }
    let path = private.join(name);
    write(&path, guest::MODULE)
        .map_err(|failure| Failure::new(failure.class, format!("code: {failure}")))?;
    Ok(path)
}

/// The code in a file that only this user can have written.
///
/// # Errors
/// [`Class::ModuleBad`] if it is not such a file or is damaged.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let io = |error| Failure::io(path.display(), &error);
    let parent = path.parent().unwrap_or(Path::new("/"));
    for place in [parent, path] {
        let about = fs::symlink_metadata(place).map_err(io)?;
        let link = about.file_type().is_symlink();
        if link || about.uid() != me() || about.mode() & 0o077 != 0 {
            let reason = format!("{} could have been written by another user", place.display());
            return Err(Failure::new(Class::ModuleBad, reason));
        }
    }
    let mut code = fs::read(path).map_err(io)?;
    let at = code.len().saturating_sub(DIGEST);
    let digest = code.split_off(at);
    if digest.len() != DIGEST || Sha256::digest(&code).as_slice() != digest {
        return Err(Failure::new(Class::ModuleBad, format!("{} is damaged", path.display())));
    }
    Ok(code)
}

/// Compiles a module into a file of this user's.
///
/// # Errors
/// [`Class::ModuleBad`] if it is none, else those of the disk.
pub fn write(path: &Path, module: &[u8]) -> Result<(), Failure> {
    let io = |error| Failure::io(path.display(), &error);
    let mut code = sandbox::compile(module)?;
    let digest = Sha256::digest(&code);
    code.extend_from_slice(&digest);
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let _ = fs::remove_file(&fresh);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .and_then(|mut file| file.write_all(&code))
        .and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written.map_err(io)
}

/// A folder of this user's that is closed to others; none if there is no home for it.
fn cache_folder() -> Option<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    let folder = home.join("rawsky");
    fs::create_dir_all(&home).ok()?;
    match private_folder(&folder) {
        Ok(()) => Some(folder),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Some(folder),
        Err(_) => None,
    }
}

fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn code_that_others_could_have_written_or_that_is_damaged_is_not_loaded() {
        let folder = std::env::temp_dir().join(format!("rawsky-code-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        private_folder(&folder).unwrap();
        let path = folder.join("a.code");
        let mut bytes = b"code".to_vec();
        bytes.extend_from_slice(&Sha256::digest(b"code"));
        fs::write(&path, &bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read(&path).unwrap(), b"code");
        for (mode, place) in [(0o644, &path), (0o755, &folder)] {
            let before = fs::metadata(place).unwrap().permissions();
            fs::set_permissions(place, Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(&path).unwrap_err().class, Class::ModuleBad);
            fs::set_permissions(place, before).unwrap();
        }
        let link = folder.join("b.code");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(read(&link).unwrap_err().class, Class::ModuleBad);
        bytes[0] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(read(&path).unwrap_err().reason.contains("damaged"));
        fs::remove_dir_all(folder).unwrap();
    }
}
