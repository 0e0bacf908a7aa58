#!/usr/bin/env python3
"""Real cameras: rawsky against plain numpy, against ccdproc, and against the headers.

    python3 compare.py RAWSKY DATA WORK [--engine native] [--only kast,saao,stl1001,generic,aspen,lsst]

RAWSKY is the command, DATA the folder of shared test material (kast_blue, ccd), WORK an empty folder
for what is made here. Needs numpy, astropy, ccdproc. The exit code is 1 if anything differs by more
than it may (TOLERANCE_DN for all but OUTLIERS of the pixels). Made with numpy 2.x, astropy 8.0.2,
ccdproc 2.5.1 (2026-11).
"""
import argparse
import gzip
import pathlib
import shutil
import subprocess
import sys
import warnings

import numpy as np
from astropy import units as u
from astropy.io import fits
from astropy.modeling import models
from astropy.nddata import CCDData

warnings.filterwarnings("ignore")

TOLERANCE_DN = 2e-3
OUTLIERS = 1e-4

# Steps that leave what the overscan leaves: for comparison with programs that stop there.
OVERSCAN_ONLY = """version = 1
name = "overscan-only"
bias = [{ step = "overscan", columns = { last = 100000 }, terms = 3, clip_sigma = 1e9 }, { step = "assemble" }]
flat = [{ step = "overscan", columns = { last = 100000 }, terms = 3, clip_sigma = 1e9 }, { step = "assemble" }]
science = [{ step = "overscan", columns = { last = 100000 }, terms = 3, clip_sigma = 1e9 }, { step = "assemble" }, { step = "split" }]
bias_master = { minimum_frames = 1, clip_sigma = 3.0, maximum_passes = 50, merge = "median" }
flat_master = { minimum_frames = 1, clip_sigma = 3.0, maximum_passes = 50, merge = "median" }
aperture = { radii_pix = [3.0] }
"""


class Report:
    """What was compared, and whether all was well."""

    def __init__(self):
        self.good = True

    def equal(self, what, ours, theirs, scale=1.0):
        """Prints the differences; relative ones where `scale` is not 1 DN."""
        difference = np.abs(np.asarray(ours, float) - np.asarray(theirs, float)) / scale
        both = np.isnan(ours) == np.isnan(theirs)
        difference = np.where(np.isnan(difference), 0.0, difference)
        share = float(np.mean(difference > TOLERANCE_DN))
        good = bool(share <= OUTLIERS and np.all(both))
        self.good &= good
        unit = "DN" if np.isscalar(scale) and scale == 1.0 else "of the tolerance's unit"
        print(f"{'ok ' if good else 'BAD'} {what}: worst {difference.max():.2e} {unit}, "
              f"rms {np.sqrt(np.mean(difference ** 2)):.1e}, beyond {TOLERANCE_DN}: {share:.1e}")

    def holds(self, what, good, value):
        self.good &= bool(good)
        print(f"{'ok ' if good else 'BAD'} {what}: {value}")


