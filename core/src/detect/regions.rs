//! Connected regions: pixels that touch at a side or a corner.
//!
//! Each row is cut into runs; runs of neighboring rows that touch are joined (union of sets, paths
//! halved); no recursion. Regions come in the order of their last pixels, that in which a scan of the
//! image completes them.

/// A run of pixels in one row; `first` and `last` are indices into the list.
struct Run {
    row: u32,
    from: u32,
    to: u32,
    first: usize,
    last: usize,
}

/// The regions of a list of pixels `(row, column)` in the order of rows and columns; each region is
/// the indices of its pixels, ascending.
pub(crate) fn regions(pixels: &[(u32, u32)]) -> Vec<Vec<usize>> {
    let runs = runs(pixels);
    let mut parents: Vec<usize> = (0..runs.len()).collect();
    // The first run of the row above that may still touch.
    let mut above = 0;
    for (index, run) in runs.iter().enumerate() {
        let reaches = |other: &Run| {
            other.row + 1 < run.row || (other.row + 1 == run.row && other.to + 1 < run.from)
        };
        while runs.get(above).is_some_and(&reaches) {
            above += 1;
        }
        let touching = runs.iter().enumerate().skip(above);
        for (other, _) in
            touching.take_while(|(_, other)| other.row < run.row && other.from <= run.to + 1)
        {
            let (a, b) = (root(&mut parents, index), root(&mut parents, other));
            if let Some(parent) = parents.get_mut(a.max(b)) {
                *parent = a.min(b);
            }
        }
    }
    collect(&runs, &mut parents)
}

fn runs(pixels: &[(u32, u32)]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (index, &(row, column)) in pixels.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if run.row == row && run.to + 1 == column => {
                run.to = column;
                run.last = index;
            }
            _ => runs.push(Run { row, from: column, to: column, first: index, last: index }),
        }
    }
    runs
}

fn root(parents: &mut [usize], mut at: usize) -> usize {
    while let Some(&parent) = parents.get(at).filter(|&&parent| parent != at) {
        let grandparent = parents.get(parent).copied().unwrap_or(parent);
        if let Some(parent) = parents.get_mut(at) {
            *parent = grandparent;
        }
        at = grandparent;
    }
    at
}

/// The indices of each set, sets in the order of their last runs.
fn collect(runs: &[Run], parents: &mut [usize]) -> Vec<Vec<usize>> {
    let mut number = vec![usize::MAX; runs.len()];
    let mut roots = Vec::with_capacity(runs.len());
    let mut count = 0;
    for index in (0..runs.len()).rev() {
        let root = root(parents, index);
        roots.push(root);
        if let Some(number) = number.get_mut(root).filter(|number| **number == usize::MAX) {
            *number = count;
            count += 1;
        }
    }
    let mut regions = vec![Vec::new(); count];
    for (run, root) in runs.iter().zip(roots.iter().rev()) {
        let last = number.get(*root).and_then(|number| count.checked_sub(number + 1));
        if let Some(region) = last.and_then(|at| regions.get_mut(at)) {
            region.extend(run.first..=run.last);
        }
    }
    regions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(picture: &[&str]) -> Vec<Vec<(u32, u32)>> {
        let mut pixels = Vec::new();
        for (row, line) in (0..).zip(picture) {
            let bright = (0..).zip(line.bytes()).filter(|(_, letter)| *letter == b'#');
            pixels.extend(bright.map(|(column, _)| (row, column)));
        }
        let name = |region: Vec<usize>| region.into_iter().map(|at| pixels[at]).collect();
        regions(&pixels).into_iter().map(name).collect()
    }

    #[test]
    fn pixels_that_touch_at_a_corner_are_one_region() {
        assert_eq!(of(&["#..", ".#.", "..#"]).len(), 1);
        assert_eq!(of(&["#.#", "...", "#.#"]).len(), 4);
        assert_eq!(of(&[]).len(), 0);
    }

    #[test]
    fn arms_that_meet_later_are_one_region() {
        assert_eq!(of(&["#...#", "#.#.#", "#.#.#", ".#.#."]).len(), 1);
        assert_eq!(of(&["#####", "#...#", "#.#.#", "#...#", "#####"]).len(), 2);
    }

    #[test]
    fn regions_come_in_the_order_of_their_last_pixels() {
        let found = of(&["#..#", "#...", "...#"]);
        let last: Vec<_> = found.iter().map(|region| *region.last().unwrap()).collect();
        assert_eq!(last, [(0, 3), (1, 0), (2, 3)]);
    }

    #[test]
    fn regions_are_those_of_a_flood_fill() {
        let mut state = 7_u64;
        let mut bright = [[false; 60]; 40];
        for pixel in bright.iter_mut().flatten() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *pixel = (state >> 33) % 100 < 38;
        }
        let all = (0..40).flat_map(|row| (0..60).map(move |column| (row, column)));
        let pixels: Vec<(u32, u32)> =
            all.filter(|&(row, column)| bright[row as usize][column as usize]).collect();
        let found = regions(&pixels);
        assert_eq!(found.iter().map(Vec::len).sum::<usize>(), pixels.len());
        let mut filled = 0;
        for &start in &pixels {
            if !std::mem::take(&mut bright[start.0 as usize][start.1 as usize]) {
                continue;
            }
            let mut region = vec![start];
            let mut next = 0;
            while let Some(&(row, column)) = region.get(next) {
                for row in row.saturating_sub(1)..(row + 2).min(40) {
                    for column in column.saturating_sub(1)..(column + 2).min(60) {
                        if std::mem::take(&mut bright[row as usize][column as usize]) {
                            region.push((row, column));
                        }
                    }
                }
                next += 1;
            }
            region.sort_unstable();
            let same = |indices: &&Vec<usize>| pixels[indices[0]] == region[0];
            let ours = found.iter().find(same).unwrap();
            assert!(ours.iter().map(|&at| pixels[at]).eq(region));
            filled += 1;
        }
        assert_eq!(filled, found.len());
    }
}
