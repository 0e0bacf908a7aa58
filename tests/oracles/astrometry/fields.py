"""Astrometry of real fields: python3 fields.py PROGRAM DATA

PROGRAM is `cargo build --release -p rawsky-core --example solve --features files`, DATA the folder of real
data. Two fields, both from 10 arcminutes and 5 degrees off:

hsc  the 102 CCDs of a visit of Hyper Suprime-Cam, each alone, against Gaia (positions and errors, no fluxes);
     then each against the sky of another part of the catalogue, which must be refused
kit  the 17th-magnitude detections of a ZTF quadrant against Gaia DR2, and the archive's own map

Needs astropy, numpy, pandas, pyarrow.
"""
import json
import pathlib
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning

warnings.simplefilter("ignore", FITSFixedWarning)
SHIFT_DEG, TURN_DEG = 10 / 60, 5.0
KEYS = ["CTYPE1", "CTYPE2", "CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2"]


def solve(program, **field):
    text = json.dumps(field)
    return json.loads(subprocess.run([program], input=text, check=True, capture_output=True, text=True).stdout)


def wrong(cards, number, shape):
    """The start moved by 10 arcminutes along each axis and turned by 5 degrees about the image's middle."""
    sign = [(1, 1), (1, -1), (-1, 1), (-1, -1)][number % 4]
    turn = np.radians(TURN_DEG * (1 if number % 2 else -1))
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    cd = np.array([[cards["CD1_1"], cards["CD1_2"]], [cards["CD2_1"], cards["CD2_2"]]])
    middle = np.array([(shape[1] + 1) / 2, (shape[0] + 1) / 2])
    away = cd @ (middle - np.array([cards["CRPIX1"], cards["CRPIX2"]]))
    pixel = middle - np.linalg.inv(turned @ cd) @ away
    new = turned @ cd
    out = dict(cards, CRPIX1=pixel[0], CRPIX2=pixel[1], CD1_1=new[0, 0], CD1_2=new[0, 1], CD2_1=new[1, 0],
               CD2_2=new[1, 1])
    out["CRVAL1"] += sign[0] * SHIFT_DEG / np.cos(np.radians(cards["CRVAL2"]))
    out["CRVAL2"] += sign[1] * SHIFT_DEG
    return out


def moved(ra, dec, pmra, pmdec, years):
    """Degrees; proper motions in mas/year, small."""
    pmra, pmdec = np.nan_to_num(pmra), np.nan_to_num(pmdec)
    return ra + pmra * years / 3.6e6 / np.cos(np.radians(dec)), dec + pmdec * years / 3.6e6


def summary(name, values, unit="arcsec"):
    values = np.asarray(values) if len(values) else np.array([np.nan])
    print(f"  {name}: median {np.median(values):.4g}, {values.min():.4g} to {values.max():.4g} {unit}")


