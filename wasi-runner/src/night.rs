//! The files of a night: what is where below a folder, by name alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::args::NightToRun;
use crate::class::{Class, Failure};
use crate::context::absolute;
use crate::sky::Places;
use crate::view::PRODUCTS;
use crate::work::made_safe;

/// Folders of a night that hold no raw files.
pub const BESIDE: [&str; 4] = ["headers", "masks", "catalogue", "truth"];

/// How the names of FITS files end, in any case of letters.
const ENDINGS: [&str; 3] = [".fits", ".fit", ".fts"];
/// What programs that compress them append.
const PACKED: [&str; 2] = [".fz", ".gz"];

/// How deep folders are searched.
const DEEPEST: usize = 32;

/// Folders given by the user instead of those of the night.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// Science headers.
    pub headers: Option<PathBuf>,
    /// Masks of another pipeline.
    pub masks: Option<PathBuf>,
    /// Catalogues.
    pub catalogue: Option<PathBuf>,
    /// Masters of other runs.
    pub calibration: Option<PathBuf>,
}

impl Beside {
    /// The folders that the command line names.
    ///
    /// # Errors
    /// [`Class::InputBad`] if one of them is not there.
    pub fn of(args: &NightToRun) -> Result<Beside, Failure> {
        Ok(Beside {
            headers: args.headers.as_ref().map(absolute).transpose()?,
            masks: args.masks.as_ref().map(absolute).transpose()?,
            catalogue: args.catalogue.as_ref().map(absolute).transpose()?,
            calibration: args.calibration.as_ref().map(absolute).transpose()?,
        })
    }

    /// Those of these folders that lie below the night, whose files are no raw files.
    fn parts_of(&self, night: &Path) -> Vec<PathBuf> {
        let Ok(real) = night.canonicalize() else { return Vec::new() };
        let given = [&self.headers, &self.masks, &self.catalogue, &self.calibration];
        let given = given.into_iter().flatten();
        let below = given.filter_map(|part| {
            let part = part.canonicalize().ok()?;
            let part = part.strip_prefix(&real).ok()?;
            (!part.as_os_str().is_empty()).then(|| night.join(part))
        });
        below.collect()
    }
}

/// The files of a night, each list sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Night {
    /// Raw exposures.
    pub raws: Vec<PathBuf>,
    /// Science headers.
    pub headers: Vec<PathBuf>,
    /// Masks of another pipeline.
    pub masks: Vec<PathBuf>,
    /// Catalogues.
    pub catalogues: Vec<PathBuf>,
    /// The truth of a simulated night.
    pub truth: Vec<PathBuf>,
    /// What may be masters of other runs.
    pub masters: Vec<PathBuf>,
    /// Where its images lie on the sky, once the core was asked.
    pub places: Places,
}

impl Night {
    /// Looks below a folder for raw files with names that begin with `prefix`, and for the rest.
    /// Where names say nothing (an empty prefix), every FITS file may be a raw one, but for products.
    ///
    /// # Errors
    /// [`Class::InputBad`] if a folder cannot be read, there is no raw file, two share a name, or
    /// two would have the same products.
    pub fn find(folder: &Path, prefix: &str, beside: &Beside) -> Result<Night, Failure> {
        let mut all = files_below(folder, &BESIDE)?;
        let parts = beside.parts_of(folder);
        all.retain(|path| !parts.iter().any(|part| path.starts_with(part)));
        let raws: Vec<PathBuf> =
            all.iter().filter(|path| is_raw(&name(path), prefix)).cloned().collect();
        if raws.is_empty() {
            return Err(no_raws(folder, prefix, &all));
        }
        let below = |given: &Option<PathBuf>, usual: &str| match given {
            Some(given) => files_of(given),
            None if folder.join(usual).is_dir() => files_below(&folder.join(usual), &[]),
            None => Ok(Vec::new()),
        };
        let catalogues = below(&beside.catalogue, "catalogue")?;
        let night = Night {
            raws: of_one_stem(distinct(raws)?)?,
            headers: distinct(keep(below(&beside.headers, "headers")?, is_header))?,
            masks: distinct(keep(below(&beside.masks, "masks")?, is_fits))?,
            catalogues: distinct(keep(catalogues, is_catalogue))?,
            truth: distinct(below(&None, "truth")?)?,
            masters: distinct(beside.calibration.as_deref().map_or(Ok(Vec::new()), masters_of)?)?,
            places: Places::default(),
        };
        Ok(night)
    }
}

