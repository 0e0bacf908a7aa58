"""Makes the corpus of small FITS files in tests/cases/fits, and what astropy reads in them.

    python make.py                          writes ../../cases/fits and its expected.json
    python make.py --random 500 --seed 7 --out FOLDER       the same for random files

Needs numpy, astropy and fitsio (written with astropy 8.0, fitsio 1.4 on cfitsio 4.6). The files are
made by astropy or by cfitsio (through fitsio), some of them changed by hand afterwards; expected.json
holds, per HDU, the shape, the statistics and a digest of all physical values as astropy reads them:

    physical = BZERO + BSCALE x stored      in float64, BLANK and NaN as one NaN

SHA-256 runs over these values as big-endian float64 in the order of the file. Wherever a method is
lossless, the values are compared with those that were written. Equal seeds give equal bytes.
"""

import argparse
import gzip
import hashlib
import json
import multiprocessing
import os
import tempfile
import types
import warnings

import astropy
import fitsio
import numpy as np
from astropy.io import fits

warnings.simplefilter("ignore")
# astropy's gzip tiles hold the time at which they were made.
gzip.time = types.SimpleNamespace(time=lambda: 0)

HERE = os.path.dirname(os.path.abspath(__file__))
TARGET = os.path.join(HERE, "..", "..", "cases", "fits")
DITHERS = {"none": -1, "one": 1, "two": 2}
FITSIO_DITHERS = {
    "none": fitsio.NO_DITHER,
    "one": fitsio.SUBTRACTIVE_DITHER_1,
    "two": fitsio.SUBTRACTIVE_DITHER_2,
}


def scene(rng, shape, kind):
    """A sky with noise and a few stars, as numbers of a type."""
    axes = np.indices(shape)
    image = 1000.0 + 0.5 * axes[-1] + rng.normal(0, 7, shape)
    for _ in range(3):
        place = [rng.uniform(0, n) for n in shape]
        distance = sum((a - p) ** 2 for a, p in zip(axes, place))
        image += rng.uniform(100, 3000) * np.exp(-distance / 4)
    if kind == "wide":
        image += rng.normal(0, 400, shape)
    return image


def typed(rng, shape, dtype):
    """A scene in the range of an integer or float type, its whole range touched."""
    dtype = np.dtype(dtype)
    image = scene(rng, shape, "sky")
    if dtype.kind == "f":
        return image.astype(dtype)
    info = np.iinfo(dtype)
    if dtype.itemsize == 1:
        image = image / 16 + (info.min + info.max + 1) / 2 - 60
    elif dtype.itemsize > 2:
        image = image * (1 << 12)
    image = np.clip(np.round(image), info.min, float(info.max)).astype(dtype)
    return image


def extremes(rng, shape, dtype):
    """Random numbers over the whole range of an integer type."""
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)


class Corpus:
    """A folder of files and what they hold."""

    def __init__(self, folder):
        self.folder = folder
        self.files = {}
        os.makedirs(folder, exist_ok=True)

    def add(self, name, data, packed=True, truth=None, like=None):
        """Keeps a file's bytes (by default gzip-compressed: headers are long) and reads it, or a
        file `like` it, where astropy cannot read it."""
        truth = truth or {}
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "plain.fits")
            with open(path, "wb") as file:
                file.write(like or data)
            hdus = expected(path)
            for index, image in truth.items():
                found = physical(path, index)
                assert found.shape == image.shape, (name, index)
                assert np.array_equal(found, image.astype("f8"), equal_nan=True), (name, index)
        if packed:
            name, data = name + ".gz", gzip.compress(data, 9, mtime=0)
        assert name not in self.files, name
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(data)
        self.files[name] = hdus

    def finish(self):
        made = {
            "astropy": astropy.__version__,
            "fitsio": fitsio.__version__,
            "cfitsio": fitsio.cfitsio_version(),
            "numpy": np.__version__,
        }
        lines = [f"{json.dumps(name)}: {json.dumps(self.files[name])}" for name in sorted(self.files)]
        text = '{\n"made_with": ' + json.dumps(made) + ',\n"files": {\n' + ",\n".join(lines) + "\n}\n}\n"
        with open(os.path.join(self.folder, "expected.json"), "w") as file:
            file.write(text)
        size = sum(os.path.getsize(os.path.join(self.folder, name)) for name in self.files)
        print(f"{len(self.files)} files, {size} bytes in {self.folder}")


