//! Deblending: one region or several objects.
//!
//! From the threshold `t` to the peak `p` of the filtered region, levels `t (p / t)^(k / n)` cut it into
//! smaller and smaller branches, which form a tree. From the top down, a fork where at least two
//! branches hold more than a given part of the region's light above their level makes these branches
//! objects. The region's other pixels go to one of them, by the height that a Gaussian of each object's
//! ellipse has there.
//!
//! * Reference: Bertin & Arnouts 1996, section 4. Where SExtractor and sep draw a random number per
//!   pixel, the number comes from the pixel's place here, so that an object elsewhere changes nothing.

use std::f64::consts::PI;

use super::regions::regions;
use super::shape::{Extent, Pixel, shape};

/// Fewest pixels of a branch, unless objects may be smaller.
const BRANCH_PIXELS: usize = 3;
/// Beyond this exponent a Gaussian is nothing.
const FAR: f64 = 70.0;
/// A core is not credited with more than this multiple of its peak.
const HIGHEST: f64 = 4.0;

/// What decides on branches.
pub(super) struct Rules {
    /// Levels from the threshold to the peak.
    pub(super) levels: usize,
    /// Least part of the light (fraction).
    pub(super) contrast: f64,
    /// Fewest pixels of an object.
    pub(super) minimum_area: usize,
}

/// One part of a region.
pub(super) struct Part {
    pub(super) pixels: Vec<Pixel>,
    /// Where its core is, if it was told apart from others: barycenter, and its own pixels.
    pub(super) core: Option<Core>,
}

/// The branch from which a part grew.
pub(super) struct Core {
    /// Barycenter (x, y).
    pub(super) center: (f64, f64),
    /// Lowest and highest column and row.
    pub(super) columns: (u32, u32),
    pub(super) rows: (u32, u32),
}

/// A branch of the tree: indices of its pixels, its level, light and children.
struct Branch {
    pixels: Vec<usize>,
    level: f32,
    /// Whether nothing above it has become an object.
    whole: bool,
    children: std::ops::Range<usize>,
    /// Its light above its own level (DN).
    light: f64,
}

/// The objects of a region with the mean threshold `threshold` (DN).
pub(super) fn deblend(pixels: Vec<Pixel>, threshold: f32, rules: &Rules) -> Vec<Part> {
    let extent = Extent::of(pixels.iter().copied());
    let mut levels = tree(&pixels, threshold, &extent, rules);
    let least = extent.filtered_flux * rules.contrast;
    let cores = cut_branches(&mut levels, least);
    let whole = levels.first().and_then(|level| level.first()).is_none_or(|root| root.whole);
    if whole || cores.is_empty() {
        return vec![Part { pixels, core: None }];
    }
    gather(&pixels, threshold, &cores)
}

/// The branches of every level, lowest first; those of one parent lie together.
fn tree(pixels: &[Pixel], threshold: f32, extent: &Extent, rules: &Rules) -> Vec<Vec<Branch>> {
    let (low, peak) = (f64::from(threshold), f64::from(extent.filtered_peak.0));
    let fewest = rules.minimum_area.min(BRANCH_PIXELS);
    let all = (0..pixels.len()).collect();
    let mut levels = vec![vec![Branch::new(pixels, all, threshold)]];
    for step in 1..rules.levels {
        let part = step as f64 / rules.levels as f64;
        let level = if peak > 0.0 { (low * libm::pow(peak / low, part)) as f32 } else { threshold };
        let Some(below) = levels.last_mut().filter(|below| !below.is_empty()) else { break };
        let mut branches = Vec::new();
        for parent in below.iter_mut() {
            let start = branches.len();
            for region in above(pixels, &parent.pixels, level) {
                if fewest <= region.len() {
                    branches.push(Branch::new(pixels, region, level));
                }
            }
            parent.children = start..branches.len();
        }
        levels.push(branches);
    }
    levels
}

impl Branch {
    fn new(pixels: &[Pixel], members: Vec<usize>, level: f32) -> Branch {
        let filtered = |&at: &usize| pixels.get(at).map_or(0.0, |pixel| f64::from(pixel.filtered));
        let flux: f64 = members.iter().map(filtered).sum();
        let light = flux - f64::from(level) * members.len() as f64;
        Branch { pixels: members, level, whole: true, children: 0..0, light }
    }
}

/// The regions of those `members` that lie above `level`.
fn above(pixels: &[Pixel], members: &[usize], level: f32) -> Vec<Vec<usize>> {
    let bright = |at: &usize| pixels.get(*at).is_some_and(|pixel| level < pixel.filtered);
    let kept: Vec<usize> = members.iter().copied().filter(bright).collect();
    let places: Vec<(u32, u32)> = kept
        .iter()
        .filter_map(|&at| pixels.get(at))
        .map(|pixel| (pixel.row, pixel.column))
        .collect();
    let of_region = |region: Vec<usize>| {
        region.into_iter().filter_map(|at| kept.get(at).copied()).collect::<Vec<usize>>()
    };
    regions(&places).into_iter().map(of_region).collect()
}

