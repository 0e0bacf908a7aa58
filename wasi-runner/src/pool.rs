//! The same for many things, several at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What `work` makes of each item, in their order, by `workers` threads.
pub fn map<T: Sync, R: Send>(items: &[T], workers: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let mut made: Vec<(usize, R)> = std::thread::scope(|scope| {
        let share = || {
            let mut made = Vec::new();
            while let Some((place, item)) = {
                let place = next.fetch_add(1, Ordering::Relaxed);
                items.get(place).map(|item| (place, item))
            } {
                made.push((place, work(item)));
            }
            made
        };
        let threads: Vec<_> = (0..workers.max(1)).map(|_| scope.spawn(share)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    made.sort_by_key(|(place, _)| *place);
    made.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u32> = (0..100).collect();
        let wanted: Vec<u32> = items.iter().map(|item| item * item).collect();
        assert_eq!(super::map(&items, 3, |item| item * item), wanted);
        assert!(super::map(&[] as &[u32], 3, |item| *item).is_empty());
    }
}
