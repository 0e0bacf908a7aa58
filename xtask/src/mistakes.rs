//! `cargo xtask mistakes`: what a wrong parameter does to the residuals.
//!
//! One night of a cut-down detector is simulated with the right parameters and reduced once with
//! them and once with each mistake, through the camera and recipe files that a user would write.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::demo::build;
use crate::options::Options;
use crate::setup;
use crate::shell::{root, run, say};

/// The camera's files, joined as the core joins them.
const CAMERA: &[&str] = &[
    "ztf.toml",
    "ztf/linearity_2018_03.toml",
    "ztf/linearity_2019_10.toml",
    "ztf/linearity_2020_04.toml",
    "ztf/pocket.toml",
];

/// A night of four amplifiers of 660 x 576 in one band.
const NIGHT: &[&str] =
    &["--ccds", "1", "--biases", "10", "--flats", "5", "--leds", "7,8", "--exposures", "6"];

/// A mistake: what a person calls it, and the camera and recipe with it.
struct Mistake {
    name: &'static str,
    camera: fn(&str) -> String,
    recipe: fn(&str) -> String,
}

/// A text as it is.
fn right(text: &str) -> String {
    text.to_owned()
}

const MISTAKES: &[Mistake] = &[
    Mistake { name: "none", camera: right, recipe: right },
    Mistake {
        name: "trap capacity (cmax) 20 % too large",
        camera: |text| scaled(text, "cmax = ", 1.2),
        recipe: right,
    },
    Mistake {
        name: "trap capacity (cmax) 20 % too small",
        camera: |text| scaled(text, "cmax = ", 0.8),
        recipe: right,
    },
    Mistake {
        name: "pocket left out of science and flats",
        camera: right,
        recipe: |text| without(text, "pocket"),
    },
    Mistake {
        name: "linearity table of another date (2020-04 for 2020-02)",
        camera: |text| text.replace("\"2020-04-28\"", "\"2020-01-01\""),
        recipe: right,
    },
    Mistake {
        name: "linearity left out",
        camera: right,
        recipe: |text| without(text, "linearity"),
    },
    Mistake {
        name: "overscan columns 0 to 4, in the pocket's tail",
        camera: right,
        recipe: |text| text.replace("{ last = 5 }", "{ range = [0, 5] }"),
    },
    Mistake {
        name: "all 30 overscan columns",
        camera: right,
        recipe: |text| text.replace("{ last = 5 }", "{ last = 30 }"),
    },
    Mistake {
        name: "gain 10 % too high",
        camera: right,
        recipe: |text| {
            text.replace("step = \"variance\"", "step = \"variance\"\ngain_electron_per_dn = 6.8")
        },
    },
];

/// Runs the task.
pub(crate) fn mistakes(options: Options) -> Result<()> {
    options.end()?;
    setup::targets()?;
    let (program, _) = build()?;
    let folder = root().join("demo/mistakes");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let (camera, recipe) = (camera()?, read(&root().join("core/recipes/default.toml"))?);
    let right = folder.join("camera.toml");
    fs::write(&right, &camera)?;
    let mut simulate = Command::new(&program);
    simulate.arg("simulate").arg("--out").arg(folder.join("night")).args(NIGHT);
    run(simulate.arg("--camera").arg(&right).stdout(Stdio::null()))?;
    let mut table = String::from(
        "| mistake | median residual (DN) | largest | variance ratio | profile (DN) | flux pull | scatter |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for (number, mistake) in MISTAKES.iter().enumerate() {
        say(mistake.name);
        let (camera, recipe) = ((mistake.camera)(&camera), (mistake.recipe)(&recipe));
        let run = folder.join(format!("run{number}"));
        reduce(&program, &folder, &run, (&camera, &recipe))?;
        table.push_str(&row(mistake.name, &comparisons(&run.join("products"))?)?);
    }
    println!("\n{table}");
    Ok(())
}

fn camera() -> Result<String> {
    let mut text = String::new();
    for part in CAMERA {
        text.push_str(&read(&root().join("core/instruments").join(part))?);
    }
    let (whole, cut) = ("amp_shape = [3080, 3072]", "amp_shape = [660, 576]");
    ensure!(text.contains(whole), "the camera file has no line `{whole}`");
    Ok(text.replace(whole, cut))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// The number after each `key` times `factor`.
fn scaled(text: &str, key: &str, factor: f64) -> String {
    let mut parts = text.split(key);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == 'e' || c == '-'));
        let (number, rest) = part.split_at(end.unwrap_or(part.len()));
        let value = number.parse::<f64>().map_or(number.to_owned(), |v| (v * factor).to_string());
        out.push_str(&format!("{key}{value}{rest}"));
    }
    out
}

