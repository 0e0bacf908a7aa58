#!/usr/bin/env python3
"""What other programs say of small images: cuts, statistics, histograms, for the tests of the core.

    python3 make.py FOLDER

Writes zscale.json, quantiles.json, statistics.json and histogram.json. Made with astropy 8.0.2 and
numpy 2.4.6 (2026-11). An image is a list of rows, the first at the bottom; null is NaN, "inf" and
"-inf" are what they say. Pixels are float32 for zscale, as the core holds them; for everything else
they are widened to float64 first, since numpy otherwise rounds its sums and ranks to float32.
"""
import json
import pathlib
import sys
import warnings

import numpy as np
from astropy.stats import mad_std, sigma_clipped_stats
from astropy.visualization import PercentileInterval, ZScaleInterval

warnings.filterwarnings("ignore")


def pixels(image):
    """JSON cannot say NaN or infinity. Each float32 is written by its shortest digits."""
    def word(value):
        if np.isnan(value):
            return None
        short = float(str(value))
        assert np.float32(short) == value
        return str(value) if np.isinf(value) else short
    return [[word(value) for value in row] for row in np.asarray(image, np.float32)]


def images():
    """Small images, each with a mask or none."""
    rng = np.random.default_rng(20261120)
    noise = lambda *shape: rng.normal(0, 7, shape)
    y, x = np.mgrid[0:61, 0:47]
    stars = 800 + noise(61, 47)
    for column, row, flux in [(10, 12, 3e4), (30.4, 40.7, 9e4), (44, 3, 1e4), (23, 55, 5e5)]:
        stars += flux * np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * 1.3**2)) / (2 * np.pi * 1.3**2)
    holes = stars.copy()
    holes[5:9, :] = np.nan
    holes[20, 3], holes[21, 4] = np.inf, -np.inf
    masked = np.zeros(stars.shape, bool)
    masked[stars > 1500] = True
    masked[:, 7] = True
    ramp = 0.25 * x + 3.0 * y + noise(61, 47)
    return {
        "stars, 61 x 47": (stars, None),
        "stars with NaN rows and infinities": (holes, None),
        "stars masked": (stars, masked),
        "stars with NaN rows, masked": (holes, masked),
        "ramp": (ramp, None),
        "noise about zero, 33 x 31": (noise(33, 31), None),
        "exactly 1000 pixels": (noise(25, 40) + 1e4, None),
        "999 pixels": (noise(27, 37) + 1e4, None),
        "1999 pixels: stride 1 of 1.999": (noise(1, 1999), None),
        "stride 3": (noise(50, 61) - 500, None),
        "constant": (np.full((9, 11), 321.5), None),
        "two levels": (np.where(rng.random((20, 30)) < 0.5, 10.0, 1000.0), None),
        "integers with many ties": (rng.poisson(3.0, (24, 41)), None),
        "half of it hot": (np.where(rng.random((40, 40)) < 0.45, 6e4, 100 + noise(40, 40)), None),
        "1 x 1": (np.array([[42.0]]), None),
        "1 x 4": (np.array([[4.0, 1.0, 3.0, 2.0]]), None),
        "1 x 5": (np.array([[5.0, 1.0, 3.0, 2.0, 9.0]]), None),
        "1 x 6": (np.array([[5.0, 1.0, 3.0, 2.0, 9.0, 4.0]]), None),
        "1 x 7 with NaN": (np.array([[5.0, np.nan, 1.0, 3.0, 2.0, 9.0, 4.0]]), None),
        "large level": (1e7 + 100 * noise(19, 23), None),
    }


def cases():
    for name, (image, mask) in images().items():
        image = np.asarray(image, np.float32)
        case = {"name": name, "image": pixels(image)}
        if mask is not None:
            case["mask"] = mask.astype(int).tolist()
        yield case, image, np.zeros(image.shape, bool) if mask is None else mask


def zscale():
    for case, image, mask in cases():
        low, high = ZScaleInterval().get_limits(np.ma.array(image, mask=mask))
        yield case | {"low": float(low), "high": float(high)}


def quantiles():
    for case, image, mask in cases():
        wide = np.ma.array(image.astype(float), mask=mask)
        for percent in (100.0, 99.5, 99.0, 95.0, 90.0, 50.0, 33.3):
            low, high = PercentileInterval(percent).get_limits(wide)
            yield {"name": case["name"], "percent": percent, "low": float(low), "high": float(high)}


REGIONS = [
    {"rectangle": {"x0": 4.0, "y0": 3.0, "x1": 20.0, "y1": 30.5}},
    {"rectangle": {"x0": -5.0, "y0": -5.0, "x1": 500.0, "y1": 500.0}},
    {"circle": {"x": 30.4, "y": 40.7, "radius": 6.0}},
    {"circle": {"x": 3.0, "y": 3.0, "radius": 5.0}},
    {"annulus": {"x": 23.0, "y": 25.0, "inner": 4.0, "outer": 13.5}},
]


def inside(region, shape):
    y, x = np.mgrid[0:shape[0], 0:shape[1]]
    (kind, p), = region.items()
    if kind == "rectangle":
        return (x >= p["x0"]) & (x <= p["x1"]) & (y >= p["y0"]) & (y <= p["y1"])
    square = (x - p["x"]) ** 2 + (y - p["y"]) ** 2
    if kind == "circle":
        return square <= p["radius"] ** 2
    return (square > p["inner"] ** 2) & (square <= p["outer"] ** 2)


def statistics():
    for case, image, mask in cases():
        if image.size < 100:
            continue
        for region in REGIONS:
            where = inside(region, image.shape)
            values = image.astype(float)[where & ~mask]
            finite = values[np.isfinite(values)]
            if finite.size == 0:
                continue
            mean, _, sigma = sigma_clipped_stats(finite)
            yield {
                "name": case["name"],
                "region": region,
                "n_pixels": int(where.sum()),
                "n_masked": int((where & mask).sum()),
                "n_nan": int(values.size - finite.size),
                "mean": float(finite.mean()),
                "median": float(np.median(finite)),
                "sigma": float(mad_std(finite)),
                "min": float(finite.min()),
                "max": float(finite.max()),
                "clipped_mean": float(mean),
                "clipped_sigma": float(sigma),
            }


def histogram():
    for case, image, mask in cases():
        values = image.astype(float)[~mask]
        for low, high, bins in [(700.0, 900.0, 50), (-20.0, 20.0, 7), (0.0, 1e4, 64)]:
            counts, _ = np.histogram(values[np.isfinite(values)], bins, (low, high))
            yield {
                "name": case["name"], "low": low, "high": high, "counts": counts.tolist(),
                "below": int((values < low).sum()), "above": int((values > high).sum()),
                "nan": int(np.isnan(values).sum()), "masked": int(mask.sum()),
            }


def write(path, cases):
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


def main():
    folder = pathlib.Path(sys.argv[1])
    for make in (zscale, quantiles, statistics, histogram):
        write(folder / f"{make.__name__}.json", make())


main()
