#!/usr/bin/env python3
"""One simulated night by three recipes: how far apart they are, and which is nearer the truth.

    python3 which_is_nearer.py --rawsky RAWSKY --simulator SIMULATE_PY NIGHT [--ccd 1,13] [--filter zg,zr,zi]

The night is one of the independent simulator (README.md); its truth is made with that simulator's own
functions, as in ../independent_night, and nothing of rawsky's or of the peers'. Pixels that the night's
mask calls bad, or next to an injected cosmic ray, are left out, and so are fluxes of stars with such a ray in
the circle. All three recipes get the same camera file, with the traps that the night was made with: only the
default recipe asks for them.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd
import sep
from astropy.io import fits
from scipy.ndimage import binary_dilation

HERE = pathlib.Path(__file__).resolve().parent
RECIPES = ("default", "ztfin2p3-0.4", "ztfin2p3-0.6")
BAD = 0x1FFF & ~(2 | 2048)
RADIUS = 6.0


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem + "_of_" + path.parent.name, path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def reduce(program, night, recipe, camera, ccd, band, scratch):
    """Science images and catalogues of the first exposure of a CCD and band, by quadrant."""
    def run(*arguments):
        command = [program, *map(str, arguments), "--recipe", recipe, "--camera", str(camera), "--engine", "native"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")

    raws = lambda kind, code: sorted(night.glob(f"raw/**/ztf_*_{code}_c{ccd:02d}_{kind}.fits.fz"))
    bias, flat, level = (scratch / n for n in ("bias.fits", "flat.fits", "level.json"))
    run("master-bias", *raws("b", "bi"), "-o", bias)
    run("master-flat", *raws("f", band), "--bias", bias, "-o", flat)
    run("focal-plane", flat, "-o", level)
    run("detrend", raws("o", band)[0], "--bias", bias, "--flat", flat, "--focal-plane", level,
        "--headers", night / "sci", "--masks", night / "sci", "-o", scratch)
    made = {}
    for path in sorted(scratch.glob("*sciimg.fits")):
        q, table = fits.getheader(path)["AMP"], scratch / (path.stem + ".parquet")
        run("aperture", path, "--catalogue", night / "calibrator" / "gaia_dr3_astro", "-o", table)
        with fits.open(path) as hdus:
            made[q] = hdus[0].data.astype(float), hdus[0].header.copy(), pd.read_parquet(table)
    return made


def truth_of(sim, night, header, flats):
    """Light and stars of an exposure's quadrant (DN, detrended, stored order), and cosmic rays."""
    ccd, q = header["DETECTOR"], header["AMP"]
    t = np.load(night / "truth" / f"sci_c{ccd:02d}_q{q}_e{header['EXPID'] - 3000}.npz")
    stored = lambda sky: np.ascontiguousarray(sky[::-1, ::-1])
    sky = (160.0 + 4.0 * q) * t["response_sky"].astype(float)
    light = stored(t["light_sky"] / flats[q])
    return light, light - stored(sky / flats[q]), binary_dilation(stored(t["cosmic_sky"]), np.ones((3, 3)))


def fluxes(table, recipe, truth, scale):
    """Of stars that no cosmic ray hit: flux minus their own light in the circle, and its error. Of all: how many
    have no flux, and how many there are."""
    stars, cosmic = truth
    x, y = table.x.values.astype(float), table.y.values.astype(float)
    if recipe != "default":
        x, y = stars.shape[1] - 1 - x, stars.shape[0] - 1 - y
    column = next(c[2:] for c in table.columns if c.startswith("r_") and abs(table[c].iloc[0] - RADIUS) < 1e-9)
    own, _, edge = sep.sum_circle(stars * scale, x, y, RADIUS, subpix=0)
    flux, error = table[f"f_{column}"].values.astype(float), table[f"f_{column}_e"].values.astype(float)
    hit, _, _ = sep.sum_circle(cosmic.astype(float), x, y, RADIUS, subpix=0)
    use = table.isolated.values & (edge == 0) & (own > 0)
    clean = use & (hit == 0) & np.isfinite(flux) & (table[f"f_{column}_f"].values == 0)
    return (flux - own)[clean], error[clean], int((use & ~np.isfinite(flux)).sum()), int(use.sum())


