//! What is raced: the cases, their peers, how far answers may differ, and what is to be reached.

/// A case in all executors, and its peers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    /// What a person reads.
    pub(super) title: &'static str,
    /// Its name in `rawsky-bench` and `tests/oracles/perf/cases.py`.
    pub(super) name: &'static str,
    /// Frames, stars or rows.
    pub(super) size: usize,
    /// Timed runs of a process after one to warm up; 0 times that one.
    pub(super) repeats: usize,
    /// What answers hold: `f32`, `f64`, `parquet`.
    pub(super) holds: &'static str,
    /// Who is raced.
    pub(super) peers: &'static [Peer],
    /// The whole command instead of a kernel.
    pub(super) is_command: bool,
    /// A peer that cannot be installed by name.
    pub(super) timed_before: Option<TimedBefore>,
}

/// What a peer took that was timed before, not in this race.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimedBefore {
    /// Whose time.
    pub(super) name: &'static str,
    /// CPU seconds.
    pub(super) seconds: f64,
    /// Ratio of CPU time to be reached, and aimed at.
    pub(super) wanted: (f64, f64),
}

/// The only package with this correction is not on the index.
const ZTFSENSORS: TimedBefore =
    TimedBefore { name: "ztfsensors (timed before)", seconds: 3.0, wanted: (5.0, 10.0) };

/// A peer of a case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    /// Its name in `tests/oracles/perf/cases.py`.
    pub(super) name: &'static str,
    /// How far answers may be apart; none if the peer follows another rule.
    pub(super) tolerance: Option<Tolerance>,
    /// Ratio of CPU time to be reached, and aimed at.
    pub(super) wanted: Option<(f64, f64)>,
    /// What it leaves out or does more.
    pub(super) note: &'static str,
}

/// How far two answers may be apart: one of the two is enough.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tolerance {
    /// In the unit of the numbers.
    pub(super) absolute: f64,
    /// Relative to the peer's number.
    pub(super) relative: f64,
}

const EQUAL: Option<Tolerance> = Some(Tolerance { absolute: 0.0, relative: 0.0 });

const fn within(absolute: f64, relative: f64) -> Option<Tolerance> {
    Some(Tolerance { absolute, relative })
}

const fn kernel(title: &'static str, name: &'static str, peers: &'static [Peer]) -> Case {
    Case {
        title,
        name,
        size: 0,
        repeats: 5,
        holds: "f32",
        peers,
        is_command: false,
        timed_before: None,
    }
}

const fn peer(
    name: &'static str,
    tolerance: Option<Tolerance>,
    wanted: Option<(f64, f64)>,
    note: &'static str,
) -> Peer {
    Peer { name, tolerance, wanted, note }
}

const NO_CLIP: &str = "clips nothing; answers not compared";

/// The stack's peers: many frames are raced with fewer of them.
const STACK_10: &[Peer] = &[
    peer("astropy", EQUAL, Some((100.0, 200.0)), "sigma_clip of one pass, nanmedian"),
    peer("astropy-bottleneck", EQUAL, None, "sigma_clip, bottleneck's nanmedian"),
    peer("bottleneck", None, Some((20.0, 40.0)), NO_CLIP),
    peer("ccdproc", EQUAL, None, "Combiner, the same rule"),
];
const STACK_20: &[Peer] = &[
    peer("astropy", EQUAL, Some((130.0, 250.0)), "sigma_clip of one pass, nanmedian"),
    peer("bottleneck", None, Some((20.0, 40.0)), NO_CLIP),
];

/// All cases, in the order of the table.
pub(super) const ALL: &[Case] = &[
    kernel(
        "decode a CCD, Rice, floats",
        "decode-float",
        &[peer("fitsio", EQUAL, Some((4.0, 6.0)), ""), peer("astropy", EQUAL, None, "")],
    ),
    kernel(
        "decode a CCD, Rice, 16 bits",
        "decode-16",
        &[peer("fitsio", EQUAL, Some((4.0, 6.0)), "16-bit numbers, where ours are floats")],
    ),
    kernel(
        "detrend a CCD",
        "detrend",
        &[
            peer(
                "numpy",
                within(0.01, 1e-6),
                Some((2.0, 3.0)),
                "no variance, no mask, no check of saturation",
            ),
            peer(
                "ccdproc",
                None,
                None,
                "no linearity, variance or mask; median without clip; not compared",
            ),
        ],
    ),
    Case {
        size: 10,
        repeats: 1,
        ..kernel("clipped median of 10 frames of a quadrant", "stack", STACK_10)
    },
    Case {
        size: 20,
        repeats: 1,
        ..kernel("clipped median of 20 frames of a quadrant", "stack", STACK_20)
    },
    Case {
        size: 10_000,
        holds: "f64",
        ..kernel(
            "apertures, 10,000 stars x 10 radii",
            "aperture",
            &[
                peer("sep", within(1e-9, 1e-12), Some((9.0, 18.0)), "no count of masked pixels"),
                peer("photutils", within(1e-9, 1e-12), None, ""),
            ],
        )
    },
    Case {
        size: 10_000,
        repeats: 20,
        holds: "f64",
        ..kernel(
            "sky to pixel, TPV, 10,000 stars",
            "sky",
            &[peer("astropy", within(1e-8, 0.0), Some((3.5, 6.0)), "wcslib")],
        )
    },
    kernel(
        "background of a quadrant, level and rms",
        "background",
        &[peer("sep", within(0.0, 1e-6), None, "")],
    ),
    Case {
        size: 10_000,
        repeats: 20,
        holds: "parquet",
        ..kernel(
            "parquet, 10,000 rows x 52 columns, snappy",
            "parquet",
            &[peer("pyarrow", EQUAL, None, "keeps its schema in the footer too")],
        )
    },
    Case {
        repeats: 3,
        timed_before: Some(ZTFSENSORS),
        ..kernel("pocket of a quadrant", "pocket", &[])
    },
    Case {
        repeats: 0,
        is_command: true,
        ..kernel(
            "master bias of a CCD from 10 files",
            "master-bias",
            &[peer(
                "ztfin2p3",
                EQUAL,
                Some((50.0, 60.0)),
                "no variance, no mask, no checksums; holds the arrays, writes no file",
            )],
        )
    },
    Case {
        repeats: 0,
        is_command: true,
        holds: "f64",
        ..kernel(
            "a CCD end to end: 4 x 10,000 stars x 10 radii",
            "end-to-end",
            &[peer(
                "ztfin2p3",
                within(1e-3, 0.0),
                Some((6.0, 12.0)),
                "no variance plane, no science images on disk",
            )],
        )
    },
    Case {
        repeats: 0,
        is_command: true,
        holds: "f64",
        ..kernel(
            "a CCD from raw file to calibrated images",
            "calibrate",
            &[peer(
                "sep+astropy",
                within(0.05, 0.0),
                None,
                "no variance, masks, pocket, cosmic rays, width of stars or search for the match; no files",
            )],
        )
    },
];