def run(args, *words):
    command = [args.rawsky, "--engine", args.engine, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def unpacked(path, folder):
    """A plain copy of a file, whether it is packed as a whole or not."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / path.name.removesuffix(".gz")
    with open(path, "rb") as file:
        magic = file.read(2)
    opener = gzip.open if magic == b"\x1f\x8b" else open
    with opener(path, "rb") as source, open(target, "wb") as sink:
        shutil.copyfileobj(source, sink)
    return target


def named(folder, stem):
    """A file of the material, packed or not."""
    for ending in (".fits", ".fits.gz"):
        if (folder / (stem + ending)).exists():
            return folder / (stem + ending)
    sys.exit(f"{folder}/{stem}.fits[.gz] is missing")


# ---- Lick Kast blue ------------------------------------------------------------------------------

def kast_raw(path):
    """The two halves of a raw file, minus their overscan, in plain numpy."""
    raw = fits.getdata(path).astype(float)
    halves = []
    for columns, overscan in ((slice(0, 1024), slice(2056, 2080)), (slice(1024, 2048), slice(2080, 2104))):
        level = raw[:, overscan].mean(axis=1)
        x = np.linspace(-1, 1, len(level))
        kept = np.ones(len(level), bool)
        for _ in range(10):
            model = np.polynomial.legendre.legval(x, np.polynomial.legendre.legfit(x[kept], level[kept], 7))
            rest = level - model
            middle = np.median(rest)
            choice = np.abs(rest - middle) <= 3 * 1.4826 * np.median(np.abs(rest - middle))
            if np.array_equal(choice, kept):
                break
            kept = choice
        model = np.polynomial.legendre.legval(x, np.polynomial.legendre.legfit(x[kept], level[kept], 7))
        halves.append(raw[:, columns] - model[:, None])
    return np.hstack(halves)


def seam(image, rows):
    """Step from column 1023 to 1024 (DN, median of rows), its error, and the scatter of the same
    step at the 40 columns on either side."""
    step = image[rows][:, 1024] - image[rows][:, 1023]
    others = [np.median(image[rows][:, c + 1] - image[rows][:, c])
              for c in range(983, 1064) if c != 1023]
    return np.median(step), 1.2533 * step.std() / np.sqrt(len(step)), float(np.std(others))


def kast(args, report):
    print("\nLick Kast blue: b21-b23, b11-b13, b24, b27 against plain numpy")
    work = args.work / "kast"
    night = work / "night"
    numbers = (21, 22, 23, 11, 12, 13, 24, 27)
    files = {n: unpacked(named(args.data / "kast_blue", f"b{n}"), night) for n in numbers}
    run(args, "reduce", night, "-o", work / "run", "--camera", "kast_blue")
    products = work / "run" / "products"

    bias = np.median([kast_raw(files[n]) for n in (21, 22, 23)], axis=0)
    flat = np.median([kast_raw(files[n]) for n in (11, 12, 13)], axis=0) - bias
    level = np.median(flat)
    ours = {}
    for kind in ("bias", "flat"):
        name = next(products.glob(f"*_{kind}.fits"))
        with fits.open(name) as hdus:
            ours[kind] = np.hstack([hdus["IMAGE1"].data, hdus["IMAGE2"].data])
            places = [hdus[f"IMAGE{a}"].header["DETSEC"] for a in (1, 2)]
    report.holds("places of the amplifiers", places == ["[1:1024,1:350]", "[1025:2048,1:350]"], places)
    report.equal("master bias", ours["bias"], bias)
    # A flat is stored over its level in 32-bit floats: two units in their last place are allowed.
    units = np.maximum(1.0, np.abs(flat) * 2.0 ** -22 / TOLERANCE_DN)
    report.equal("master flat x level", ours["flat"] * level, flat, units)
    lit = flat[:, 1000:1048].mean(axis=1) > 2000
    print(f"    the lamp itself steps by {seam(flat, lit)[0]:+.1f} DN of {np.median(flat[lit][:, 1000:1024]):.0f}")
    lamp_as_science(args, report, (files, lit))
    for n in (24, 27):
        theirs = (kast_raw(files[n]) - bias) / (flat / level)
        image = np.hstack([fits.getdata(products / f"rawsky_b{n}_q{a}_sciimg.fits") for a in (1, 2)])
        dark = flat / level <= 0
        # Where hardly any light fell the quotient magnifies the rounding of 32-bit floats.
        scale = np.maximum(1.0, np.abs(1.0 / np.where(dark, 1.0, flat / level)))
        report.equal(f"b{n} detrended", np.where(dark, 0, image), np.where(dark, 0, theirs), scale)
        step, error, scatter = seam(image, lit)
        report.holds(f"b{n} seam", abs(step) < 3 * max(error, scatter),
                     f"{step:+.2f} +- {error:.2f} DN; the same step elsewhere scatters by {scatter:.2f}")


def lamp_as_science(args, report, known):
    """A flat that is reduced as if it were science, with the flats before it: a smooth spectrum."""
    files, lit = known
    work = args.work / "lamp"
    (work / "night").mkdir(parents=True)
    for n in (21, 22, 23, 11, 12, 13):
        shutil.copy(files[n], work / "night")
    with fits.open(work / "night" / "b13.fits", mode="update") as hdus:
        hdus[0].header["LAMPSTA5"] = "off"
    run(args, "reduce", work / "night", "-o", work / "run", "--camera", "kast_blue")
    products = work / "run" / "products"
    image = np.hstack([fits.getdata(products / f"rawsky_b13_q{a}_sciimg.fits") for a in (1, 2)])
    step, error, scatter = seam(image, lit)
    report.holds("a lamp (b13) by the flats of b11 and b12, seam", abs(step) < 3 * max(error, scatter),
                 f"{step:+.2f} +- {error:.2f} DN of {np.median(image[lit][:, 1000:1048]):.0f}; "
                 f"the same step elsewhere scatters by {scatter:.2f}")


# ---- SAAO ----------------------------------------------------------------------------------------

def saao(args, report):
    import ccdproc
    print("\nSAAO 1.0 m: a8280271 against ccdproc")
    work = args.work / "saao"
    raw = unpacked(args.data / "ccd" / "a8280271.fits", work / "night")
    recipe = work / "overscan.toml"
    recipe.write_text(OVERSCAN_ONLY)
    run(args, "reduce", work / "night", "-o", work / "run", "--camera", "saao", "--recipe", recipe)
    image, header = fits.getdata(work / "run" / "products" / "rawsky_a8280271_q1_sciimg.fits", header=True)
    ccd = CCDData.read(raw, unit="adu")
    section = ccd.header["BIASSEC"].replace(" ", "")
    trim = ccd.header["TRIMSEC"].replace(" ", "")
    # ccdproc's fitsaxes: the overscan runs along the rows, its columns are averaged.
    flat = ccdproc.subtract_overscan(ccd, fits_section=section, overscan_axis=1, median=False,
                                     model=models.Legendre1D(2))
    flat = ccdproc.trim_image(flat, fits_section=trim)
    report.equal("overscan and trim", image, flat.data)
    report.holds("gain of the header", header["GAIN"] == 1.9, header["GAIN"])


# ---- nights of one amplifier ---------------------------------------------------------------------

class Generic:
    """An unknown camera with an overscan, and keywords as observatories write them."""
    shape, width, gain, noise = (120, 150), 16, 1.6, 4.0
    roles = {"bias": "zero", "dark": "Dark Frame", "flat": "flat", "science": "object"}

    def cards(self):
        height, width = self.shape
        return {"GAIN": self.gain, "RDNOISE": self.noise, "DATASEC": f"[1:{width},1:{height}]",
                "BIASSEC": f"[{width + 3}:{width + self.width},1:{height}]"}


class Stl1001:
    """1024 x 1024 pixels, no overscan; gain and read noise are in no header."""
    shape, width, gain, noise = (1024, 1024), 0, 2.06, 15.0
    roles = {"bias": "Bias Frame", "dark": "Dark Frame", "flat": "Flat Field", "science": "Light Frame"}

    def cards(self):
        return {"INSTRUME": "SBIG STL-1001 3 CCD Camera", "XBINNING": 1, "YBINNING": 1}


def simulate(camera, folder, seed):
    """Biases, darks of two times, flats of two filters and two exposures, one amplifier."""
    dice = np.random.default_rng(seed)
    shape, gain = camera.shape, camera.gain
    rows, columns = np.mgrid[:shape[0], :shape[1]]
    pattern = 3.0 * np.sin(columns / 9.0)
    dark = 0.02 + 0.5 * (dice.random(shape) > 0.99)
    response = {f: 1 + 0.1 * np.cos((rows * i + columns) / 60.0) for i, f in ((1, "B"), (2, "Rc 2"))}
    truth = {}
    folder.mkdir(parents=True)

    def write(name, role, seconds, light, band, number):
        level = 900 + 0.05 * rows[:, :1]
        electrons = dice.poisson(np.clip(gain * (light + seconds * dark), 0, None)) / gain
        data = np.hstack([level + pattern + electrons, level + np.zeros((shape[0], camera.width))])
        data = np.rint(data + dice.normal(0, camera.noise / gain, data.shape)).clip(0, 65535).astype(np.uint16)
        hdu = fits.PrimaryHDU(data)
        cards = {"IMAGETYP": camera.roles[role], "EXPTIME": seconds, "FILTER": band,
                 "DATE-OBS": f"2024-05-0{2 + number // 24}T{number % 24:02}:30:00"}
        hdu.header.update(cards | camera.cards())
        hdu.writeto(folder / name)

    number = 0
    for n in range(9):
        write(f"bias{n:02}.FIT", "bias", 0.0, 0.0, "B", number := number + 1)
    for seconds in (60.0, 300.0):
        for n in range(5):
            write(f"D {seconds:.0f}s {n}.fits", "dark", seconds, 0.0, "B", number := number + 1)
    for band in response:
        for n in range(5):
            write(f"flat_{band[0]}{n}.fts", "flat", 5.0, 20000 * response[band], band, number := number + 1)
    for band in response:
        light = 200 + 3000 * np.exp(-((rows - 60) ** 2 + (columns - 70) ** 2) / 18)
        write(f"m57 {band[0]}.fits", "science", 240.0, light * response[band], band, number := number + 1)
        truth[f"m57 {band[0]}"] = (light * np.median(response[band]), band, response[band])
    return truth


def legendre(level):
    """The row level as the default recipe fits it: three terms, clipped about the model."""
    x, kept = np.linspace(-1, 1, len(level)), np.ones(len(level), bool)
    for _ in range(10):
        rest = level - np.polynomial.legendre.legval(x, np.polynomial.legendre.legfit(x[kept], level[kept], 2))
        middle = np.median(rest)
        choice = np.abs(rest - middle) <= 3 * 1.4826 * np.median(np.abs(rest - middle))
        if np.array_equal(choice, kept):
            break
        kept = choice
    return np.polynomial.legendre.legval(x, np.polynomial.legendre.legfit(x[kept], level[kept], 2))


def clipped_median(frames):
    """Clip at 3 standard deviations about the median until nothing changes; then the median."""
    values = np.array(frames, float)
    while True:
        middle, spread = np.nanmedian(values, axis=0), np.nanstd(values, axis=0)
        out = np.abs(values - middle) > 3 * spread
        left = np.sum(~np.isnan(values), axis=0) - np.sum(out, axis=0)
        out &= left >= 2
        if not np.any(out):
            return np.nanmedian(values, axis=0)
        values[out] = np.nan


def generic(args, report):
    print("\nA camera that nobody described: simulated here, against numpy and ccdproc")
    one_amplifier(args, report, "generic", Generic())


def stl1001(args, report):
    print("\nSBIG STL-1001E, 1024 x 1024 without overscan: simulated here, against numpy and ccdproc")
    one_amplifier(args, report, "stl1001", Stl1001())


def one_amplifier(args, report, name, camera):
    """A simulated night by its camera file, each step against numpy and ccdproc."""
    work = args.work / name
    truth = simulate(camera, work / "night", 11)
    print("   ", run(args, "reduce", work / "night", "-o", work / "run", "--camera", name).strip().splitlines()[0])
    products = work / "run" / "products"
    columns = camera.shape[1]

    def trimmed(file):
        data, header = fits.getdata(work / "night" / file, header=True)
        data = data.astype(float)
        if camera.width:
            data = data[:, :columns] - legendre(data[:, columns + 2:].mean(axis=1))[:, None]
        return CCDData(data, unit="adu", header=header)

    names = sorted(path.name for path in (work / "night").iterdir())
    stack = lambda start: clipped_median([trimmed(n).data for n in names if n.startswith(start)])
    bias = stack("bias")
    darks = {t: stack(f"D {t}s") - bias for t in (60, 300)}
    with fits.open(next(products.glob("*_bias.fits"))) as hdus:
        report.equal("master bias", hdus["IMAGE1"].data, bias)
    with fits.open(next(products.glob("*_t300_dark.fits"))) as hdus:
        report.equal("master dark of 300 s", hdus["IMAGE1"].data, darks[300])
    for stem, (light, band, _) in truth.items():
        flat = stack(f"flat_{band[0]}") - bias - 5.0 / 60.0 * darks[60]
        image = by_ccdproc(trimmed(stem + ".fits"), bias, (darks[300], 300.0), flat)
        with fits.open(products / f"rawsky_{stem.replace(' ', '_')}_q1_sciimg.fits") as hdus:
            ours, variance = hdus[0].data.astype(float), hdus["VARIANCE"].data.astype(float)
            gain = hdus[0].header["GAIN"]
        report.equal(f"{stem} against ccdproc", ours, image)
        report.holds(f"{stem} gain", gain == camera.gain, gain)
        pull = (ours - light) / np.sqrt(variance)
        report.holds(f"{stem} pulls to the truth", abs(pull.mean()) < 0.05 and abs(pull.std() - 1) < 0.05,
                     f"mean {pull.mean():+.3f}, scatter {pull.std():.3f}")


def by_ccdproc(image, bias, dark, flat):
    """Bias, dark scaled to the exposure, flat over its median: with ccdproc's functions."""
    import ccdproc
    frame, seconds = dark
    dark = CCDData(frame, unit="adu", header={"EXPTIME": seconds})
    image = ccdproc.subtract_bias(image, CCDData(bias, unit="adu"))
    image = ccdproc.subtract_dark(image, dark, exposure_time="EXPTIME", exposure_unit=u.s, scale=True)
    return ccdproc.flat_correct(image, CCDData(flat, unit="adu"), norm_value=np.median(flat)).data


def aspen(args, report):
    """A real exposure of a camera without a file of its own. Its raw calibrations are made back from
    the combined ones that go with it (a dark less bias, a flat over its level)."""
    print("\nAspenCG16 (KELT-16, real) with the generic camera against ccdproc")
    folder, work = args.data / "ccd" / "aspen", args.work / "aspen"
    night = work / "night"
    night.mkdir(parents=True)
    read = lambda stem: fits.getdata(next(folder.glob(stem + "*")), header=True)
    bias, bias_header = read("combined_bias")
    bias = bias.astype("f4")
    (dark, dark_header), (flat, flat_header), (image, header) = map(read, ("combined_dark", "combined_flat", "kelt"))
    raws = {"a": (bias, bias_header), "b": (dark + bias, dark_header), "c": (flat * np.float32(20000) + bias, flat_header),
            "d": (image.astype("f4"), header)}
    for name, (data, cards) in raws.items():
        data = raws[name] = np.asarray(data, "f4")
        keep = {k: cards[k] for k in ("DATE-OBS", "EXPTIME", "IMAGETYP", "INSTRUME", "BIASSEC", "TRIMSEC", "FILTER") if k in cards}
        fits.writeto(night / f"{name}.fit", data, fits.Header(keep))
    run(args, "reduce", night, "-o", work / "run", "--camera", "generic")
    raws = {name: data.astype(float) for name, data in raws.items()}
    seconds = header["EXPTIME"]
    flat = raws["c"] - raws["a"] - flat_header["EXPTIME"] / dark_header["EXPTIME"] * (raws["b"] - raws["a"])
    theirs = by_ccdproc(CCDData(raws["d"], unit="adu", header={"EXPTIME": seconds}), raws["a"],
                        (raws["b"] - raws["a"], dark_header["EXPTIME"]), flat)
    report.equal("detrended", fits.getdata(work / "run" / "products" / "rawsky_d_q1_sciimg.fits"), theirs)


# ---- sixteen amplifiers --------------------------------------------------------------------------

def bounds(text):
    (x1, x2), (y1, y2) = ([int(n) for n in part.split(":")] for part in text.strip("[]").split(","))
    return x1, x2, y1, y2


def lsst(args, report):
    """Pixels that say where DETSEC puts them must come out there."""
    print("\nLSST: sections and places of 16 amplifiers against the headers of three raw files")
    for stem, number in (("3019031900001-R10-S02-det029", 29), ("2023103100227-R21-S01-det010", 82),
                         ("7024032100720-R22-S11-det094", 94)):
        work = args.work / "lsst" / stem
        work.mkdir(parents=True)
        path = next((args.data / "ccd").glob(stem + "*"))
        recipe = work / "overscan.toml"
        recipe.write_text(OVERSCAN_ONLY)
        with fits.open(path) as hdus:
            plain = fits.HDUList([fits.PrimaryHDU(header=hdus[0].header)])
            plain[0].header["IMGTYPE"] = "BIAS"
            places = {}
            for amp in range(1, 17):
                header = hdus[amp].header
                data = np.zeros(hdus[amp].shape, np.float32)
                x1, x2, y1, y2 = bounds(header["DATASEC"])
                dx1, dx2, dy1, dy2 = bounds(header["DETSEC"])
                places[amp] = tuple(sorted((dx1, dx2))) + tuple(sorted((dy1, dy2)))
                x = np.linspace(dx1, dx2, x2 - x1 + 1)
                y = np.linspace(dy1, dy2, y2 - y1 + 1)
                data[y1 - 1:y2, x1 - 1:x2] = y[:, None] * 4096 + x[None, :]
                cards = {k: header[k] for k in ("DATASEC", "DETSEC", "EXTNAME")}
                plain.append(fits.ImageHDU(data, fits.Header(cards)))
        plain.writeto(work / "encoded.fits")
        run(args, "master-bias", work / "encoded.fits", "-o", work / "bias.fits",
            "--camera", "lsst", "--recipe", recipe)
        wrong = 0
        with fits.open(work / "bias.fits") as hdus:
            detector = hdus[0].header["DETECTOR"]
            for amp, (x1, x2, y1, y2) in places.items():
                x, y = np.meshgrid(np.arange(x1, x2 + 1), np.arange(y1, y2 + 1))
                image = hdus[f"IMAGE{amp}"]
                section = f"[{x1}:{x2},{y1}:{y2}]"
                wrong += image.header["DETSEC"] != section
                wrong += int(np.sum(image.data != (y * 4096 + x).astype(np.float32)))
        report.holds(f"{stem}: detector {detector}, pixels out of place", (wrong, detector) == (0, number), wrong)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rawsky")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--engine", default="native")
    parser.add_argument("--only", default="kast,saao,stl1001,generic,aspen,lsst")
    args = parser.parse_args()
    if args.work.exists() and any(args.work.iterdir()):
        sys.exit(f"{args.work} is not empty")
    report = Report()
    for name in args.only.split(","):
        {"kast": kast, "saao": saao, "stl1001": stl1001, "generic": generic, "aspen": aspen, "lsst": lsst}[name](args, report)
    print("\nall equal" if report.good else "\nsomething differs")
    sys.exit(0 if report.good else 1)


if __name__ == "__main__":
    main()
