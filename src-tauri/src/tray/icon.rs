//! The tray's images: the telltale's strip, filled up to the load. Drawn here, since each differs by one bar.

use super::menu::STEPS;

/// Pixels a side: what panels of 16 to 32 px scale well from.
pub(super) const SIDE: u32 = 32;

/// The app's own green, readable on light and dark panels, and the strip behind it.
const FILLED: [u8; 4] = [0x3f, 0xb6, 0x8b, 0xff];
const EMPTY: [u8; 4] = [0x80, 0x88, 0x90, 0xa0];

/// RGBA, row by row: four columns of rising height, filled from the left as the load rises.
pub(super) fn image(step: u8) -> Vec<u8> {
    const COLUMNS: u32 = 4;
    let mut pixels = vec![0; (SIDE * SIDE * 4) as usize];
    for y in 0..SIDE {
        for x in 0..SIDE {
            let column = x / (SIDE / COLUMNS);
            let height = (column + 1) * SIDE / COLUMNS;
            // Two pixels between columns.
            if x % (SIDE / COLUMNS) >= SIDE / COLUMNS - 2 || SIDE - y > height {
                continue;
            }
            // Two steps a column: its lower half, then all of it.
            let reached = u32::from(step) + 1;
            let filled = reached > column * 2 + 1 || (reached > column * 2 && (SIDE - y) * 2 <= height);
            let at = ((y * SIDE + x) * 4) as usize;
            pixels[at..at + 4].copy_from_slice(if filled { &FILLED } else { &EMPTY });
        }
    }
    debug_assert!(step < STEPS);
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_fills_more_than_the_one_before() {
        let filled = |step| image(step).chunks(4).filter(|pixel| *pixel == FILLED).count();
        let counts: Vec<_> = (0..STEPS).map(filled).collect();
        assert!(counts[0] > 0 && counts.windows(2).all(|pair| pair[0] < pair[1]), "{counts:?}");
        assert!(image(STEPS - 1).chunks(4).all(|pixel| pixel != EMPTY), "the last one is full");
    }
}
