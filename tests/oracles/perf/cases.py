"""The peers in the cases of the benchmark, one case per process.

    cases.py CASE PEER INPUTS ANSWER REPEATS SIZE OURS

Once to warm up, then as often as asked (asked for none, the first counts); one line of JSON: CPU seconds of each repeat (user and system), the most
memory of the process. What came out goes to ANSWER as plain little-endian numbers in the order in which the
candidate writes its own. A package that is not there ends the process with code 3 and one line that names it.
"""
import gc
import json
import pathlib
import sys
import time

MISSING = 3


def images(inputs, names):
    import numpy as np
    shape = json.loads((inputs / "shape.json").read_text())
    return [np.fromfile(inputs / name, "<f4").reshape(shape) for name in names]


# Each case returns its work (a function without arguments), and what makes an answer of its result: arrays.

def decode(peer, inputs, name):
    path = str(inputs / name)
    if peer == "fitsio":
        import fitsio

        def work():
            with fitsio.FITS(path) as hdus:
                return [hdu.read() for hdu in hdus if hdu.get_exttype() == "IMAGE_HDU" and hdu.get_dims()]
    elif peer == "astropy":
        import numpy as np
        from astropy.io import fits

        def work():
            with fits.open(path, memmap=False) as hdus:
                return [np.array(hdu.data) for hdu in hdus if hdu.data is not None]
    return work, lambda found: [image.astype("<f4") for image in found]


def detrend(peer, inputs, size, ours):
    import numpy as np
    known = json.loads((inputs / "amplifiers.json").read_text())
    numbers = range(1, len(known) + 1)
    read = {what: images(inputs, [f"{what}_{n}.f32" for n in numbers]) for what in ("raw", "bias", "flat")}
    overscans = [np.fromfile(inputs / f"overscan_{n}.f32", "<f4").reshape(read["raw"][0].shape[0], -1)
                 for n in numbers]
    if peer == "numpy":
        def work():
            return [detrended(np, *one) for one in zip(read["raw"], overscans, read["bias"], read["flat"], known)]
    elif peer == "ccdproc":
        import astropy.units as u
        import ccdproc
        from astropy.modeling import models
        from astropy.nddata import CCDData
        masters = [(CCDData(b, unit="adu"), CCDData(f, unit="")) for b, f in zip(read["bias"], read["flat"])]
        joined = [np.hstack(both) for both in zip(read["raw"], overscans)]

        def work():
            found = []
            for image, (bias, flat) in zip(joined, masters):
                columns = image.shape[1]
                ccd = CCDData(image.copy(), unit="adu")
                over = ccd[:, columns - 5:]
                ccd = ccdproc.subtract_overscan(ccd, overscan=over, median=True, model=models.Legendre1D(2))
                ccd = ccdproc.trim_image(ccd[:, :bias.shape[1]])
                ccd = ccdproc.flat_correct(ccdproc.subtract_bias(ccd, bias), flat)
                found.append(ccd.data)
            return found

    def answer(found):
        # The candidate's science images are in the order of the file.
        flips = [(slice(None, None, -1 if k["stored_rows_flipped"] else 1),
                  slice(None, None, -1 if k["stored_columns_flipped"] else 1)) for k in known]
        return [np.ascontiguousarray(image[flip], "<f4") for image, flip in zip(found, flips)]
    return work, answer


def detrended(np, raw, overscan, bias, flat, known):
    """One amplifier of plain numpy: a quadratic through the overscan, the linearity relation, bias, flat."""
    rows = np.arange(len(raw))
    along = 2 * rows / (len(raw) - 1) - 1
    level = overscan[:, -5:].mean(axis=1, dtype=np.float64)
    good = np.ones(len(raw), bool)
    for _ in range(10):
        off = level - quadratic(np, along, level, good)
        off -= np.median(off)
        near = abs(off) <= 3 * 1.4826 * np.median(abs(off))
        stays, good = (near == good).all(), near
        if stays:
            break
    model = quadratic(np, along, level, good)
    image = raw - model.astype(np.float32)[:, None]
    a, b = (np.float32(known["linearity"][k]) for k in ("a", "b"))
    image /= (a * image + b) * image + 1
    image -= bias
    image /= flat
    image *= np.float32(known["scale"])
    return image


