#!/usr/bin/env python3
"""rawsky's parity recipes against the peers, on nights of an independent simulator.

    python3 compare.py --rawsky RAWSKY NIGHT [NIGHT ...] [--ccd 1,13] [--filter zg,zr,zi]
    python3 compare.py --rawsky RAWSKY --simulator SIMULATE_PY --work DIR [--geom tiny] [--seeds 1,2,3] [--fz both]

prints a summary with the limits, then one Markdown table per step; the exit code is 1 if anything is beyond
its limit. The recipe is the one of the packages that Python finds (README.md). A night is a folder as
simulate.py writes it; with --simulator the nights are made first.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd
from astropy.io import fits

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from peers import CHANGES, RADII, Peers  # noqa: E402

RECIPES = pathlib.Path(__file__).resolve().parents[3] / "core" / "recipes"
LIMIT_DN = 2e-3
LIMIT_PART = 1e-4
APERTURE_UNIT = 1e-5


class Tables:
    """One table per step, a row per comparison."""

    def __init__(self):
        self.steps, self.worst = {}, {}

    def judge(self, step, limit, numbers):
        """Keeps the largest of each number of a step; a number over its limit (None: no limit) is told of."""
        kept = self.worst.setdefault(step, {"limit": limit, "rows": 0, "numbers": {}, "beyond": 0})
        kept["rows"] += 1
        kept["beyond"] += any(most is not None and not value <= most for value, most in numbers.values())
        for name, (value, _) in numbers.items():
            kept["numbers"][name] = max(value, kept["numbers"].get(name, 0))

    def summary(self):
        print("\n| step | limit | comparisons | largest of each number | beyond the limit |\n|---|---|---|---|---|")
        for step, kept in self.worst.items():
            told = ", ".join(f"{name} {value:.3g}" for name, value in kept["numbers"].items())
            print(f"| {step} | {kept['limit']} | {kept['rows']} | {told} | {kept['beyond']} |")
        return sum(kept["beyond"] for kept in self.worst.values())

    def pixels(self, step, where, ours, theirs):
        """One row, in DN."""
        ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
        with np.errstate(invalid="ignore"):
            difference = np.abs(ours - theirs)
        nans = int((np.isnan(ours) != np.isnan(theirs)).sum())
        part = np.mean(difference > LIMIT_DN)
        self.row(step, where, {"max |diff| (DN)": f"{np.nanmax(difference):.2e}",
                               f"above {LIMIT_DN:g} DN": f"{part:.1e}",
                               "rms (DN)": f"{np.sqrt(np.nanmean(difference**2)):.1e}",
                               "NaN in one only": nans, "numbers": difference.size})
        self.judge(step, f"{LIMIT_DN:g} DN, for all but {LIMIT_PART:g}",
                   {"max (DN)": (np.nanmax(difference), None), f"part above {LIMIT_DN:g} DN": (part, LIMIT_PART),
                    "NaN in one only": (nans, 0)})

    def row(self, step, where, cells):
        self.steps.setdefault(step, []).append({**where, **cells})

    def show(self):
        for step, rows in self.steps.items():
            names = list(rows[0])
            print(f"\n### {step}\n\n| {' | '.join(names)} |\n|{'---|' * len(names)}")
            for row in rows:
                print(f"| {' | '.join(str(row[n]) for n in names)} |")


class Rawsky:
    """The command, and recipes that end at a step."""

    def __init__(self, program, recipe, scratch):
        self.program, self.recipe, self.scratch = program, recipe, pathlib.Path(scratch)

    def run(self, *arguments, recipe=None):
        command = [self.program, *map(str, arguments), "--recipe", recipe or self.recipe, "--engine", "native"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def without(self, *steps):
        """The same recipe without some steps of the science stage, as a file."""
        text = (RECIPES / f"{self.recipe}.toml").read_text()
        block = r"(?m)^\[\[science\]\]\nstep = \"(" + "|".join(steps) + r")\".*\n(?:[a-z].*\n)*"
        text, count = re.subn(block, "", text)
        assert count == len(steps), f"{count} of {steps} in {self.recipe}"
        path = self.scratch / f"without_{'_'.join(steps)}.toml"
        path.write_text(text)
        return str(path)


def part(path, quadrant, plane="IMAGE"):
    return fits.getdata(path, f"{plane}{quadrant}").astype(float)


def one_ccd(peers, rawsky, tables, where, band, ccd):
    """Every step for one CCD and band of a night."""
    scratch, night = rawsky.scratch, peers.night
    bias_path, flat_path, level_path = (scratch / n for n in ("bias.fits", "flat.fits", "level.json"))
    raw = peers.raws("o", band, ccd)[0]
    rawsky.run("master-bias", *peers.raws("b", "bi", ccd), "-o", bias_path)
    rawsky.run("master-flat", *peers.raws("f", band, ccd), "--bias", bias_path, "-o", flat_path)
    rawsky.run("focal-plane", flat_path, "-o", level_path)
    bias = peers.master_bias(ccd)
    flat, norm = peers.master_flat(band, ccd, bias)
    level = float(np.median(flat * norm))
    compare_masters(peers, tables, where, (bias, flat, norm, level), (bias_path, flat_path, level_path))
    images = {}
    for name, gone in (("overscan", ("linearity", "bias", "flat")), ("corrected", ("bias", "flat")), ("science", ())):
        folder = scratch / name
        folder.mkdir(exist_ok=True)
        recipe = rawsky.without(*gone) if gone else None
        rawsky.run("detrend", raw, "--bias", bias_path, "--flat", flat_path, "--focal-plane", level_path,
                   "--headers", night / "sci", "--masks", night / "sci", "-o", folder, recipe=recipe)
        images[name] = {fits.getheader(p)["AMP"]: p for p in sorted(folder.glob("*sciimg.fits"))}
    overscan, corrected = peers.corrected(raw, linearity=False), peers.corrected(raw)
    science = peers.science(raw, bias, flat, level / norm)
    with fits.open(raw) as hdus:
        stored = {q: hdus[q].data.astype(float) for q in (1, 2, 3, 4)}
    for q in (1, 2, 3, 4):
        here = {**where, "q": q}
        get = lambda name: fits.getdata(images[name][q]).astype(float)
        tables.pixels("Overscan model (raw minus corrected)", here, stored[q] - get("overscan"),
                      stored[q] - peers.quadrants_of(overscan)[q][::-1, ::-1])
        tables.pixels("Overscan and linearity", here, get("corrected"), peers.quadrants_of(corrected)[q][::-1, ::-1])
        tables.pixels("Science image", here, get("science"), science[q])
        compare_apertures(peers, rawsky, tables, (here, raw, q), images["science"][q])


def compare_masters(peers, tables, where, theirs, paths):
    bias, flat, norm, level = theirs
    header = fits.getheader(paths[1])
    for q in (1, 2, 3, 4):
        here = {**where, "q": q}
        tables.pixels("Master bias", here, part(paths[0], q), peers.quadrants_of(bias)[q])
        # Ours has a median of 1 over the CCD; theirs, a mean of flats that have, nearly.
        tables.pixels("Master flat times level", here, part(paths[1], q) * header["FLTNORM"],
                      peers.quadrants_of(flat)[q].astype(float) * norm)
    ours = json.loads(paths[2].read_text())["level_dn"]
    tables.judge("Levels", "1e-5", {"flat, relative": (abs(header["FLTNORM"] / norm - 1), None),
                                    "flat level, relative": (abs(ours / level - 1), 1e-5)})
    tables.row("Levels", where, {"flat, theirs (DN)": f"{norm:.4f}", "ours": f"{header['FLTNORM']:.4f}",
                                 "focal plane, theirs (DN)": f"{level:.4f}", "ours (DN)": f"{ours:.4f}"})


def compare_apertures(peers, rawsky, tables, place, image):
    """Our table against the peer's on our pixels."""
    here, raw, q = place
    target = rawsky.scratch / f"aper_q{q}.parquet"
    rawsky.run("aperture", image, "--catalogue", peers.night / "calibrator" / "gaia_dr3_astro", "-o", target)
    ours = pd.read_parquet(target)
    header = fits.getheader(image)
    archive = fits.getheader(peers.archive(raw, q, "sciimg"))
    mask = fits.getdata(peers.archive(raw, q, "mskimg"))
    theirs = peers.apertures(fits.getdata(image).astype("f4"), archive, mask)
    assert header["OBSMJD"] == archive["OBSMJD"]
    both = ours.merge(theirs, on="source_id", suffixes=("", "_peer"))
    apart = np.abs(both[["x", "y"]].values - both[["x_peer", "y_peer"]].values).max(axis=1)
    still = both.source_id.isin(peers.still_stars()).values
    cells = {"stars": f"{len(both)} of {len(ours)} and {len(theirs)}", "max |x, y| (pix)": f"{apart.max():.1e}",
             "of stars without motion": f"{apart[still].max(initial=0):.1e}",
             "isolated differ": int((both.isolated != both.isolated_peer).sum())}
    worst, beyond, nans, flags, count = 0.0, 0, 0, 0, 0
    for i in range(len(RADII)):
        flux, error = both[f"f_{i}_peer"].values.astype(float), both[f"f_{i}_e_peer"].values.astype(float)
        unit = APERTURE_UNIT * (np.abs(flux) + error)
        for name in (f"f_{i}", f"f_{i}_e"):
            off = np.abs(both[name].values.astype(float) - both[f"{name}_peer"].values.astype(float)) / unit
            worst, beyond = max(worst, np.nanmax(off)), beyond + int((off > 1).sum())
            count += off.size
        nans += int((np.isnan(both[f"f_{i}"]) != np.isnan(flux)).sum())
        flags += int((both[f"f_{i}_f"].values != both[f"f_{i}_f_peer"].values).sum())
    cells |= {"worst (1e-5 (|f| + e))": f"{worst:.2e}", "beyond 1": f"{beyond} of {count}",
              "NaN in one only": nans, "flags differ": flags}
    tables.row("Apertures on identical pixels", here, cells)
    unlike = len(ours) + len(theirs) - 2 * len(both)
    tables.judge("Apertures on identical pixels", "1 in units of 1e-5 (abs(flux) + error); 1e-8 pix without motion",
                 {"flux or error": (worst, 1), "x, y (pix)": (apart.max(), None),
                  "x, y of stars without motion": (apart[still].max(initial=0), 1e-8),
                  "stars of one side": (unlike, 0), "isolated differ": (cells["isolated differ"], 0),
                  "NaN in one only": (nans, 0), "flags differ": (flags, 0)})


