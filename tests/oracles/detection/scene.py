"""Simulated fields for the comparison with sep, made by integers and + - x / sqrt alone.

core/src/detect/fixture.rs makes the same fields, to the last bit, so that no image is committed.
"""
import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
NOISE, STARS, SPOTS = 1 << 40, 2 << 40, 3 << 40
ALPHA = 2.6


def mixed(start, count):
    """splitmix64 of the numbers from `start` on."""
    with np.errstate(over="ignore"):
        z = np.arange(start, start + count, dtype=np.uint64) * np.uint64(GOLDEN)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniform(start, count):
    return (mixed(start, count) >> np.uint64(11)).astype(float) / 2.0**53


def normal(start, count):
    """Sum of four 16-bit numbers, scaled to a deviation of 1."""
    words = mixed(start, count)
    total = sum(((words >> np.uint64(16 * k)) & np.uint64(0xFFFF)).astype(float) for k in range(4))
    return (total - 131070.0) / 37837.0


def scene(rows, columns, stars, height):
    """Image, variance (both float32) and mask of one field, background 0."""
    light = np.zeros((rows, columns))
    for star in range(stars):
        u, v, w, s = uniform(STARS + 4 * star, 4)
        x, y, top = u * columns - 0.5, v * rows - 0.5, height / (w + 0.003)
        alpha = ALPHA * (1.0 + s * s)
        left, right = max(int(x) - 40, 0), min(int(x) + 41, columns)
        low, high = max(int(y) - 40, 0), min(int(y) + 41, rows)
        dx = np.arange(left, right) - x
        dy = np.arange(low, high) - y
        t = 1.0 + (dx[None, :] * dx[None, :] + dy[:, None] * dy[:, None]) / (alpha * alpha)
        light[low:high, left:right] += top / (t * t * t)
    slope = 1.0 + np.arange(columns) / columns
    variance = 25.0 * slope[None, :] + light / 8.0
    noise = normal(NOISE, rows * columns).reshape(rows, columns)
    image = light + noise * np.sqrt(variance)
    mask = np.zeros((rows, columns), bool)
    mask[:, columns // 3] = True
    for spot in range(12):
        u, v = uniform(SPOTS + 2 * spot, 2)
        x, y = int(u * columns), int(v * rows)
        mask[y:y + 3, x:x + 3] = True
    return image.astype(np.float32), variance.astype(np.float32), mask
