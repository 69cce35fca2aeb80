//! Numbers as JSON has them: whole ones in full, others with the seven digits that a single-precision number has, and `null`
//! for NaN. Not by serde: an hour has half a million of them, nearly all whole or of two decimals, and to write each as what it
//! is takes little more than half the time of looking for the shortest text.

use serde::Serialize;

/// Bytes that one takes with its comma, in the mean.
pub(super) const USUAL: usize = 5;

#[expect(clippy::cast_possible_truncation, reason = "what does not fit is not the same any more, or not finite")]
#[expect(clippy::float_cmp, reason = "the very same is meant")]
pub(crate) fn write(number: f64, out: &mut Vec<u8>) {
    let (whole, single) = (number as i64, number as f32);
    if whole as f64 == number {
        write_whole(whole, out);
    } else if single.is_infinite() {
        write_shortest(number, out);
    } else {
        write_single(single, out);
    }
}

/// Several, with commas between them.
pub(super) fn write_singles<'a>(numbers: impl Iterator<Item = &'a f32>, out: &mut Vec<u8>) {
    const PART: usize = 4096;
    let (mut part, mut at) = ([0; PART], 0);
    let mut comma = false;
    for number in numbers {
        if at + 2 * TEXT > PART {
            out.extend_from_slice(&part[..at]);
            at = 0;
        }
        part[at] = b',';
        at += usize::from(comma);
        comma = true;
        if let Some((text, len)) = text(*number) {
            part[at..][..TEXT].copy_from_slice(&text.to_le_bytes());
            at += len;
        } else {
            out.extend_from_slice(&part[..at]);
            at = 0;
            write_single(*number, out);
        }
    }
    out.extend_from_slice(&part[..at]);
}

#[expect(clippy::cast_possible_truncation, reason = "what does not fit is not the same any more")]
#[expect(clippy::float_cmp, reason = "the very same is meant")]
fn write_single(number: f32, out: &mut Vec<u8>) {
    let whole = number as i64;
    if whole as f32 == number {
        write_whole(whole, out);
    } else if !write_decimals(number, out) {
        write_shortest(number, out);
    }
}

/// Writes a number of up to four decimals, or a large one of two, if no other of that kind is the same in single precision: it is
/// the shortest text then. Watts that were told in milliwatts are such numbers, and rates of a few KB/s.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what does not fit is not the same any more"
)]
#[expect(clippy::float_cmp, reason = "the very same is meant")]
fn write_decimals(number: f32, out: &mut Vec<u8>) -> bool {
    // Up to here single-precision numbers lie closer together than these decimals.
    const UNIQUE: u32 = 1 << 23;
    let scale = if number < 838.0 { 10_000 } else { 100 };
    let scaled = (f64::from(number) * f64::from(scale) + 0.5) as u32;
    if scaled >= UNIQUE || (f64::from(scaled) / f64::from(scale)) as f32 != number {
        return false;
    }
    let mut text = itoa::Buffer::new();
    out.extend_from_slice(text.format(scaled / scale).as_bytes());
    out.push(b'.');
    // With the scale before them decimals keep their zeros.
    out.extend_from_slice(text.format(scale + scaled % scale)[1..].trim_end_matches('0').as_bytes());
    true
}

const TEXT: usize = size_of::<u64>();

/// A number below ten thousand that is whole, or one below a hundred of one or two decimals: up to five characters, the first
/// lowest, and how many they are. Found in tables and copied as one, since branches and copies by the byte would take most of the time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what does not fit is not the same any more"
)]
#[expect(clippy::float_cmp, reason = "the very same is meant")]
fn text(number: f32) -> Option<(u64, usize)> {
    let whole = number as i32;
    if whole as f32 == number {
        let text = *WHOLE.get(whole as usize)?;
        return Some((text.into(), len(text)));
    }
    let hundredths = (f64::from(number) * 100.0 + 0.5) as u32;
    let text = *HUNDREDTHS.get(hundredths as usize)?;
    let same = (f64::from(hundredths) * 0.01) as f32 == number;
    same.then_some((text, (text >> LEN) as usize))
}

/// Of a text that lies in a number, its first character lowest.
const fn len(text: u32) -> usize {
    4 - (text.leading_zeros() / 8) as usize
}

/// Every whole number of up to four digits as text.
static WHOLE: [u32; 10_000] = {
    let mut texts = [0; 10_000];
    let mut number = 0;
    while number < 10_000 {
        texts[number as usize] = whole(number);
        number += 1;
    }
    texts
};

