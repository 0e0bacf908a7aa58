#!/usr/bin/env python3
"""Reference numbers of the published trap inversion in plain numpy: tests/cases/peers/pocket_published.json.

    python3 published.py > ../../cases/peers/pocket_published.json

The statement is that of ztfsensors (repository of 2026-01, `correct_pixels`) without the matrix factors,
which cancel. That package is not on the index; the statement agrees with it to 6e-14.
"""
import json

import numpy as np

TRAP = dict(alpha=1.4, cmax=420.0, beta=0.45, nmax=120000.0)
OVERSCAN = 4


def forward(pixels, alpha, cmax, beta, nmax):
    trap, read = np.zeros(len(pixels)), np.empty_like(pixels)
    for j, n in enumerate(pixels.T):
        filling = trap / cmax
        leave = np.clip(cmax * filling**alpha, 0, trap)
        enter = np.clip(cmax * (1 - filling) ** alpha * (np.maximum(n, 0) / nmax) ** beta, 0, n)
        read[:, j] = n + leave - enter
        trap = np.maximum(trap - leave + enter, 0)
    return read


def corrected(read, passes=4):
    median = np.median(read)
    x = read.copy()
    x[:, -OVERSCAN:] = 0
    x[:2] = median
    for _ in range(passes):
        x = x + (read - forward(x, **TRAP))
        x[:, -OVERSCAN:] = 0
        x[x < 0] = median
    return x[:, :-OVERSCAN]


def main():
    rng = np.random.default_rng(7)
    charge = np.zeros((20, 12 + OVERSCAN))
    charge[:, :12] = np.exp(rng.uniform(1, 10, (20, 12)))
    charge[:, 5:8] = rng.uniform(0, 12, (20, 3))
    read = (forward(charge, **TRAP) + rng.normal(0, 15, charge.shape)).astype("f4").astype("f8")
    made = f"tests/oracles/peers/published.py, numpy {np.__version__}"
    out = dict(made=made, trap=TRAP, passes=4, overscan=OVERSCAN, read=read.tolist(), corrected=corrected(read).tolist(),
               negative=int((read[:, :12] < 0).sum()))
    print(json.dumps(out))


if __name__ == "__main__":
    main()