def physical(path, index):
    """The values of an image in float64, before any other rounding."""
    with fits.open(path, do_not_scale_image_data=True, memmap=False) as hdus:
        hdu = hdus[index]
        # A compressed image keeps these keywords only in its own header.
        header = fits.getheader(path, index)
        raw = np.asarray(hdu.data)
        values = raw.astype("f8")
        scale, zero = header.get("BSCALE", 1), header.get("BZERO", 0)
        if isinstance(hdu, fits.CompImageHDU):
            scale, zero = hdu._bintable.header.get("BSCALE", 1), hdu._bintable.header.get("BZERO", 0)
            header = hdu._bintable.header
        if scale != 1 or zero != 0:
            values = zero + scale * values
        if raw.dtype.kind in "iu" and "BLANK" in header:
            values[raw == header["BLANK"]] = np.nan
        return values


def expected(path):
    """What astropy says of every HDU."""
    found = []
    with fits.open(path, memmap=False) as hdus:
        for index, hdu in enumerate(hdus):
            found.append(describe(path, index, hdu))
    return found


def describe(path, index, hdu):
    if isinstance(hdu, fits.GroupsHDU):
        return {"kind": "random groups"}
    if isinstance(hdu, (fits.BinTableHDU, fits.TableHDU)) and not isinstance(hdu, fits.CompImageHDU):
        kind = "ASCII" if isinstance(hdu, fits.TableHDU) else "binary"
        rows = hdu.header["NAXIS2"]
        if hdu.header.get("ZTABLE"):
            kind, rows = "compressed", hdu.header["ZNAXIS2"]
        return {"kind": f"{kind} table of {rows} rows, {hdu.header['TFIELDS']} columns"}
    if hdu.data is None or not hdu.data.size:
        return {"kind": "no data"}
    values = physical(path, index)
    compression = None
    if isinstance(hdu, fits.CompImageHDU):
        compression = hdu._bintable.header["ZCMPTYPE"]
    check_against_astropy(hdu, values, path)
    return {"kind": "image", "compression": compression, **statistics(values)}


def check_against_astropy(hdu, values, path):
    """astropy's own scaling rounds to float32 at times; it must be the same numbers."""
    theirs = np.asarray(hdu.data).astype("f8")
    assert theirs.shape == values.shape, path
    finite = np.isfinite(values)
    assert np.array_equal(np.isnan(values), np.isnan(theirs)), path
    error = np.abs(theirs[finite] - values[finite])
    size = np.abs(values[finite]) + np.abs(hdu.header.get("BZERO", 0))
    assert np.all(error <= 2e-7 * size + 1e-30), (path, error.max())


def statistics(values):
    finite = values[np.isfinite(values)]
    plain = np.where(np.isnan(values), np.nan, values).astype(">f8")
    plain[np.isnan(plain)] = np.nan
    data = plain.tobytes()
    number = (lambda function: float(function(finite))) if finite.size else (lambda function: None)
    return {
        "shape": list(values.shape),
        "nan": int(np.isnan(values).sum()),
        "min": number(np.min),
        "max": number(np.max),
        "mean": number(np.mean),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def written(hdus):
    """Bytes that astropy writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.fits")
        fits.HDUList(hdus).writeto(path)
        with open(path, "rb") as file:
            return file.read()


def by_cfitsio(images):
    """Bytes that cfitsio writes; `images` are arrays with the options of fitsio. It runs in a child
    process, since small tiles of noise make it write beyond its buffers."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.fits")
        child = multiprocessing.get_context("fork").Process(target=_write, args=(path, images))
        child.start()
        child.join()
        if child.exitcode:
            raise RuntimeError(f"cfitsio ended with {child.exitcode}")
        with open(path, "rb") as file:
            return file.read()