/// The files of a folder, or the file itself.
///
/// # Errors
/// [`Class::InputBad`] if it is missing or cannot be read.
pub fn files_of(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if path.is_file() { Ok(vec![path.to_owned()]) } else { files_below(path, &[]) }
}

/// Every file below a folder that is not hidden, in order of path; links are followed once.
///
/// # Errors
/// [`Class::InputBad`] if a folder cannot be read.
pub fn files_below(folder: &Path, except: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let mut search = Search { files: Vec::new(), seen: BTreeSet::new() };
    search.folder(folder, except, DEEPEST)?;
    search.files.sort();
    Ok(search.files)
}

struct Search {
    files: Vec<PathBuf>,
    seen: BTreeSet<PathBuf>,
}

impl Search {
    fn folder(&mut self, folder: &Path, except: &[&str], depth: usize) -> Result<(), Failure> {
        let bad = |error: std::io::Error| {
            Failure::new(Class::InputBad, format!("{}: {error}", folder.display()))
        };
        let real = folder.canonicalize().map_err(bad)?;
        if depth == 0 || !self.seen.insert(real) {
            return Ok(());
        }
        for entry in fs::read_dir(folder).map_err(bad)? {
            let path = entry.map_err(bad)?.path();
            let name = name(&path);
            if name.starts_with('.') {
                continue;
            }
            if path.is_file() {
                self.files.push(path);
            } else if path.is_dir() && !except.contains(&name.as_str()) {
                self.folder(&path, except, depth - 1)?;
            }
        }
        Ok(())
    }
}

/// What may be masters below a folder; of a run, among its products.
fn masters_of(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let products = folder.join(PRODUCTS);
    let files = files_of(if products.is_dir() { &products } else { folder })?;
    let files = keep(files, |name| {
        let of_exposure = [HEADERS.0, MASKS.0].iter().any(|kind| stem(name).ends_with(kind));
        (is_fits(name) && !of_exposure) || name.to_lowercase().ends_with("level.json")
    });
    if files.is_empty() {
        let reason = format!("{}: found no masters; needed FITS files", folder.display());
        return Err(Failure::new(Class::InputBad, reason));
    }
    Ok(files)
}

fn no_raws(folder: &Path, prefix: &str, all: &[PathBuf]) -> Failure {
    let found = match all.first() {
        Some(first) => format!("{} other files, such as {}", all.len(), name(first)),
        None => "no file at all".to_owned(),
    };
    let endings = ENDINGS.join(", ");
    let begin = match prefix {
        "" => String::new(),
        prefix => format!("begin with {prefix} and "),
    };
    let reason = format!(
        "{}: found {found}; needed raw files with names that {begin}end with one of {endings}, \
         packed (.fz, .gz) or not (another camera: --camera)",
        folder.display()
    );
    Failure::new(Class::InputBad, reason)
}

fn is_raw(name: &str, prefix: &str) -> bool {
    let product = prefix.is_empty() && name.starts_with(crate::names::PREFIX);
    name.starts_with(prefix) && is_fits(name) && !product
}