def quadratic(np, along, level, good):
    terms = np.polynomial.legendre.legfit(along[good], level[good], 2)
    return np.polynomial.legendre.legval(along, terms)


def stack(peer, inputs, size, ours):
    import numpy as np
    frames = np.stack(images(inputs, [f"frame_{i:02d}.f32" for i in range(size)]))
    if peer.startswith("astropy"):
        from astropy.stats import sigma_clip
        median = np.nanmedian
        if peer == "astropy-bottleneck":
            import bottleneck
            median = bottleneck.nanmedian

        def work():
            clipped = sigma_clip(frames, sigma=3, axis=0, maxiters=1, cenfunc="median", stdfunc="std",
                                 masked=False, copy=True)
            return median(clipped, axis=0)
    elif peer == "bottleneck":
        import bottleneck

        def work():
            return bottleneck.median(frames, axis=0)
    elif peer == "ccdproc":
        import ccdproc
        from astropy.nddata import CCDData
        data = [CCDData(frame, unit="adu") for frame in frames]

        def work():
            combiner = ccdproc.Combiner(data, dtype=np.float32)
            combiner.sigma_clipping(low_thresh=3, high_thresh=3, func="median", dev_func="std")
            return np.asarray(combiner.median_combine())
    return work, lambda found: [np.ascontiguousarray(found, "<f4")]


def aperture(peer, inputs, size, ours):
    import numpy as np
    image, error, mask = images(inputs, ["image.f32", "error.f32", "mask.f32"])
    mask = mask > 0
    stars = np.fromfile(inputs / "stars.f64", "<f8").reshape(-1, 2)[:size]
    x, y = np.ascontiguousarray(stars[:, 0]), np.ascontiguousarray(stars[:, 1])
    radii = np.arange(3.0, 13.0)
    if peer == "sep":
        import sep

        def work():
            return [sep.sum_circle(image, x, y, r, err=error, mask=mask, subpix=0) for r in radii]

        def answer(found):
            # sep scales a sum up by the masked part of its circle; the candidate does not.
            areas = [area(sep, mask, x, y, r) for r in radii]
            both = [(sums[0] * (part / (np.pi * r * r)), part) for sums, part, r in zip(found, areas, radii)]
            return [array.astype("<f8") for pair in both for array in pair]
    elif peer == "photutils":
        from photutils.aperture import CircularAperture, aperture_photometry
        circles = [CircularAperture(stars, r) for r in radii]

        def work():
            return aperture_photometry(image, circles, error=error, mask=mask, method="exact")

        def answer(found):
            areas = [circle.area_overlap(image, mask=mask, method="exact") for circle in circles]
            pairs = [(np.asarray(found[f"aperture_sum_{i}"]), part) for i, part in enumerate(areas)]
            return [array.astype("<f8") for pair in pairs for array in pair]
    return work, answer


def area(sep, mask, x, y, radius):
    """Area of the unmasked part of each circle."""
    import numpy as np
    return sep.sum_circle((~mask).astype(np.float64), x, y, radius, subpix=0)[0]


def sky(peer, inputs, size, ours):
    import numpy as np
    from astropy.io import fits
    from astropy.wcs import WCS
    header = fits.getheader(inputs / "header.fits")
    ra, dec = np.fromfile(inputs / "sky.f64", "<f8").reshape(-1, 2)[:size].T.copy()
    wcs = WCS(header)
    return lambda: wcs.wcs_world2pix(ra, dec, 0), lambda found: [one.astype("<f8") for one in found]


def background(peer, inputs, size, ours):
    import numpy as np
    import sep
    image, mask = images(inputs, ["image.f32", "mask.f32"])
    mask = mask > 0

    def work():
        found = sep.Background(image, mask=mask, bw=192, bh=220)
        return found.back(), found.rms()
    return work, lambda found: [np.ascontiguousarray(one, "<f4") for one in found]


def parquet(peer, inputs, size, ours):
    """Writes the candidate's own table again, as pyarrow reads it."""
    import pyarrow
    import pyarrow.parquet
    table = pyarrow.parquet.read_table(ours)

    def work():
        sink = pyarrow.BufferOutputStream()
        pyarrow.parquet.write_table(table, sink, compression="snappy", use_dictionary=False)
        return sink.getvalue().to_pybytes()
    return work, lambda found: [found]