def first_columns(residual, q):
    """Largest mean residual of the first 32 columns in the order of reading (DN)."""
    read = residual[:, ::-1] if q in (2, 3) else residual
    first = read[:, :32]
    center = np.nanmedian(first, axis=0)
    spread = 1.4826 * np.nanmedian(np.abs(first - center), axis=0)
    return np.abs(np.nanmean(np.where(np.abs(first - center) < 5 * spread, first, np.nan), axis=0)).max()


def quadrants(args, sim, independent, night, camera):
    """One row per quadrant and recipe, and the differences between recipes."""
    truth = json.loads((night / "truth" / "truth.json").read_text())
    rows, apart = [], []
    for ccd in map(int, args.ccd.split(",")):
        for band in args.filter.split(","):
            flats = independent.true_flat(sim, truth, ccd, band)
            images = {}
            for recipe in RECIPES:
                with tempfile.TemporaryDirectory() as scratch:
                    images[recipe] = reduce(args.rawsky, night, recipe, camera, ccd, band, pathlib.Path(scratch))
            for q in (1, 2, 3, 4):
                header = images["default"][q][1]
                light, stars, cosmic = truth_of(sim, night, header, flats)
                name = next(night.glob(f"sci/**/*_{band}_c{ccd:02d}_o_q{q}_mskimg.fits"))
                bad = (fits.getdata(name) & BAD != 0) | cosmic
                for recipe in RECIPES:
                    image, own, table = images[recipe][q]
                    residual = np.where(bad | ~np.isfinite(image), np.nan, image - light * own["FLATSCAL"])
                    off, error, lost, wanted = fluxes(table, recipe, (stars, cosmic), own["FLATSCAL"])
                    rows.append(dict(recipe=recipe, median=np.nanmedian(residual), first=first_columns(residual, q),
                                     off=off, error=error, lost=lost, wanted=wanted))
                    if recipe != "default":
                        apart.append((recipe, np.abs(image - images["default"][q][0])[~bad]))
    return rows, apart


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("night")
    parser.add_argument("--rawsky", required=True)
    parser.add_argument("--simulator", required=True)
    parser.add_argument("--ccd", default="1")
    parser.add_argument("--filter", default="zg,zr,zi")
    args = parser.parse_args()
    args.rawsky, night = os.path.abspath(args.rawsky), pathlib.Path(args.night)
    sys.path.insert(0, str(pathlib.Path(args.simulator).resolve().parent))
    import simulate as sim
    independent = module(HERE.parent / "independent_night" / "compare.py")
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as camera:
        camera.write(subprocess.run([sys.executable, HERE.parent / "independent_night" / "camera.py", night],
                                    capture_output=True, text=True, check=True).stdout)
        camera.flush()
        rows, apart = quadrants(args, sim, independent, night, camera.name)
    show(rows, apart)


def show(rows, apart):
    print("| recipe | median residual, mean of quadrants (DN) | largest | first columns (DN) "
          "| flux error in 6 pix, median (DN) | pull, mean | scatter | stars without a flux |")
    print("|---|---|---|---|---|---|---|---|")
    for recipe in RECIPES:
        mine = [r for r in rows if r["recipe"] == recipe]
        medians = np.array([r["median"] for r in mine])
        off, error = (np.concatenate([r[k] for r in mine]) for k in ("off", "error"))
        pull = off / error
        print(f"| {recipe} | {medians.mean():.3f} | {np.abs(medians).max():.3f} "
              f"| {np.mean([r['first'] for r in mine]):.2f} "
              f"| {np.median(np.abs(off)):.2f} | {pull.mean():.2f} | {pull.std(ddof=1):.2f} "
              f"| {sum(r['lost'] for r in mine)} of {sum(r['wanted'] for r in mine)} |")
    print("\n| apart from the default (DN) | median | 99 % of pixels below | largest |\n|---|---|---|---|")
    for recipe in RECIPES[1:]:
        values = np.concatenate([v[np.isfinite(v)] for name, v in apart if name == recipe])
        print(f"| {recipe} | {np.median(values):.3f} | {np.percentile(values, 99):.2f} | {values.max():.1f} |")


if __name__ == "__main__":
    main()
