#!/usr/bin/env python3
"""Reference numbers of the equilibrium trap in plain numpy and scipy: tests/cases/peers/equilibrium.json.

    python3 equilibrium.py > ../../cases/peers/equilibrium.json

The coefficients of the real camera are not public. These are made up so that the curves have the
shape of real ones: some ten DN at 50 DN, a top at some thousand DN.
"""
import json

import numpy as np
import scipy
from scipy.interpolate import BSpline

POINTS = np.geomspace(50.0, 5000.0, 100)
REFERENCE_K, SCALE_K = 160.0, 2.0


def polynomial(below, above, knot, t):
    def curve(x):
        u = np.log1p(x)
        d = np.maximum(0, u - np.log1p(knot))
        value = sum(np.polyval(p, t) * u**i for i, p in enumerate(below))
        return value + sum(np.polyval(q, t) * d ** (i + 2) for i, q in enumerate(above))

    return curve


def splines(knots, coefficients, t):
    first, last = knots[1] - knots[0], knots[-1] - knots[-2]
    step = np.arange(1, 4)
    extended = np.r_[knots[0] - step[::-1] * first, knots, knots[-1] + step * last]
    weights = np.array([np.polyval(p, t) for p in coefficients])
    return BSpline(extended, weights, 3)


def tabulated(curve):
    values = curve(POINTS)
    top = POINTS[np.argmax(values)]
    return lambda x: np.interp(np.clip(x, POINTS[0], top), POINTS, values)


def corrected(read, content):
    held = content(read)
    before = np.zeros_like(held)
    before[:, 1:] = held[:, :-1]
    return read + held - before


def model(description, curve, kelvin, pixels):
    content = tabulated(curve)
    at = np.r_[-100.0, 0, 49.9, POINTS[[0, 1, 40, 77]], 63.2, 199.9, 201.0, 1234.5, 4999.0, 5000.0, 6e4]
    return dict(curve=description, temperature_k=kelvin, pixel_dn=at.tolist(),
                content_dn=content(at).tolist(), corrected=corrected(pixels, content).tolist())


def main():
    rng = np.random.default_rng(4)
    pixels = np.round(np.exp(rng.uniform(2.5, 9.5, (6, 7))), 2).astype("f4").astype("f8")
    pixels[:, 4:] = np.round(rng.normal(3, 4, (6, 3)), 2).astype("f4")
    pixels[2, 1] = -6.5
    models = []
    for kelvin in (160.0, 158.5):
        t = (kelvin - REFERENCE_K) / SCALE_K
        below = [[0.3, -1.0, -60.0], [0.05, 0.4, 22.0], [0.01, -0.06, -0.6]]
        above = [[0.01, 0.02, -0.1, -5.0], [0.0, 0.01, 0.02, 0.3]]
        description = dict(kind="polynomial", below=below, above=above, knot_dn=200.0,
                           reference_k=REFERENCE_K, scale_k=SCALE_K)
        models.append(model(description, polynomial(below, above, 200.0, t), kelvin, pixels))
        knots = np.geomspace(50.0, 10000.0, 10)
        knots[[0, -1]] = 50.0, 10000.0
        level = np.array([2, 8, 14, 22, 31, 40, 47, 51, 50, 44, 35, 30.0])
        coefficients = np.c_[rng.normal(0, 0.01, (12, 3)), rng.normal(0, 0.1, 12), rng.normal(0, 0.5, 12), level]
        description = dict(kind="splines", knots_dn=knots.tolist(), coefficients=coefficients.tolist(),
                           reference_k=REFERENCE_K, scale_k=SCALE_K)
        models.append(model(description, splines(knots, coefficients, t), kelvin, pixels))
    made = f"tests/oracles/peers/equilibrium.py, numpy {np.__version__}, scipy {scipy.__version__}"
    print(json.dumps(dict(made=made, pixels=pixels.tolist(), models=models), indent=1))


if __name__ == "__main__":
    main()
