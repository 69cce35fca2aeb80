//! The tray's images: the mark of icons/telltale.svg, whose plate fills with green up to the load. Drawn here, since each
//! differs by an eighth of the plate.

use super::menu::STEPS;

/// Pixels a side, for panels of usual heights and for twice as many pixels.
pub(super) const SIDES: [u32; 4] = [16, 22, MIDDLE, 48];

/// The one for where a single one is asked for.
pub(super) const MIDDLE: u32 = 32;

type Point = (f32, f32);
type Colour = [u8; 3];

/// The drawing's units a side. All below is in these, from the left and from the top, as in telltale.svg.
const UNITS: f32 = 512.0;

/// Half of the plate's side, about the middle, and the radius of its corners.
const PLATE: (f32, f32) = (240.0, 112.0);

/// The telltale's corners, with a line about it, and half of that line's width.
const FLAG: ([Point; 4], f32) = ([(192.0, 80.0), (424.0, 156.0), (192.0, 232.0), (192.0, 80.0)], 16.0);

/// The recorder's trace as far as it is straight, the curve that it ends with, and half of its width.
const TRACE: ([Point; 4], f32) = ([(96.0, 384.0), (192.0, 384.0), (192.0, 96.0), (232.0, 284.0)], 32.0);
const CURVE: [Point; 4] = [(232.0, 284.0), (248.0, 352.0), (296.0, 384.0), (416.0, 384.0)];

const WHITE: Colour = [0xff, 0xff, 0xff];
const AMBER: Colour = [0xff, 0xc5, 0x3d];
const FILLED: Colour = [0x17, 0x99, 0x6d];
/// Of the plate above the load. The mark stands out from both colours, and both from light panels and dark ones.
const EMPTY: Colour = [0x4d, 0x56, 0x5f];

/// RGBA, row by row.
pub(super) fn image(step: u8, side: u32) -> Vec<u8> {
    /// Points looked at in each pixel, each way: what edges are smooth by.
    const WITHIN: u16 = 4;
    debug_assert!(step < STEPS);
    let full = 256.0 + PLATE.0 - 2.0 * PLATE.0 * f32::from(step + 1) / f32::from(STEPS);
    let trace = trace();
    let unit = UNITS / side as f32;
    let at = |pixel: u32, point: u16| (pixel as f32 + (f32::from(point) + 0.5) / f32::from(WITHIN)) * unit;
    let byte = |value: u16| u8::try_from(value).unwrap_or(u8::MAX);
    let mut pixels = Vec::new();
    for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
        let (mut sum, mut covered) = ([0; 3], 0);
        for (down, right) in (0..WITHIN).flat_map(|down| (0..WITHIN).map(move |right| (down, right))) {
            let Some(colour) = colour((at(x, right), at(y, down)), &trace, full) else { continue };
            covered += 1;
            for (sum, channel) in sum.iter_mut().zip(colour) {
                *sum += u16::from(channel);
            }
        }
        pixels.extend(sum.map(|sum| byte(sum / covered.max(1))));
        pixels.push(byte(covered * 255 / (WITHIN * WITHIN)));
    }
    pixels
}

/// What is seen at a point: of trace, telltale and plate, which is full from `full` down, the topmost.
fn colour(point: Point, trace: &[Point], full: f32) -> Option<Colour> {
    let near = |line: &[Point], reach: f32| line.windows(2).any(|ends| distance(point, ends[0], ends[1]) <= reach);
    let corner = |at: f32| ((at - 256.0).abs() - (PLATE.0 - PLATE.1)).max(0.0);
    if near(trace, TRACE.1) {
        Some(WHITE)
    } else if near(&FLAG.0, FLAG.1) || is_within(point, &FLAG.0) {
        Some(AMBER)
    } else if corner(point.0).hypot(corner(point.1)) <= PLATE.1 {
        Some(if point.1 >= full { FILLED } else { EMPTY })
    } else {
        None
    }
}

/// The trace's points, those of its curve too.
fn trace() -> Vec<Point> {
    const PIECES: u8 = 8;
    let curve = (1..=PIECES).map(|piece| {
        let (end, start) = (f32::from(piece) / f32::from(PIECES), 1.0 - f32::from(piece) / f32::from(PIECES));
        let weights = [start * start * start, 3.0 * start * start * end, 3.0 * start * end * end, end * end * end];
        let sum = |axis: fn(Point) -> f32| CURVE.iter().zip(weights).map(|(point, weight)| axis(*point) * weight).sum();
        (sum(|point| point.0), sum(|point| point.1))
    });
    TRACE.0.into_iter().chain(curve).collect()
}

/// From a point to the nearest of those between two others.
fn distance(point: Point, from: Point, to: Point) -> f32 {
    let (along, off) = ((to.0 - from.0, to.1 - from.1), (point.0 - from.0, point.1 - from.1));
    let share = (off.0 * along.0 + off.1 * along.1) / (along.0 * along.0 + along.1 * along.1);
    let share = share.clamp(0.0, 1.0);
    (off.0 - share * along.0).hypot(off.1 - share * along.1)
}

/// Whether it lies on the same side of every edge of a shape whose corners go round clockwise.
fn is_within(point: Point, corners: &[Point]) -> bool {
    corners.windows(2).all(|ends| {
        let (from, to) = (ends[0], ends[1]);
        (to.0 - from.0) * (point.1 - from.1) >= (to.1 - from.1) * (point.0 - from.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_fills_more_than_the_one_before() {
        for side in SIDES {
            let of = |step, wanted: Colour| image(step, side).chunks(4).filter(|pixel| pixel[..3] == wanted).count();
            let filled: Vec<_> = (0..STEPS).map(|step| of(step, FILLED)).collect();
            assert!(filled[0] > 0 && filled.windows(2).all(|pair| pair[0] < pair[1]), "{side}: {filled:?}");
            assert_eq!(of(STEPS - 1, EMPTY), 0, "{side}: the last one is full");
            assert!(
                (0..STEPS).all(|step| of(step, WHITE) == of(0, WHITE) && of(step, AMBER) == of(0, AMBER)),
                "{side}"
            );
        }
    }

    #[test]
    fn it_is_the_mark_of_the_app() {
        let drawing = include_str!("../../../icons/telltale.svg");
        for part in [
            r#"x="16" y="16" width="480" height="480" rx="112""#,
            r##"d="M192 80L424 156L192 232z" fill="#ffc53d" stroke="#ffc53d" stroke-width="32""##,
            r##"d="M96 384H192V96L232 284C248 352 296 384 416 384" fill="none" stroke="#fff" stroke-width="64""##,
        ] {
            assert!(drawing.contains(part), "the drawing has changed: {part}");
        }
    }
}