/// Whether a name ends as FITS files do.
fn is_fits(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = PACKED.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether a file can hold science headers.
fn is_header(name: &str) -> bool {
    is_fits(name) || crate::headers::is_table(name)
}

/// Whether a file can be a catalogue.
pub fn is_catalogue(name: &str) -> bool {
    name.ends_with(".parquet") || name.ends_with(".csv")
}

fn keep(files: Vec<PathBuf>, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    files.into_iter().filter(|path| wanted(&name(path))).collect()
}

/// Files in the order of the names that the sandbox sees.
pub fn in_order_of_name(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    files.sort_by_key(|path| made_safe(&name(path)));
    files
}

/// The files in order of name, each of them once.
fn distinct(files: Vec<PathBuf>) -> Result<Vec<PathBuf>, Failure> {
    let key = |path: &PathBuf| made_safe(&name(path));
    let files = in_order_of_name(files);
    match files.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
        Some(pair) => {
            let (one, other) = (pair[0].display(), pair[1].display());
            let reason = format!("{one} and {other} have the same name: keep one of them");
            Err(Failure::new(Class::InputBad, reason))
        }
        None => Ok(files),
    }
}

/// The files, of which no two may differ in their endings alone: their products have one name.
fn of_one_stem(files: Vec<PathBuf>) -> Result<Vec<PathBuf>, Failure> {
    let key = |path: &PathBuf| made_safe(stem(&name(path)));
    let mut keys: Vec<(String, &PathBuf)> = files.iter().map(|path| (key(path), path)).collect();
    keys.sort();
    let twice = keys.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| {
        let (one, other) = (pair[0].1.display(), pair[1].1.display());
        format!("{one} and {other} would have the same products: keep one of them")
    });
    match twice {
        Some(reason) => Err(Failure::new(Class::InputBad, reason)),
        None => Ok(files),
    }
}

/// The name of a file.
pub fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The name of a FITS file without its endings, in any case of letters.
pub fn stem(name: &str) -> &str {
    let mut stem = name;
    for ending in PACKED.iter().chain(&ENDINGS) {
        let start = stem.len().saturating_sub(ending.len());
        if stem.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(ending)) {
            stem = &stem[..start];
        }
    }
    stem
}

/// The file that belongs to one amplifier of an exposure: its name begins with the raw file's stem,
/// `_q` and the amplifier. Of several the one with the wanted ending is taken, one with the
/// `other` ending never. The files are in order of name, as those of a [`Night`] are.
pub fn of_amplifier<'a>(
    files: &'a [PathBuf],
    raw_stem: &str,
    amp: u32,
    (wanted, other): (&str, &str),
) -> Option<&'a PathBuf> {
    let start = format!("{raw_stem}_q{amp}");
    let fits = |path: &&PathBuf| {
        let name = name(path);
        let rest = stem(&name).strip_prefix(&start);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            && !stem(&name).ends_with(other)
    };
    // A night has so many files that each cannot be asked for each exposure.
    let first = made_safe(&start);
    let place = files.partition_point(|path| made_safe(&name(path)) < first);
    let near = files[place..].iter().take_while(|path| made_safe(&name(path)).starts_with(&first));
    let candidates: Vec<&PathBuf> = near.filter(fits).collect();
    let best = candidates.iter().find(|path| stem(&name(path)).ends_with(wanted));
    best.or(candidates.first()).copied()
}