def hsc(program, data, shape=(4176, 2048)):
    folder = data / "fields/hsc_visit1180"
    table = pd.read_parquet(folder / "gaia_refCat.parquet")
    table = table[np.isfinite(table.coord_ra)]
    per_year = np.degrees(1) * 3.6e6
    ra, dec = np.degrees(table.coord_ra.to_numpy()), np.degrees(table.coord_dec.to_numpy())
    years = (56744.29 - table.epoch.to_numpy()) / 365.25
    ra, dec = moved(ra, dec, table.pm_ra.to_numpy() * per_year, table.pm_dec.to_numpy() * per_year, years)
    magnitude = -2.5 * np.log10(table.phot_g_mean_flux.to_numpy())
    stars = np.column_stack([ra, dec, np.nan_to_num(magnitude, nan=99.0)])
    answers, refused, wrong_ones = [], [], 0
    for number, path in enumerate(sorted(folder.glob("1180_*.fits"))):
        with fits.open(path) as hdus:
            header, found = hdus[0].header, hdus[1].data
        cards = {key: header[key] for key in KEYS}
        cards["CTYPE1"], cards["CTYPE2"] = "RA---TAN", "DEC--TAN"
        error = np.hypot(found["xErr"], found["yErr"]) / np.sqrt(2)
        spots = np.column_stack([found["x"], found["y"], -error, error]).astype(float)
        if "-q" in sys.argv and number % 10:
            continue
        start = wrong(cards, number, shape) if "-r" not in sys.argv else cards
        answer = solve(program, shape=shape, spots=spots.tolist(), stars=stars.tolist(), cards=start)
        if "error" in answer:
            refused.append((path.name, len(spots), answer["error"]))
        else:
            answers.append((path.name, answer))
        # The same sky mirrored in declination about the visit's middle: as dense, but another.
        other = np.column_stack([stars[:, 0], 2 * np.median(dec) - stars[:, 1], stars[:, 2]])
        answer = solve(program, shape=shape, spots=spots.tolist(), stars=other.tolist(), cards=start)
        wrong_ones += "error" not in answer
    print(f"hsc: {len(answers)} of {len(answers) + len(refused)} CCDs solved, {wrong_ones} wrong skies believed")
    for name, spots, error in refused:
        print(f"  refused {name} ({spots} detections): {error}")
    for axis, name in enumerate(("rms east", "rms north")):
        summary(name, [a["rms_arcsec"][axis] for _, a in answers])
    summary("matched", [len(a["matched"]) for _, a in answers], "stars")
    summary("log10 chance", [a["log10_chance"] for _, a in answers], "")
    summary("start off by", [a["shift_arcsec"] for _, a in answers])
    summary("turned by", [a["rotation_deg"] for _, a in answers], "deg")
    summary("scale over the start's", [a["scale_ratio"] for _, a in answers], "")
    print("  orders:", np.bincount([a["order"] for _, a in answers])[1:].tolist())


def distance(found, truth, shape):
    """Rms and largest distance of two maps over an image (arcsec)."""
    y, x = np.mgrid[0 : shape[0] - 1 : 30j, 0 : shape[1] - 1 : 30j]
    one, two = (wcs.all_pix2world(x.ravel(), y.ravel(), 0) for wcs in (found, truth))
    east = (one[0] - two[0]) * np.cos(np.radians(two[1])) * 3600
    north = (one[1] - two[1]) * 3600
    off = np.hypot(east, north)
    return np.sqrt((off**2).mean()), off.max()


def wcs_of(answer):
    header = fits.Header()
    for key, value in answer["cards"]:
        header[key] = value
    return WCS(header)


def kit(program, data, shape=(3080, 3072)):
    folder = data / "ztf/wcs_kit"
    found = pd.read_csv(folder / "ztf_detections_17thmag.csv")
    gaia = pd.read_csv(next(folder.glob("Gaia*.csv")))
    header = fits.Header.fromtextfile(folder / "ztf_sci_header.txt")
    truth = WCS(header)
    year = 2000 + (header["OBSMJD"] - 51544.5) / 365.25
    ra, dec = moved(*(gaia[c].to_numpy() for c in ("ra", "dec", "pmra", "pmdec")), year - 2015.5)
    stars = np.column_stack([ra, dec, gaia.phot_g_mean_mag])
    cards = {key: header[key] for key in KEYS}
    cards["CTYPE1"], cards["CTYPE2"] = "RA---TAN", "DEC--TAN"
    for first in (0, 1):
        spots = np.column_stack([found.xpos - first, found.ypos - first, -found.mag, np.full(len(found), 0.05)])
        for number in range(4):
            start = wrong(cards, number, shape)
            answer = solve(program, shape=shape, spots=spots.tolist(), stars=stars.tolist(), cards=start)
            if "error" in answer:
                print("kit:", answer["error"])
                continue
            rms, most = distance(wcs_of(answer), truth, shape)
            print(f"kit, pixels from {first}: {len(answer['matched'])} of {len(spots)} detections and {len(stars)} stars,"
                  f" rms {answer['rms_arcsec'][0]:.4f} {answer['rms_arcsec'][1]:.4f} arcsec, order {answer['order']};"
                  f" from the archive's map rms {rms:.4f}, at most {most:.4f} arcsec")


program, data = sys.argv[1], pathlib.Path(sys.argv[2])
kit(program, data)
hsc(program, data)