/// Every number of hundredths below a hundred as text, without zeros at its end, and its length from the bit [`LEN`] on.
static HUNDREDTHS: [u64; 10_000] = {
    let mut texts = [0; 10_000];
    let mut number = 0;
    while number < 10_000 {
        let before = whole(number / 100);
        let (tenth, last) = (number / 10 % 10, number % 10);
        let point = b'.' as u32 | digit(tenth) << 8;
        // Whole ones are not looked for here.
        let (after, digits) = if last == 0 { (point, 2) } else { (point | digit(last) << 16, 3) };
        texts[number as usize] =
            before as u64 | (after as u64) << (8 * len(before)) | ((len(before) + digits) as u64) << LEN;
        number += 1;
    }
    texts
};

const LEN: u32 = 56;

/// A whole number of up to four digits as text.
const fn whole(number: u32) -> u32 {
    let (mut left, mut text) = (number, 0);
    loop {
        text = text << 8 | digit(left);
        left /= 10;
        if left == 0 {
            return text;
        }
    }
}

/// The last digit of a number as a character.
const fn digit(number: u32) -> u32 {
    b'0' as u32 + number % 10
}

fn write_whole(whole: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
}

fn write_shortest(number: impl Serialize, out: &mut Vec<u8>) {
    let begin = out.len();
    if serde_json::to_writer(&mut *out, &number).is_err() {
        // Memory never refuses; if it did, half a number would be worse than none.
        out.truncate(begin);
        out.extend_from_slice(b"null");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(number: f64) -> String {
        let mut out = Vec::new();
        write(number, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn whole_in_full_and_others_short() {
        let numbers = [
            (0.0, "0"),
            (f64::NAN, "null"),
            (9_007_199_254_740_991.0, "9007199254740991"),
            (57.14, "57.14"),
            (57.1, "57.1"),
            (0.05, "0.05"),
            (99_999.99, "99999.99"),
            (99.9999, "99.9999"),
            (314.159, "314.159"),
            (0.0001, "0.0001"),
            (838.125, "838.125"),
            (1234.56, "1234.56"),
            (83_886.07, "83886.07"),
            (83_886.09, "83886.09"),
            (400.0 / 7.0, "57.142857"),
            (123_456.75, "123456.75"),
            (-1.5, "-1.5"),
            (-0.05, "-0.05"),
            (1e-5 / 3.0, "0.0000033333333"),
            (1e300, "1e+300"),
            (f64::from(1 << 30) * 8_589_934_592.0, "9223372036854775807"),
        ];
        for (number, expected) in numbers {
            assert_eq!(text(number), expected);
        }
    }

    #[test]
    fn what_fills_many_parts_is_written_whole() {
        let texts = ["57.14", "0", "9999.99", "7.5", "1980"];
        let numbers: Vec<f32> = texts.map(|text| text.parse().unwrap()).repeat(2_000);
        let mut out = Vec::new();
        write_singles(numbers.iter(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), texts.repeat(2_000).join(","));
    }

    proptest! {
        /// Serde's shortest text is what the fast way is held against.
        #[test]
        fn singles_are_read_as_they_were_and_none_is_longer_than_need_be(
            numbers in prop::collection::vec(
                prop_oneof![
                    (0u32..20_000, 0..100).prop_map(|(whole, hundredths)| format!("{whole}.{hundredths:02}").parse().unwrap()),
                    (0u32..1 << 24, prop_oneof![Just(10_000.0), Just(100.0)]).prop_map(|(scaled, scale)| scaled as f32 / scale),
                    any::<f32>(),
                ],
                0..1500,
            ),
        ) {
            let mut out = b"[".to_vec();
            write_singles(numbers.iter(), &mut out);
            out.push(b']');
            let text = String::from_utf8(out).unwrap();
            let read: Vec<Option<f32>> = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read.len(), numbers.len());
            for ((written, read), number) in text[1..].split([',', ']']).zip(read).zip(numbers) {
                let beyond = number.abs() >= 9e18;
                prop_assert!(read.filter(|_| !beyond) == Some(number).filter(|_| number.is_finite() && !beyond), "{} for {}", written, number);
                let shortest = serde_json::to_string(&number).unwrap();
                prop_assert!(written.len() <= shortest.len() || number.fract() == 0.0, "{} for {}", written, shortest);
            }
        }
    }
}
