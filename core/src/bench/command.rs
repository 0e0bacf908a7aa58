//! The commands that make what the bench shows.

use crate::simulate::NightParams;
use crate::store::Key;

use super::export::RECIPE;
use super::files::{Files, Look};
use super::preparation::LEVEL;

/// One command a line, for the folder in which the files are; `images` are the names of the science
/// images up to `_sciimg`.
pub(super) fn lines((files, images): (&Files, &[String]), camera: &str) -> Vec<String> {
    match &files.night {
        Some(night) => simulated(night, camera),
        None => [of_masters(files, camera), of_exposure((files, images), camera)].concat(),
    }
}

/// The night is made again; its folders are where `reduce` looks for them.
fn simulated(night: &NightParams, camera: &str) -> Vec<String> {
    let counts = [
        ("--biases", night.biases),
        ("--flats", night.flats_per_lamp),
        ("--exposures", night.exposures),
    ];
    let counts = counts.map(|(name, count)| format!("{name} {count}")).join(" ");
    let (seed, date) = (night.seed, &night.date);
    let chosen = [list("--ccds", &night.detectors), list("--leds", &night.lamps)].concat();
    vec![
        format!(
            "rawsky simulate --camera {camera} --seed {seed} --date {date} {counts}{chosen} \
             --compress none --out NIGHT"
        ),
        format!("rawsky reduce NIGHT --camera {camera} --recipe {RECIPE} -o RUN"),
    ]
}

/// An option with its numbers; nothing for all that the camera has.
fn list<T: ToString>(name: &str, numbers: &[T]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    if numbers.is_empty() { String::new() } else { format!(" {name} {}", numbers.join(",")) }
}

/// Masters that were stacked on the spot.
fn of_masters(files: &Files, camera: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let bias = option("--bias", files.bias.as_ref());
    if let Some(bias) = files.bias.as_ref().filter(|_| !files.biases.is_empty()) {
        let raws = words(&files.biases);
        lines.push(format!("rawsky master-bias {raws} -o {bias} --camera {camera}"));
    }
    if let Some(flat) = files.flat.as_ref().filter(|_| !files.flats.is_empty()) {
        let raws = words(&files.flats);
        lines.push(format!("rawsky master-flat {raws}{bias} -o {flat} --camera {camera}"));
        if let Some(level) = files.level.as_ref().filter(|level| *level == LEVEL) {
            lines.push(format!("rawsky focal-plane {flat} -o {level} --camera {camera}"));
        }
    }
    lines
}

/// The exposure, and the stars on its images.
fn of_exposure((files, images): (&Files, &[String]), camera: &str) -> Vec<String> {
    let given = [
        option("--bias", files.bias.as_ref()),
        option("--dark", files.dark.as_ref()),
        option("--flat", files.flat.as_ref()),
        option("--focal-plane", files.level.as_ref()),
        if files.headers.is_empty() { String::new() } else { " --headers .".to_owned() },
        if files.masks.is_empty() { String::new() } else { " --masks .".to_owned() },
    ];
    let (raw, given) = (word(&files.raw), given.concat());
    let same = format!("--camera {camera} --recipe {RECIPE} -o OUT");
    let mut lines = vec![format!("rawsky detrend {raw}{given} {same}")];
    let stars = match files.catalogue.as_slice() {
        [] => return lines,
        [one] => word(one),
        _ => ".".to_owned(),
    };
    lines.extend(images.iter().map(|image| {
        let (image, table) =
            (word(&format!("OUT/{image}_sciimg.fits")), word(&format!("{image}_apcat.parquet")));
        format!("rawsky aperture {image} --catalogue {stars} {same}/{table}")
    }));
    lines
}

/// The stars on an image that is looked at; nothing else is made of it.
pub(super) fn of_image((files, look): (&Files, &Look), camera: &str) -> String {
    let stars = match files.catalogue.as_slice() {
        [one] => word(one),
        _ => ".".to_owned(),
    };
    let mask = option("--masks", look.mask.as_ref());
    let same = format!("--camera {camera} --recipe {RECIPE} -o stars.parquet");
    format!("rawsky aperture {}{mask} --catalogue {stars} {same}", word(&files.raw))
}

fn option(name: &str, key: Option<&Key>) -> String {
    key.map_or(String::new(), |key| format!(" {name} {}", word(key)))
}

fn words(keys: &[Key]) -> String {
    keys.iter().map(|key| word(key)).collect::<Vec<_>>().join(" ")
}

/// A name as a shell takes it.
fn word(key: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./+=@%,".contains(letter);
    if !key.is_empty() && !key.starts_with('-') && key.chars().all(plain) {
        return key.to_owned();
    }
    let prefix = if key.starts_with('-') { "./" } else { "" };
    format!("'{prefix}{}'", key.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulated_night_is_made_again_with_its_own_lamps() {
        let night = NightParams { seed: 7, lamps: vec![3, 4], ..NightParams::default() };
        let files = Files { night: Some(night), ..Files::default() };
        let expected = [
            "rawsky simulate --camera toy --seed 7 --date 2020-02-14 --biases 20 --flats 5 \
             --exposures 2 --leds 3,4 --compress none --out NIGHT",
            "rawsky reduce NIGHT --camera toy --recipe recipe.toml -o RUN",
        ];
        assert_eq!(lines((&files, &[]), "toy"), expected);
    }

    #[test]
    fn masters_of_the_spot_are_made_first_and_odd_names_are_quoted() {
        let files = Files {
            raw: "it's a raw.fits".to_owned(),
            bias: Some("b.fits".to_owned()),
            flat: Some("bench_flat.fits".to_owned()),
            level: Some(LEVEL.to_owned()),
            flats: vec!["f1.fits".to_owned(), "-f2.fits".to_owned()],
            ..Files::default()
        };
        let expected = [
            "rawsky master-flat f1.fits './-f2.fits' --bias b.fits -o bench_flat.fits --camera toy",
            "rawsky focal-plane bench_flat.fits -o bench_level.json --camera toy",
            "rawsky detrend 'it'\\''s a raw.fits' --bias b.fits --flat bench_flat.fits \
             --focal-plane bench_level.json --camera toy --recipe recipe.toml -o OUT",
        ];
        assert_eq!(lines((&files, &[]), "toy"), expected);
    }
}
