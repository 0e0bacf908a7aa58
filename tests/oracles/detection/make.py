"""What sep finds in simulated fields: python3 make.py ../../cases/detection

Needs numpy and sep 1.4.1. One JSON file per case: how the field is made, how sep is called, and a list
per column of its answer.
"""
import json
import pathlib
import sys

import numpy as np
import sep

from scene import scene

KERNEL = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32)
WIDE = np.array([[.1, .3, .4, .3, .1], [.3, .7, .9, .7, .3], [.4, .9, 1.2, .9, .4],
                 [.3, .7, .9, .7, .3], [.1, .3, .4, .3, .1]], np.float32)
FIELD = {"rows": 180, "columns": 230, "stars": 90, "height": 30.0}
CROWDED = {"rows": 170, "columns": 210, "stars": 420, "height": 20.0}

CASES = {
    "matched": {"field": FIELD, "noise": "plane", "filter": "matched", "sigma": 5.0},
    "matched_masked": {"field": FIELD, "noise": "plane", "filter": "matched", "sigma": 5.0, "mask": True, "clean": None},
    "convolved": {"field": FIELD, "noise": "plane", "filter": "convolve", "sigma": 3.0, "gain": 8.0},
    "constant": {"field": FIELD, "noise": 6.0, "filter": "convolve", "sigma": 4.0, "kernel": WIDE.tolist()},
    "constant_masked": {"field": FIELD, "noise": 6.0, "filter": "convolve", "sigma": 2.0, "mask": True},
    "unfiltered": {"field": FIELD, "noise": "plane", "filter": "none", "sigma": 3.0, "clean": None, "area": 3},
    "crowded": {"field": CROWDED, "noise": "plane", "filter": "matched", "sigma": 5.0},
    "crowded_uncleaned": {"field": CROWDED, "noise": "plane", "filter": "matched", "sigma": 3.0, "clean": None},
    "crowded_few_levels": {"field": CROWDED, "noise": "plane", "filter": "matched", "sigma": 4.0,
                           "levels": 5, "contrast": 0.05, "area": 8},
}


def call(case, image, variance, mask):
    """sep's answer: the objects, and the segmentation."""
    filtered = case["filter"]
    kernel = None if filtered == "none" else np.array(case.get("kernel", KERNEL), np.float32)
    plane = case["noise"] == "plane"
    noise = {"var": variance} if plane else {"err": case["noise"]}
    clean = case.get("clean", 1.0)
    return sep.extract(
        image, case["sigma"], mask=mask if case.get("mask") else None, minarea=case.get("area", 5),
        filter_kernel=kernel, filter_type="matched" if filtered == "matched" else "conv",
        deblend_nthresh=case.get("levels", 32), deblend_cont=case.get("contrast", 0.005),
        clean=clean is not None, clean_param=clean or 1.0, gain=case.get("gain"),
        segmentation_map=True, **noise)


def photometry(image, objects, mask, gain):
    """Windowed positions, Kron and half-light radii; exact overlaps where sep has them (flux_radius: 200 x 200 parts)."""
    x, y, a, b, theta = (objects[name].astype(float) for name in ("x", "y", "a", "b", "theta"))
    kron, flag = sep.kron_radius(image, x, y, a, b, theta, 6.0, mask=mask)
    circle = kron * np.sqrt(a * b) < 1.75
    # Without a Kron ellipse the circle alone is left.
    safe = np.where(circle, 1.0, kron)
    flux, error, flags = sep.sum_ellipse(image, x, y, a, b, theta, 2.5 * safe, err=5.0, gain=gain,
                                         mask=mask, subpix=0)
    round_flux, round_error, round_flags = sep.sum_circle(image, x, y, 1.75, err=5.0, gain=gain,
                                                          mask=mask, subpix=0)
    flux = np.where(circle, round_flux, flux)
    radius, radius_flag = sep.flux_radius(image, x, y, 6.0 * a, 0.5, normflux=flux, mask=mask, subpix=200)
    sigma = 2.0 / 2.35 * radius
    wide = np.where(sigma > 0, sigma, 1.0)
    xwin, ywin, win_flag = sep.winpos(image, x, y, wide, mask=mask, subpix=0)
    return {"kron_radius": kron, "flux_auto": flux, "fluxerr_auto": np.where(circle, round_error, error),
            "flux_radius": radius, "xwin": xwin, "ywin": ywin}


def words(values):
    """Nine digits hold a float32, and a float64 far below any tolerance."""
    if np.asarray(values).dtype.kind in "iu":
        return [int(value) for value in values]
    return [float(f"{value:.10g}") if np.isfinite(value) else None for value in values]


def answer(case):
    image, variance, mask = scene(**case["field"])
    objects, segmentation = call(case, image, variance, mask)
    used = mask if case.get("mask") else None
    columns = {name: words(objects[name]) for name in objects.dtype.names}
    photometric = photometry(image, objects, used, case.get("gain"))
    columns |= {name: words(values) for name, values in photometric.items()}
    check = [float(image.astype(float).sum()), float(variance.astype(float).sum()), int(mask.sum())]
    labels = segmentation[segmentation > 0]
    return case | {"check": check, "columns": columns, "labelled": int(labels.size)}


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, case in CASES.items():
        made = answer(case)
        (folder / f"{name}.json").write_text(json.dumps(made, separators=(",", ":")) + "\n")
        print(name, len(made["columns"]["x"]))


main()