/// A recipe without a step: the blocks `[[stage]]` that name it are left out.
fn without(text: &str, step: &str) -> String {
    let named = format!("step = \"{step}\"");
    let blocks = text.split("\n\n").filter(|block| !block.contains(&named));
    blocks.collect::<Vec<_>>().join("\n\n")
}

fn reduce(program: &Path, folder: &Path, run: &Path, texts: (&str, &str)) -> Result<()> {
    let file = |name: &str, text: &str| -> Result<PathBuf> {
        let path = run.with_extension(name);
        fs::write(&path, text).with_context(|| path.display().to_string())?;
        Ok(path)
    };
    let (camera, recipe) = (file("camera.toml", texts.0)?, file("recipe.toml", texts.1)?);
    let mut command = Command::new(program);
    command.arg("reduce").arg(folder.join("night")).arg("-o").arg(run);
    command.arg("--camera").arg(camera).arg("--recipe").arg(recipe);
    self::run_quietly(&mut command)
}

fn run_quietly(command: &mut Command) -> Result<()> {
    run(command.stdout(Stdio::null())).map(|_| ())
}

fn comparisons(products: &Path) -> Result<Vec<Value>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(products)
        .with_context(|| products.display().to_string())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.sort();
    let compared = |path: &PathBuf| path.to_string_lossy().ends_with("residuals.json");
    paths
        .iter()
        .filter(|path| compared(path))
        .map(|p| Ok(serde_json::from_str(&read(p)?)?))
        .collect()
}

/// One line of the table.
fn row(name: &str, comparisons: &[Value]) -> Result<String> {
    ensure!(!comparisons.is_empty(), "{name}: no comparison with the truth was made");
    let of = |place: &str| -> Vec<f64> {
        let number = |value: &Value| value.pointer(place).and_then(Value::as_f64);
        comparisons.iter().filter_map(number).collect()
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let peak = |values: &[f64]| values.iter().fold(0.0_f64, |peak, value| peak.max(value.abs()));
    let medians = of("/residuals/median_dn");
    // The profile is averaged over the exposures of the same night, then its peak is taken.
    let profiles: Vec<Vec<f64>> = comparisons
        .iter()
        .filter_map(|value| value.pointer("/residuals/profile_dn")?.as_array())
        .map(|profile| profile.iter().filter_map(Value::as_f64).collect())
        .collect();
    let columns = profiles.iter().map(Vec::len).min().unwrap_or(0);
    let profile: Vec<f64> = (0..columns)
        .map(|column| mean(&profiles.iter().map(|profile| profile[column]).collect::<Vec<_>>()))
        .collect();
    Ok(format!(
        "| {name} | {:.3} | {:.3} | {:.3} | {:.2} | {:.2} | {:.2} |\n",
        mean(&medians),
        peak(&medians),
        mean(&of("/residuals/variance_ratio")),
        peak(&profile),
        mean(&of("/pulls/mean_sigma")),
        mean(&of("/pulls/scatter_sigma")),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_after_a_key_is_scaled_and_the_rest_stays() {
        let text = "amp = 1, cmax = 400.0, beta = 0.4 }\nx = 2\ncmax = 1e2 }";
        let wanted = "amp = 1, cmax = 480, beta = 0.4 }\nx = 2\ncmax = 120 }";
        assert_eq!(scaled(text, "cmax = ", 1.2), wanted);
    }

    #[test]
    fn a_step_is_left_out_in_every_stage() {
        let text = "a = 1\n\n[[flat]]\nstep = \"pocket\"\n\n[[flat]]\nstep = \"variance\"\n";
        assert_eq!(without(text, "pocket"), "a = 1\n\n[[flat]]\nstep = \"variance\"\n");
    }

    #[test]
    fn each_mistake_changes_the_camera_or_the_recipe() {
        let camera = camera().unwrap();
        let recipe = read(&root().join("core/recipes/default.toml")).unwrap();
        for mistake in &MISTAKES[1..] {
            let changed =
                (mistake.camera)(&camera) != camera || (mistake.recipe)(&recipe) != recipe;
            assert!(changed, "{}", mistake.name);
        }
    }
}
