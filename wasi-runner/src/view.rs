//! The products of a run under their human names, in one folder: links made by the host.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::class::Failure;

/// Folder of the view, below the folder of a run.
pub const PRODUCTS: &str = "products";

/// Makes the view show published files, given by name and place; what it showed before stays.
///
/// # Errors
/// Those of the disk.
pub fn rebuild(run: &Path, files: &[(String, PathBuf)]) -> Result<(), Failure> {
    let view = run.join(PRODUCTS);
    let io = |error: io::Error| Failure::io(view.display(), &error);
    fs::create_dir_all(&view).map_err(io)?;
    for (name, place) in files {
        let below = place.strip_prefix(run).unwrap_or(place);
        show(&view, name, (place, below)).map_err(io)?;
    }
    Ok(())
}

/// Hard link if the disk has them, else a symbolic link; replaces an older one at once.
fn show(view: &Path, name: &str, (place, below): (&Path, &Path)) -> io::Result<()> {
    let fresh = view.join(format!(".{name}.{}.new", std::process::id()));
    let _ = fs::remove_file(&fresh);
    if fs::hard_link(place, &fresh).is_err() {
        std::os::unix::fs::symlink(Path::new("..").join(below), &fresh)?;
    }
    // Renaming one hard link over another of the same file does nothing and leaves both names.
    let renamed = fs::rename(&fresh, view.join(name));
    let _ = fs::remove_file(&fresh);
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_shows_the_newest_file_of_a_name_and_leaves_no_other() {
        let run = std::env::temp_dir().join(format!("rawsky-view-{}", std::process::id()));
        let (one, other) = (run.join("out/1/a"), run.join("out/2/a"));
        for (path, text) in [(&one, "one"), (&other, "other")] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        for place in [&one, &one, &other] {
            rebuild(&run, &[("a".to_owned(), place.clone())]).unwrap();
            let text = fs::read(run.join(PRODUCTS).join("a")).unwrap();
            assert_eq!(text, fs::read(place).unwrap());
        }
        assert_eq!(fs::read_dir(run.join(PRODUCTS)).unwrap().count(), 1);
        fs::remove_dir_all(run).unwrap();
    }
}