/// The amplifier that the name of a science image or mask tells: `…_q<amplifier>_…`.
pub fn amplifier_of(name: &str) -> Option<u32> {
    let number = |(at, _): (usize, &str)| {
        let rest = stem(name).get(at + 2..)?;
        let digits = rest.split('_').next()?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    stem(name).rmatch_indices("_q").find_map(number)
}

/// What the names of science headers end with, and what they do not.
pub const HEADERS: (&str, &str) = ("sciimg", "mskimg");
/// What the names of masks end with, and what they do not.
pub const MASKS: (&str, &str) = ("mskimg", "sciimg");
/// What the names of truth images end with, and what those of true stars do.
pub const TRUTH: (&str, &str) = ("truth", "stars.parquet");

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str, files: &[&str]) -> PathBuf {
        let root = std::env::temp_dir().join(format!("rawsky-night-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        root
    }

    #[test]
    fn raws_are_found_anywhere_but_beside_the_night() {
        let root = folder(
            "find",
            &[
                "2020/x_2.fits.fz",
                "x_1.fits",
                "y_3.fits",
                "x_4.txt",
                ".x_5.fits",
                "headers/x_1_q1_sciimg.fits",
                "deep/truth/x_6.fits",
                "catalogue/stars.csv",
                "catalogue/readme.txt",
            ],
        );
        let night = Night::find(&root, "x_", &Beside::default()).unwrap();
        let names: Vec<String> = night.raws.iter().map(|path| name(path)).collect();
        assert_eq!(names, ["x_1.fits", "x_2.fits.fz"]);
        assert_eq!((night.headers.len(), night.catalogues.len()), (1, 1));
        let headers = Some(root.join("2020"));
        let named = Night::find(&root, "x_", &Beside { headers, ..Beside::default() }).unwrap();
        assert_eq!(named.raws, [root.join("x_1.fits")]);
        let whole = Beside { headers: Some(root.clone()), ..Beside::default() };
        assert_eq!(Night::find(&root, "x_", &whole).unwrap().raws.len(), 2);
        let none = Night::find(&root, "z_", &Beside::default()).unwrap_err();
        assert!(none.reason.contains("--camera"), "{none}");
        assert!(Night::find(&root.join("missing"), "x_", &Beside::default()).is_err());
    }

    #[test]
    fn names_that_say_nothing_are_all_raw_but_for_products() {
        let files = [
            "a/IMG_1.FIT",
            "b24.fits",
            "flat r.fts",
            "packed.fits.fz",
            "zipped.FITS.GZ",
            "notes.fits.txt",
            "night.gz",
            "rawsky_b24_q1_sciimg.fits",
            "masks/m.fits",
        ];
        let root = folder("nameless", &files);
        let night = Night::find(&root, "", &Beside::default()).unwrap();
        let names: Vec<String> = night.raws.iter().map(|path| name(path)).collect();
        let expected = ["IMG_1.FIT", "b24.fits", "flat r.fts", "packed.fits.fz", "zipped.FITS.GZ"];
        assert_eq!(names, expected);
        let stems: Vec<&str> = names.iter().map(|name| stem(name)).collect();
        assert_eq!(stems, ["IMG_1", "b24", "flat r", "packed", "zipped"]);
        let root = folder("stems", &["b24.fits", "sub/b24.fits.gz"]);
        let error = Night::find(&root, "", &Beside::default()).unwrap_err();
        assert!(error.reason.contains("same products"), "{error}");
    }

    #[test]
    fn the_same_name_twice_is_refused() {
        let root = folder("twice", &["a/x_1.fits", "b/x_1.fits"]);
        let error = Night::find(&root, "x_", &Beside::default()).unwrap_err();
        assert!(error.reason.contains("a/x_1.fits") && error.reason.contains("b/x_1.fits"));
    }

    #[test]
    fn headers_and_masks_are_told_apart_in_one_folder() {
        let names = [
            "r_o_q1_mskimg.fits.fz",
            "r_o_q1_sciimg.fits.fz",
            "r_o_q10_sciimg.fits",
            "r_o_q2.fits",
        ];
        let files: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
        assert_eq!(of_amplifier(&files, "r_o", 1, HEADERS), Some(&files[1]));
        assert_eq!(of_amplifier(&files, "r_o", 1, MASKS), Some(&files[0]));
        assert_eq!(of_amplifier(&files, "r_o", 2, MASKS), Some(&files[3]));
        assert_eq!(of_amplifier(&files, "r_o", 10, MASKS), None);
        assert_eq!(stem("a.fits.fz"), "a");
        assert_eq!(amplifier_of("rawsky_o_q12_sciimg.fits"), Some(12));
        assert_eq!(amplifier_of("x_quick_q3.fits.fz"), Some(3));
        assert_eq!(amplifier_of("x_quick.fits"), None);
    }
}