def _write(path, images):
    with fitsio.FITS(path, "rw") as file:
        for image, options in images:
            file.write(image, **options)


def compressed(image, method, **options):
    if image.dtype.kind == "f" and "quantize_level" not in options:
        options["quantize_level"] = 0
    return fits.CompImageHDU(image, compression_type=method, **options)


def plain_files(corpus, rng):
    """Every BITPIX, signed and unsigned, scaled, with BLANK; 1-d, cube, empty axes; tables."""
    for dtype in ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8"]:
        image = extremes(rng, (5, 7), np.dtype(dtype))
        # 64 bits and a BZERO of 2^63 round twice in float64.
        truth = {0: image} if dtype != "u8" else None
        corpus.add(f"plain_{dtype}.fits", written([fits.PrimaryHDU(image)]), truth=truth)
    for dtype in ["f4", "f8"]:
        image = typed(rng, (6, 5), dtype)
        image[1, 2], image[3, 0], image[0, 0], image[5, 4] = np.nan, np.inf, -0.0, -np.inf
        image[2, 2] = np.finfo(dtype).tiny / 8
        corpus.add(f"plain_{dtype}.fits", written([fits.PrimaryHDU(image)]), truth={0: image})
    scaled = fits.PrimaryHDU(typed(rng, (4, 9), "i2"))
    data = bytearray(written([scaled]))
    data = with_cards(data, 0, ["BSCALE  =              0.00125", "BZERO   =               -17.25"])
    corpus.add("scaled_i2.fits", data)
    data = with_cards(data, 0, [f"BLANK   = {int(scaled.data[2, 3]):20d}"])
    corpus.add("scaled_blank_i2.fits", data)
    image = typed(rng, (3, 8), "i4")
    data = with_cards(written([fits.PrimaryHDU(image)]), 0, [f"BLANK   = {int(image[1, 1]):20d}"])
    corpus.add("blank_i4.fits", data)
    image = typed(rng, (3, 8), "f4")
    cards = ["BSCALE  =                  2.5", "BZERO   =                 100."]
    corpus.add("scaled_f4.fits", with_cards(written([fits.PrimaryHDU(image)]), 0, cards))
    line, cube = typed(rng, (11,), "i2"), typed(rng, (3, 4, 5), "f4")
    hdus = [fits.PrimaryHDU(line), fits.ImageHDU(cube), fits.ImageHDU(typed(rng, (1, 4, 5), "f8"))]
    hdus.append(fits.ImageHDU(typed(rng, (2, 1, 3, 4), "u2")))
    corpus.add("axes.fits", written(hdus), truth={0: line, 1: cube})
    columns = [fits.Column("a", "E", array=np.arange(4.0)), fits.Column("b", "8A", array=["x"] * 4)]
    table = fits.BinTableHDU.from_columns(columns)
    columns = [fits.Column("a", "F8.2", array=np.arange(3.0)), fits.Column("b", "A5", array=["x"] * 3)]
    text = fits.TableHDU.from_columns(columns)
    image = typed(rng, (4, 4), "u2")
    corpus.add("tables.fits", written([fits.PrimaryHDU(), table, text, fits.ImageHDU(image)]))
    packed = fits.BinTableHDU.from_columns([fits.Column("a", "1PB()", array=np.array([[1, 2]]))])
    for key, value in [("ZTABLE", True), ("ZNAXIS1", 4), ("ZNAXIS2", 25), ("ZPCOUNT", 0)]:
        packed.header[key] = value
    packed.header["ZFORM1"], packed.header["ZCTYP1"] = "1E", "GZIP_1"
    corpus.add("table_packed.fits", written([fits.PrimaryHDU(), packed]))
    groups = fits.GroupData(rng.normal(size=(3, 4)).astype("f4"), bitpix=-32, parnames=["U", "V"],
                            pardata=[np.arange(3.0), np.arange(3.0)])
    after = fits.ImageHDU(image)
    corpus.add("random_groups.fits", written([fits.GroupsHDU(groups), after]))


