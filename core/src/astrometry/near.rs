//! The nearest of many points of a plane, found in strips.

use super::plane::Point;

/// Points sorted by their second coordinate.
pub(super) struct Near {
    sorted: Vec<(Point, usize)>,
}

impl Near {
    pub(super) fn new(points: &[Point]) -> Near {
        let mut sorted: Vec<(Point, usize)> =
            points.iter().copied().enumerate().map(|(index, point)| (point, index)).collect();
        sorted.retain(|((x, y), _)| x.is_finite() && y.is_finite());
        sorted.sort_by(|a, b| a.0.1.total_cmp(&b.0.1).then(a.1.cmp(&b.1)));
        Near { sorted }
    }

    /// Index and squared distance of the nearest point within `radius`; of equal ones the first by
    /// the second coordinate.
    pub(super) fn nearest(&self, to: Point, radius: f64) -> Option<(usize, f64)> {
        let start = self.sorted.partition_point(|(point, _)| point.1 < to.1 - radius);
        let strip = self.sorted.iter().skip(start).take_while(|(p, _)| p.1 <= to.1 + radius);
        let mut best: Option<(usize, f64)> = None;
        for &(point, index) in strip {
            let (dx, dy) = (point.0 - to.0, point.1 - to.1);
            let squared = dx * dx + dy * dy;
            if squared <= radius * radius && best.is_none_or(|(_, least)| squared < least) {
                best = Some((index, squared));
            }
        }
        best
    }
}

/// Pairs `(a, b)` of indices: each point of `a` with its nearest of `b` within `radius`, and of the
/// points that share one the nearest, in the order of `a`.
pub(super) fn pairs(a: &[Point], b: &[Point], radius: f64) -> Vec<(usize, usize)> {
    let near = Near::new(b);
    let mut owner: Vec<Option<(usize, f64)>> = vec![None; b.len()];
    for (index, &point) in a.iter().enumerate() {
        let Some((found, squared)) = near.nearest(point, radius) else { continue };
        if let Some(owner) = owner.get_mut(found)
            && owner.is_none_or(|(_, least)| squared < least)
        {
            *owner = Some((index, squared));
        }
    }
    let mut pairs: Vec<(usize, usize)> =
        owner.iter().enumerate().filter_map(|(b, owner)| owner.map(|(a, _)| (a, b))).collect();
    pairs.sort_unstable();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_point_has_one_partner_at_most() {
        let a = [(0.0, 0.0), (0.4, 0.0), (5.0, 5.0), (9.0, f64::NAN)];
        let b = [(0.3, 0.0), (5.0, 4.0), (100.0, 0.0)];
        assert_eq!(pairs(&a, &b, 1.0), [(1, 0), (2, 1)]);
        assert_eq!(pairs(&a, &b, 0.05), []);
    }
}