def nights(args):
    """The nights given, or made."""
    if not args.simulator:
        return [(pathlib.Path(n).name, n) for n in args.nights]
    made = []
    for seed in args.seeds.split(","):
        for fz in {"no": [False], "yes": [True], "both": [False, True]}[args.fz]:
            name = f"{args.geom}_{seed}{'_fz' if fz else ''}"
            folder = pathlib.Path(args.work) / name
            if not (folder / "truth" / "truth.json").exists():
                count = len(args.filter.split(","))
                subprocess.run([sys.executable, args.simulator, folder, "--geom", args.geom, "--seed", seed,
                                "--ccd", args.ccd, "--nbias", "16", "--filters", args.filter,
                                "--nsci", str(count)] + (["--fz"] if fz else []), check=True)
            made.append((name, folder))
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nights", nargs="*")
    parser.add_argument("--rawsky", required=True)
    parser.add_argument("--ccd", default="1")
    parser.add_argument("--filter", default="zg,zr,zi")
    parser.add_argument("--simulator")
    parser.add_argument("--work", default=".")
    parser.add_argument("--geom", default="tiny")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--fz", default="no", choices=["no", "yes", "both"])
    args = parser.parse_args()
    tables = Tables()
    for name, night in nights(args):
        peers = Peers(night)
        for ccd in map(int, args.ccd.split(",")):
            for band in args.filter.split(","):
                with tempfile.TemporaryDirectory() as scratch:
                    rawsky = Rawsky(os.path.abspath(args.rawsky), peers.recipe, scratch)
                    where = {"night": name, "ccd": ccd, "band": band}
                    one_ccd(peers, rawsky, tables, where, band, ccd)
    print(f"{peers.recipe}: " + ", ".join(f"{n} {v}" for n, v in peers.versions.items()) + f", numpy {np.__version__}")
    print("\nPatched: " + "; ".join(dict.fromkeys(CHANGES)))
    beyond = tables.summary()
    tables.show()
    return beyond != 0


if __name__ == "__main__":
    sys.exit(main())