def with_cards(data, hdu, cards):
    """Puts cards before the END of a header that has room."""
    data = bytearray(data)
    start = 0
    for _ in range(hdu):
        start = data.index(b"XTENSION", start + 80)
    end = start
    while data[end:end + 8] != b"END     ":
        end += 80
    block = (end - start) // 2880
    for card in cards:
        data[end:end + 80] = card.ljust(80).encode()
        end += 80
    assert (end - start) // 2880 == block and not data[end:end + 80].strip(), "no room"
    data[end:end + 80] = b"END".ljust(80)
    return bytes(data)


def replaced(data, old, new):
    """The same bytes with one text in place of another of the same length."""
    old, new = old.encode(), new.encode()
    assert len(old) == len(new) and data.count(old) == 1, (old, data.count(old))
    return data.replace(old, new)


def whole_files(corpus, rng):
    """Files that are gzip-compressed as a whole, in the ways gzip knows."""
    image = typed(rng, (9, 31), "u2")
    data = written([fits.PrimaryHDU(image)])
    half = len(data) // 2
    members = gzip.compress(data[:half], 6, mtime=0) + gzip.compress(data[half:], 1, mtime=0)
    name, comment = b"a name.fits\0", b"a comment\0"
    body = gzip.compress(data, 9, mtime=0)[10:]
    head = b"\x1f\x8b\x08" + bytes([4 | 8 | 16 | 2]) + b"\0\0\0\0\2\3"
    dressed = head + b"\5\0extra" + name + comment + b"\0\0" + body
    for label, packed in [
        ("members", members),
        ("padded", gzip.compress(data, 9, mtime=0) + bytes(700)),
        ("stored", gzip.compress(data, 0, mtime=0)),
        ("dressed", dressed),
    ]:
        corpus.add(f"whole_{label}.fits", data, packed=False)
        file = f"whole_{label}.fits"
        with open(os.path.join(corpus.folder, file), "wb") as out:
            out.write(packed)


def packed_integers(corpus, rng):
    """Lossless methods on every integer type, with whole and clipped tiles."""
    for method in ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1", "NOCOMPRESS"]:
        for dtype in ["u1", "i2", "u2", "i4", "u4", "i8"]:
            if dtype in ("i8",) and method in ("RICE_1", "HCOMPRESS_1", "PLIO_1"):
                continue
            if method == "PLIO_1" and dtype in ("u2", "u4"):
                continue
            image = typed(rng, (13, 22), dtype)
            if method == "PLIO_1":
                image = np.where(image > np.median(image), image & 7, 0).astype(dtype)
            tile = (9, 9) if method == "HCOMPRESS_1" else (4, 9)
            hdus = [fits.PrimaryHDU(), compressed(image, method, tile_shape=tile)]
            hdus.append(compressed(image[::2], method) if method != "HCOMPRESS_1" else
                        compressed(image, method, tile_shape=(13, 22)))
            truth = {1: image}
            corpus.add(f"{method.lower()}_{dtype}.fits", written(hdus), truth=truth)
    for method in ["RICE_1", "GZIP_1", "GZIP_2", "NOCOMPRESS"]:
        # Numbers without any likeness, which expand; a constant image, which vanishes.
        noise, flat = extremes(rng, (6, 40), np.dtype("i2")), np.full((6, 40), -3, "i4")
        hdus = [fits.PrimaryHDU(), compressed(noise, method), compressed(flat, method)]
        corpus.add(f"{method.lower()}_extremes.fits", written(hdus), truth={1: noise, 2: flat})
    image = typed(rng, (6, 40), "i2")
    image[2:4, 5:9] = -32768
    data = written([fits.PrimaryHDU(), compressed(image, "RICE_1")])
    data = with_cards(data, 1, ["BLANK   =               -32768", "BSCALE  =                 0.25"])
    corpus.add("rice_1_blank.fits", data)


def packed_axes(corpus, rng):
    """Compressed images with one, three and four axes."""
    line, cube = typed(rng, (50,), "i2"), typed(rng, (3, 7, 10), "i4")
    four = typed(rng, (2, 2, 5, 6), "u2")
    for method in ["RICE_1", "GZIP_2"]:
        hdus = [fits.PrimaryHDU(), compressed(line, method), compressed(cube, method),
                compressed(cube, method, tile_shape=(2, 3, 4)), compressed(four, method)]
        truth = {1: line, 2: cube, 3: cube, 4: four}
        corpus.add(f"{method.lower()}_axes.fits", written(hdus), truth=truth)