def packages(inputs):
    """ztfimg and ztfin2p3, patched so that they run: see ../peers/peers.py."""
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
    import peers
    return peers, peers.Peers(inputs.resolve().parent / "night")


def master_bias(peer, inputs, size, ours):
    import numpy as np
    peers, night = packages(inputs)
    from ztfin2p3 import builder
    paths = night.raws("b", "bi", 1)[-10:]

    def work():
        return builder.calib_from_filenames(
            paths, corr_nl=True, corr_overscan=True, sigma_clip=3, mergedhow="nanmedian",
            clipping_prop=peers.CLIP, get_data_props=peers.OVERSCAN)

    def answer(found):
        quadrants = night.quadrants_of(np.asarray(found))
        return [np.ascontiguousarray(quadrants[q], "<f4") for q in (1, 2, 3, 4)]
    return work, answer


def end_to_end(peer, inputs, size, ours):
    """A raw exposure to four catalogues on disk. Left out on this side: the data base of files, the header of the
    product, the catalogue's search (stars come from a file, as for the candidate)."""
    import numpy as np
    import pandas
    from astropy.io import fits
    peers, night = packages(inputs)
    from ztfin2p3.aperture import get_aperture_photometry, store_aperture_catalog
    from ztfin2p3.science import build_science_data
    raw = str(next((inputs.parent / "night" / "raw").glob("**/*_o.fits.fz")))
    name = pathlib.Path(raw).name.removesuffix(".fits.fz")
    rows, columns = night.shape
    masters = {}
    for kind in ("bias", "flat"):
        ccd = np.empty((2 * rows, 2 * columns), np.float32)
        with fits.open(inputs / f"{kind}.fits") as hdus:
            for q, part in night.quadrants_of(ccd).items():
                part[:] = hdus[f"IMAGE{q}"].data
        masters[kind] = str(inputs / f"peer_{kind}.fits")
        fits.writeto(masters[kind], ccd, overwrite=True)
    headers = {q: fits.getheader(inputs / f"header_{q}.fits") for q in (1, 2, 3, 4)}
    out = inputs.parent / "chain_peer"
    out.mkdir(exist_ok=True)

    def work():
        science = build_science_data(raw, masters["flat"], masters["bias"], corr_nl=True, corr_overscan=True,
                                     **peers.OVERSCAN)
        found = []
        for q, data in zip((1, 2, 3, 4), science):
            image = night.ztfimg.ScienceQuadrant(data=np.array(data), header=headers[q])
            image._meta = None
            image.set_mask(fits.getdata(inputs.parent / "night" / "masks" / f"{name}_q{q}_mskimg.fits"))
            stars = pandas.read_parquet(inputs / f"stars_{q}.parquet")
            stars["x"], stars["y"] = image.radec_to_xy(stars["ra"].values, stars["dec"].values)
            table = get_aperture_photometry(image, cat=stars, radius=peers.RADII, bkgann=None, seplimit=20,
                                            as_path=False)
            store_aperture_catalog(table, str(out / f"q{q}.parquet"))
            found.append(table)
        return found
    return work, lambda found: [table[f"f_{i}"].to_numpy("<f8") for table in found for i in range(10)]