/// Goes from the top down; the pixels and levels of the branches that become objects.
fn cut_branches(levels: &mut [Vec<Branch>], least: f64) -> Vec<(Vec<usize>, f32)> {
    let mut cores = Vec::new();
    for at in (1..levels.len()).rev() {
        let (lower, upper) = levels.split_at_mut(at);
        let (Some(parents), Some(children)) = (lower.last_mut(), upper.first()) else { continue };
        for parent in parents {
            let Some(own) = children.get(parent.children.clone()) else { continue };
            let bright = |child: &&Branch| child.light > least;
            parent.whole = own.iter().all(|child| child.whole);
            if own.iter().filter(bright).count() > 1 {
                let objects = own.iter().filter(bright).filter(|child| child.whole);
                cores.extend(objects.map(|child| (child.pixels.clone(), child.level)));
                parent.whole = false;
            }
        }
    }
    cores
}

/// A core with what its Gaussian needs.
struct Profile {
    pixels: Vec<Pixel>,
    core: Core,
    height: f64,
    cxx: f64,
    cyy: f64,
    cxy: f64,
    cut: f64,
}

impl Profile {
    fn new(pixels: Vec<Pixel>, level: f32, threshold: f32) -> Profile {
        let extent = Extent::of(pixels.iter().copied());
        let form = shape(&pixels, &extent, f64::from(level), None, None);
        let highest = HIGHEST * f64::from(extent.filtered_peak.0);
        let exponent = pixels.len() as f64 / (2.0 * PI * form.cut * form.a * form.b);
        let height = if exponent < FAR {
            (f64::from(threshold) * libm::exp(exponent)).min(highest)
        } else {
            highest
        };
        let core = Core { center: (form.x, form.y), columns: extent.columns, rows: extent.rows };
        Profile { pixels, core, height, cxx: form.cxx, cyy: form.cyy, cxy: form.cxy, cut: form.cut }
    }

    /// Half the squared distance of a pixel in units of the ellipse.
    fn distance(&self, pixel: &Pixel) -> f64 {
        let dx = f64::from(pixel.column) - self.core.center.0;
        let dy = f64::from(pixel.row) - self.core.center.1;
        0.5 * (self.cxx * dx * dx + self.cyy * dy * dy + self.cxy * dx * dy) / self.cut
    }
}

/// Gives every pixel of the region to one of the cores.
fn gather(pixels: &[Pixel], threshold: f32, cores: &[(Vec<usize>, f32)]) -> Vec<Part> {
    let of_core = |(members, level): &(Vec<usize>, f32)| {
        let own = members.iter().filter_map(|&at| pixels.get(at).copied()).collect();
        Profile::new(own, *level, threshold)
    };
    let mut profiles: Vec<Profile> = cores.iter().map(of_core).collect();
    let mut taken = vec![false; pixels.len()];
    for at in cores.iter().flat_map(|(members, _)| members) {
        if let Some(taken) = taken.get_mut(*at) {
            *taken = true;
        }
    }
    let free = pixels.iter().zip(&taken).filter(|(_, taken)| !**taken);
    let owners: Vec<(usize, Pixel)> =
        free.map(|(pixel, _)| (owner(&profiles, pixel), *pixel)).collect();
    for (owner, pixel) in owners {
        if let Some(profile) = profiles.get_mut(owner) {
            profile.pixels.push(pixel);
        }
    }
    // The core's pixels stay in front: cleaning takes them in this order.
    let part = |profile: Profile| Part { pixels: profile.pixels, core: Some(profile.core) };
    profiles.into_iter().map(part).collect()
}

/// Which object a pixel belongs to: each with the probability of its height there, the nearest if all
/// are too far.
fn owner(profiles: &[Profile], pixel: &Pixel) -> usize {
    let (mut total, mut nearest) = (0.0, (f64::INFINITY, 0));
    let mut sums = Vec::with_capacity(profiles.len());
    for (at, profile) in profiles.iter().enumerate() {
        let distance = profile.distance(pixel);
        total += if distance < FAR { profile.height * libm::exp(-distance) } else { 0.0 };
        sums.push(total);
        if distance < nearest.0 {
            nearest = (distance, at);
        }
    }
    if total <= 1e-31 {
        return nearest.1;
    }
    let drawn = total * fraction(pixel);
    sums.iter().position(|&sum| drawn <= sum).unwrap_or(nearest.1)
}

/// A number from 0 to 1 that is the pixel's own (mixing of splitmix64, Steele et al. 2014).
fn fraction(pixel: &Pixel) -> f64 {
    let mut bits = (u64::from(pixel.row) << 32 | u64::from(pixel.column)) ^ 0x9e37_79b9_7f4a_7c15;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