def hcompress(corpus, rng):
    """HCOMPRESS with scale and smoothing, odd and even sizes, 16 and 32 bits, floats."""
    for rows, columns in [(16, 16), (17, 12), (4, 33), (21, 5)]:
        hdus = [fits.PrimaryHDU()]
        image = typed(rng, (rows, columns), "i2")
        for scale in [0, 1, 2.5, 16]:
            for smooth in [False, True]:
                hdus.append(compressed(image, "HCOMPRESS_1", tile_shape=(rows, columns),
                                       hcomp_scale=scale, hcomp_smooth=smooth))
        corpus.add(f"hcompress_{rows}x{columns}.fits", written(hdus))
    wide = np.round(scene(rng, (12, 18), "wide") * 3e4).astype("i4")
    hdus = [fits.PrimaryHDU()]
    for scale, smooth in [(0, False), (5000, True)]:
        hdus.append(compressed(wide, "HCOMPRESS_1", tile_shape=(12, 18), hcomp_scale=scale,
                               hcomp_smooth=smooth))
    real = typed(rng, (12, 18), "f4")
    for smooth in [False, True]:
        hdus.append(compressed(real, "HCOMPRESS_1", tile_shape=(12, 18), hcomp_scale=2,
                               hcomp_smooth=smooth, quantize_level=16, dither_seed=77))
    corpus.add("hcompress_wide.fits", written(hdus))
    images = []
    for scale, smooth in [(0, False), (-4.0, True), (3.0, True)]:
        options = {"compress": "HCOMPRESS", "tile_dims": [9, 14], "hcomp_scale": scale}
        images.append((typed(rng, (20, 31), "i4"), {**options, "hcomp_smooth": smooth}))
    corpus.add("hcompress_cfitsio.fits", by_cfitsio(images))


def floats(corpus, rng):
    """Lossless and quantized floats, with NaN, zeros, constant rows."""
    for dtype in ["f4", "f8"]:
        image = typed(rng, (9, 30), dtype)
        image[2, 3:6], image[4, 4], image[5, 5] = np.nan, np.inf, -0.0
        hdus = [fits.PrimaryHDU()]
        for method in ["GZIP_1", "GZIP_2", "NOCOMPRESS"]:
            hdus.append(compressed(image, method, tile_shape=(4, 13)))
        truth = {index: image for index in (1, 2, 3)}
        corpus.add(f"lossless_{dtype}.fits", written(hdus), truth=truth)
        image[4, 4], image[7], image[8, ::3] = 5, 3.25, 0
        for name, dither in DITHERS.items():
            hdus = [fits.PrimaryHDU()]
            for method in ["RICE_1", "GZIP_1", "GZIP_2"]:
                hdus.append(compressed(image, method, quantize_level=16, quantize_method=dither,
                                       dither_seed=9998))
            corpus.add(f"quantized_{dtype}_{name}.fits", written(hdus))
            images = []
            for method in ["RICE", "GZIP", "GZIP_2", "HCOMPRESS"]:
                options = {"compress": method, "qlevel": 8, "qmethod": FITSIO_DITHERS[name]}
                options |= {"dither_seed": 4711, "tile_dims": [9, 15]}
                images.append((image, options))
            corpus.add(f"quantized_cfitsio_{dtype}_{name}.fits", by_cfitsio(images))
    long = typed(rng, (2, 12000), "f4")
    long[:] = np.round(long / 60)
    hdu = compressed(long, "RICE_1", quantize_level=-8.0, quantize_method=1, dither_seed=10000)
    corpus.add("quantized_long.fits", written([fits.PrimaryHDU(), hdu]))


