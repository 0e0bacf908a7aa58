#!/usr/bin/env python3
"""A run of rawsky against the truth of a night made by an independent simulator.

    python3 compare.py SIMULATOR_DIR NIGHT PRODUCTS

SIMULATOR_DIR holds simulate.py (its response and orientation functions are used, nothing of
rawsky's); NIGHT is what it wrote; PRODUCTS is RUN/products of
`rawsky reduce NIGHT -o RUN --camera camera.toml --headers NIGHT/sci --masks NIGHT/sci
--catalogue NIGHT/calibrator/gaia_dr3_astro`.

Truth = noise-free light x response / (noise-free band flat x level), as for rawsky's own nights.
Needs numpy, scipy, astropy, pandas, pyarrow, sep.
"""
import json
import pathlib
import sys

import numpy as np
import pandas as pd
import sep
from astropy.io import fits
from scipy.ndimage import binary_dilation

BAD = np.uint32(0xFFFFFFFF) & ~np.uint32(2 | 2048)
PULL_RADIUS = 6.0


def true_flat(sim, truth, ccd, band):
    """Noise-free band flat per quadrant (sky order), its detector median one."""
    shape, seed = tuple(truth["geom"]), truth["seed"]
    lamps = []
    for led in sim.LEDS[band]:
        quads = {q: sim.response(seed, ccd, q, shape, led) for q in (1, 2, 3, 4)}
        level = np.median(np.concatenate([a.ravel() for a in quads.values()]))
        lamps.append({q: a / level for q, a in quads.items()})
    mean = {q: np.mean([lamp[q] for lamp in lamps], axis=0) for q in (1, 2, 3, 4)}
    level = np.median(np.concatenate([a.ravel() for a in mean.values()]))
    return {q: a / level for q, a in mean.items()}


def quadrant(sim, night, product, flats):
    with fits.open(product) as hdus:
        header, image = hdus[0].header, hdus[0].data.astype(float)
        bits, variance = hdus["MASK"].data.astype(np.uint32), hdus["VARIANCE"].data.astype(float)
    ccd, q = header["DETECTOR"], header["AMP"]
    exposure = header["EXPID"] - 3000
    t = np.load(night / "truth" / f"sci_c{ccd:02d}_q{q}_e{exposure}.npz")
    scale = header["FLATSCAL"]
    stored = lambda sky: sky[::-1, ::-1]
    truth = stored(t["light_sky"] / flats[q]) * scale
    hit = binary_dilation(stored(t["cosmic_sky"]), np.ones((3, 3)))
    good = (bits & BAD == 0) & ~hit & np.isfinite(image)
    r = np.where(good, image - truth, np.nan)
    pull = r[good] / np.sqrt(variance[good])
    mad = 1.4826 * np.median(np.abs(pull - np.median(pull)))
    # Columns in the order of reading: mirrored in quadrants 2 and 3.
    read = r[:, ::-1] if q in (2, 3) else r
    with np.errstate(invalid="ignore"):
        first = read[:, :32]
        center = np.nanmedian(first, axis=0)
        spread = 1.4826 * np.nanmedian(np.abs(first - center), axis=0)
        profile = np.nanmean(np.where(np.abs(first - center) < 5 * spread, first, np.nan), axis=0)
    out = dict(name=product.name, median=np.median(r[good]), ratio=np.mean(pull**2), robust=mad**2,
               profile=np.abs(profile).max())
    catalogue = product.with_name(product.name.replace("sciimg.fits", "apcat.parquet"))
    if catalogue.exists():
        out["pulls"] = pulls(catalogue, t, truth - stored(sky_only(t, q) / flats[q]) * scale, bits, hit)
    return out


def sky_only(t, q):
    """The simulator's sky is constant over a quadrant: 160 + 4 q DN times the response."""
    return (160.0 + 4.0 * q) * t["response_sky"].astype(float)


def pulls(catalogue, t, stars, bits, hit):
    table = pd.read_parquet(catalogue)
    radii = [c for c in table.columns if c.startswith("r_")]
    i = min((c[2:] for c in radii), key=lambda k: abs(table[f"r_{k}"].iloc[0] - PULL_RADIUS))
    radius = float(table[f"r_{i}"].iloc[0])
    bad = ((bits & BAD) != 0) | hit
    flux, _, flag = sep.sum_circle(np.ascontiguousarray(stars), table.x.values, table.y.values, radius, subpix=0)
    touched, _, _ = sep.sum_circle(bad.astype(float), table.x.values, table.y.values, radius, subpix=0)
    use = table.isolated & (table[f"f_{i}_f"] == 0) & (flag == 0) & (touched == 0)
    return ((table[f"f_{i}"] - flux) / table[f"f_{i}_e"])[use].values


def main():
    simulator, night, products = map(pathlib.Path, sys.argv[1:4])
    sys.path.insert(0, str(simulator))
    import simulate as sim
    truth = json.loads((night / "truth" / "truth.json").read_text())
    flats, everything = {}, []
    print(f"{'science image':58} {'median':>8} {'var.':>7} {'robust':>7} {'profile':>8} {'stars':>6} {'pull':>7} {'scatter':>7}")
    for product in sorted(products.glob("*_sciimg.fits")):
        header = fits.getheader(product)
        key = (header["DETECTOR"], header["BAND"])
        if key not in flats:
            flats.clear()
            flats[key] = true_flat(sim, truth, *key)
        r = quadrant(sim, night, product, flats[key])
        p = r.get("pulls", np.array([]))
        everything.append(p)
        mean, scatter = (p.mean(), p.std(ddof=1)) if len(p) > 1 else (np.nan, np.nan)
        print(f"{r['name']:58} {r['median']:8.4f} {r['ratio']:7.4f} {r['robust']:7.4f} "
              f"{r['profile']:8.3f} {len(p):6d} {mean:7.3f} {scatter:7.3f}")
    p = np.concatenate(everything)
    print(f"all pulls: {len(p)} stars, mean {p.mean():.3f}, scatter {p.std(ddof=1):.3f}, median {np.median(p):.3f}")


if __name__ == "__main__":
    main()