def calibrate(peer, inputs, size, ours):
    """A raw exposure to four maps of the sky and zero points. Left out on this side: variance, masks, pocket, cosmic
    rays, errors, the width of stars, the search for the match (stars are matched where the header has them), files."""
    import numpy as np
    import pandas
    import sep
    from astropy import units as u
    from astropy.coordinates import SkyCoord
    from astropy.io import fits
    from astropy.stats import sigma_clipped_stats
    from astropy.wcs import WCS
    from astropy.wcs.utils import fit_wcs_from_points
    known = json.loads((inputs / "amplifiers.json").read_text())
    night = inputs.parent / "night"
    raw = next((night / "raw").glob("**/*_o.fits.fz"))
    headers = [fits.getheader(inputs / f"header_{n}.fits") for n in (1, 2, 3, 4)]
    year = 2020.12
    sep.set_extract_pixstack(3_000_000)

    def objects(image):
        mesh = sep.Background(image)
        image = image - mesh.back()
        found = sep.extract(image, 5.0, err=mesh.rms())
        x, y, a, b, theta = (found[key] for key in ("x", "y", "a", "b", "theta"))
        theta = np.clip(theta, -np.pi / 2, np.pi / 2)
        kron = sep.kron_radius(image, x, y, a, b, theta, 6.0)[0]
        total = sep.sum_ellipse(image, x, y, a, b, theta, np.maximum(2.5 * kron, 0.1), subpix=0)[0]
        half = sep.flux_radius(image, x, y, 6 * a, 0.5, normflux=total, subpix=5)[0]
        x, y = sep.winpos(image, x, y, np.clip(half, 0.5, None) * 2 / 2.35)[:2]
        flux = sep.sum_circle(image, x, y, 6.0, err=mesh.globalrms, subpix=0)[0]
        return x, y, flux

    def work():
        stars = pandas.read_parquet(night / "catalogue" / "stars.parquet")
        moved = (year - stars["ref_epoch"].to_numpy()) / 3.6e6
        along, up = (np.nan_to_num(moved * stars[name].to_numpy()) for name in ("pmra", "pmdec"))
        dec = stars["dec"].to_numpy() + up
        ra = stars["ra"].to_numpy() + along / np.cos(np.radians(dec))
        references = SkyCoord(ra * u.deg, dec * u.deg)
        found = []
        with fits.open(raw, memmap=False) as hdus:
            planes = [np.array(hdu.data, "<f4") for hdu in hdus if hdu.data is not None]
        for n, (amp, header) in enumerate(zip(known, headers), 1):
            bias, flat = images(inputs, [f"bias_{n}.f32", f"flat_{n}.f32"])
            flip = (slice(None, None, -1 if amp["stored_rows_flipped"] else 1),
                    slice(None, None, -1 if amp["stored_columns_flipped"] else 1))
            # The flat alone: no level of the focal plane is given to either side.
            image = detrended(np, planes[n - 1][flip], planes[n + 3][flip], bias, flat, {**amp, "scale": 1.0})
            x, y, flux = objects(np.ascontiguousarray(image[flip]))
            sky = SkyCoord(*WCS(header).all_pix2world(x, y, 0), unit="deg")
            row, apart, _ = sky.match_to_catalog_sky(references)
            good = (apart < 1 * u.arcsec) & (flux > 0)
            star = references[row[good]]
            wcs = fit_wcs_from_points((x[good], y[good]), star, sip_degree=3)
            middle = wcs.all_pix2world((image.shape[1] - 1) / 2, (image.shape[0] - 1) / 2, 0)
            magnitude = stars["phot_g_mean_mag"].to_numpy()[row[good]]
            bright = magnitude < np.percentile(magnitude, 30)
            zero = sigma_clipped_stats((magnitude + 2.5 * np.log10(flux[good]))[bright])[1]
            found.append((*middle, zero))
        return found

    def answer(found):
        # Seconds of arc along both axes, and magnitudes.
        rows = [(3600 * ra * np.cos(np.radians(dec)), 3600 * dec, zero) for ra, dec, zero in found]
        return [np.array(rows, "<f8")]
    return work, answer


CASES = {
    "calibrate": calibrate,
    "master-bias": master_bias,
    "end-to-end": end_to_end,
    "decode-float": lambda peer, inputs, size, ours: decode(peer, inputs, "float.fits.fz"),
    "decode-16": lambda peer, inputs, size, ours: decode(peer, inputs, "16.fits.fz"),
    "detrend": detrend,
    "stack": stack,
    "aperture": aperture,
    "sky": sky,
    "background": background,
    "parquet": parquet,
}


def peak_mib():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return None


def main():
    case, peer, inputs, answer, repeats, size, ours = sys.argv[1:]
    inputs = pathlib.Path(inputs)
    try:
        work, as_arrays = CASES[case](peer, inputs, int(size), ours)
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(MISSING)
    seconds, found = [], None
    for repeat in range(int(repeats) + 1):
        found = None
        gc.collect()
        start = time.process_time()
        found = work()
        if repeat > 0 or int(repeats) == 0:
            seconds.append(time.process_time() - start)
    peak = peak_mib()
    with open(answer, "wb") as file:
        for array in as_arrays(found):
            file.write(array if isinstance(array, bytes) else array.tobytes())
    print(json.dumps({"seconds": seconds, "peak_mib": peak}))


if __name__ == "__main__":
    main()