def laid_out(data, wide=False, gap=0, constant=()):
    """The tile table of HDU 1 again, with 64-bit descriptors, with bytes between table and heap, or
    with the columns named in `constant` as keywords."""
    header = fits.Header.fromstring(data[2880:data.index(b"END     ", 2880)].decode())
    start = 2880 + len(header.tostring())
    descriptor, number = np.dtype((">i4", 2)), np.dtype(">f8")
    kinds = {header[f"TTYPE{n}"]: descriptor if "P" in header[f"TFORM{n}"] else number
             for n in range(1, header["TFIELDS"] + 1)}
    size = header["NAXIS1"] * header["NAXIS2"]
    rows = np.frombuffer(data[start:start + size], np.dtype(list(kinds.items())))
    heap = data[start + size:start + size + header["PCOUNT"]]
    names = [name for name in kinds if name not in constant]
    wider = lambda column: column.astype(">i8") if column.ndim == 2 else column
    columns = [wider(rows[name]) if wide else rows[name] for name in names]
    body = b"".join(b"".join(column[row:row + 1].tobytes() for column in columns) for row in range(len(rows)))
    forms = {header[f"TTYPE{n}"]: header[f"TFORM{n}"] for n in range(1, header["TFIELDS"] + 1)}
    for number in range(header["TFIELDS"], len(names), -1):
        del header[f"TTYPE{number}"], header[f"TFORM{number}"]
    for number, name in enumerate(names, 1):
        header[f"TTYPE{number}"] = name
        header[f"TFORM{number}"] = forms[name].replace("PB", "QB") if wide else forms[name]
    for name in constant:
        assert len(set(rows[name])) == 1
        header[name] = float(rows[name][0])
    header["TFIELDS"], header["NAXIS1"] = len(names), len(body) // len(rows)
    header["PCOUNT"] = gap + len(heap)
    if gap:
        header.set("THEAP", len(body) + gap, after="TFIELDS")
    unit = body + b"\x55" * gap + heap
    return data[:2880] + header.tostring().encode() + unit + bytes(-len(unit) % 2880)


def by_hand(corpus, rng):
    """Tables that other writers make: keywords in place of columns, other parameters, wide
    descriptors, a gap before the heap."""
    image = typed(rng, (5, 40), "f4")
    hdu = compressed(image, "RICE_1", quantize_level=-0.5, quantize_method=-1, tile_shape=(5, 40))
    corpus.add("one_tile.fits", written([fits.PrimaryHDU(), hdu]))
    data = written([fits.PrimaryHDU(), compressed(image, "RICE_1", quantize_level=-0.5)])
    corpus.add("wide_descriptors.fits", laid_out(data, wide=True), like=data)
    corpus.add("gap_before_heap.fits", laid_out(data, gap=24), like=data)
    corpus.add("scale_keyword.fits", laid_out(data, constant=["ZSCALE"]), like=data)
    corpus.add("wide_gap_keyword.fits", laid_out(data, True, 3, ["ZSCALE"]), like=data)
    noise = typed(rng, (4, 64), "i2")
    data = written([fits.PrimaryHDU(), compressed(noise, "RICE_1")])
    corpus.add("rice_one.fits", replaced(data, "'RICE_1  '", "'RICE_ONE'"), like=data)
    corpus.files["rice_one.fits.gz"][1]["compression"] = "RICE_ONE"
    absent = replaced(replaced(data, "ZTILE1  =", "XTILE1  ="), "ZTILE2  =", "XTILE2  =")
    corpus.add("tile_absent.fits", absent, like=data)
    absent = replaced(replaced(data, "ZNAME1  =", "XNAME1  ="), "ZVAL1   =", "XVAL1   =")
    corpus.add("block_size_absent.fits", absent, like=data)
    # Parameters go by their names, not by their places.
    second = replaced(replaced(absent, "ZNAME2  =", "ZNAME1  ="), "ZVAL2   =", "ZVAL1   =")
    corpus.add("parameter_places.fits", second, like=data)


def random_file(corpus, rng, number):
    """One file of a random method, type, shape, tile and writer."""
    method = rng.choice(["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1", "NOCOMPRESS"])
    axes = 2 if method == "HCOMPRESS_1" else int(rng.choice([1, 2, 2, 2, 3]))
    least = 4 if method == "HCOMPRESS_1" else 1
    shape = tuple(int(rng.integers(least, 40)) for _ in range(axes))
    tile = tuple(int(rng.integers(least, n + 1)) for n in shape)
    dtype = rng.choice({
        "PLIO_1": ["u1", "i2", "i4"],
        "GZIP_1": ["u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"],
        "NOCOMPRESS": ["u1", "i2", "u2", "i4", "f4", "f8"],
    }.get(method, ["u1", "i2", "u2", "i4", "u4", "f4", "f8"]))
    image = typed(rng, shape, dtype)
    dtype = image.dtype
    # Numbers of the whole range make the encoders of HCOMPRESS and PLIO overflow.
    lossless = method not in ("PLIO_1", "HCOMPRESS_1")
    if rng.random() < 0.3 and dtype.kind != "f" and lossless and dtype.itemsize < 4:
        image = extremes(rng, shape, dtype)
    if method == "PLIO_1":
        image = np.where(rng.random(shape) < 0.4, image & int(rng.choice([1, 15, 127])), 0)
        image = image.astype(dtype)
    if dtype.kind == "f":
        image.flat[rng.integers(image.size, size=image.size // 9)] = rng.choice([0, np.nan, 7])
        image[0] = rng.choice([0.0, 2.5])
    if method == "HCOMPRESS_1":
        rest = [n % t for n, t in zip(shape, tile)]
        tile = tuple(n if 0 < r < 4 else t for n, t, r in zip(shape, tile, rest))
    dither = str(rng.choice(list(DITHERS)))
    level = float(rng.choice([0.5, 4, 16, -0.3])) if dtype.kind == "f" else 0
    if dtype.kind == "f" and method in ("GZIP_1", "GZIP_2", "NOCOMPRESS") and rng.random() < 0.4:
        level = 0
    if method == "NOCOMPRESS":
        level = 0
    seed = int(rng.integers(1, 10001))
    scale, smooth = float(rng.choice([0, 0, 1, 2, 3.3, 40])), bool(rng.random() < 0.5)
    name = f"r{number:05d}_{method.lower()}_{dtype.str[1:]}_{dither}.fits"
    if rng.random() < 0.5 and dtype.itemsize < 8 and method != "NOCOMPRESS":
        short = {"RICE_1": "RICE", "GZIP_1": "GZIP", "HCOMPRESS_1": "HCOMPRESS", "PLIO_1": "PLIO"}
        options = {"compress": short.get(method, method), "tile_dims": list(tile)}
        if dtype.kind == "f":
            if level == 0:
                options |= {"qlevel": None, "qmethod": fitsio.NO_DITHER}
            else:
                options |= {"qlevel": level, "qmethod": FITSIO_DITHERS[dither], "dither_seed": seed}
        if method == "HCOMPRESS_1":
            options |= {"hcomp_scale": scale, "hcomp_smooth": smooth}
        data = by_cfitsio([(image, options)])
    else:
        options = {"tile_shape": tile}
        if dtype.kind == "f":
            options |= {"quantize_level": level, "quantize_method": DITHERS[dither],
                        "dither_seed": seed}
        if method == "HCOMPRESS_1":
            options |= {"hcomp_scale": scale, "hcomp_smooth": smooth}
        data = written([fits.PrimaryHDU(), compressed(image, method, **options)])
    corpus.add(name, data, packed=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--random", type=int, default=0, help="number of random files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default=TARGET)
    options = parser.parse_args()
    corpus = Corpus(options.out)
    if options.random:
        failed = 0
        for number in range(options.random):
            rng = np.random.default_rng([options.seed, number])
            try:
                random_file(corpus, rng, number)
            except Exception as error:  # a combination that the writer refuses
                failed += 1
                print(f"{number}: {type(error).__name__}: {error}")
        print(f"{failed} refused by their writers")
    else:
        for part in [plain_files, whole_files, packed_integers, packed_axes, hcompress, floats, by_hand]:
            part(corpus, np.random.default_rng(sum(map(ord, part.__name__))))
    corpus.finish()


if __name__ == "__main__":
    main()
