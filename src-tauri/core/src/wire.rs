//! What is sent to a page at every tick, as short as it can be said: `system/all` has room for 8 KiB
//! (`tests/nvml-sim/tests/batch.rs` keeps it there).

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// JSON in which a whole number has no decimal point: `12` for 12.0, which is the same number to whoever reads it.
///
/// # Errors
/// What serde can't write, such as a map whose keys are no strings.
pub fn json(payload: &impl Serialize) -> serde_json::Result<String> {
    let mut text = Vec::with_capacity(8_192);
    payload.serialize(&mut Serializer::with_formatter(&mut text, Short))?;
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

struct Short;

impl Formatter for Short {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        // Beyond, the digits before the point would be more than the exponent takes.
        if value.fract() == 0.0 && value.abs() < 1e15 {
            write!(writer, "{value:.0}")
        } else {
            CompactFormatter.write_f64(writer, value)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_are_short_and_all_else_is_as_ever() {
        let payload = json!({"a": [12.0, -3.0, 0.5, 1e300, null], "b": {"c": 7, "d": "12.0"}});
        assert_eq!(json(&payload).unwrap(), r#"{"a":[12,-3,0.5,1e+300,null],"b":{"c":7,"d":"12.0"}}"#);
        assert_eq!(json(&f64::NAN).unwrap(), "null");
    }

    proptest! {
        #[test]
        fn every_number_is_read_back_as_it_was(value in prop::num::f64::NORMAL | prop::num::f64::ZERO, whole in -1_000_000i32..1_000_000) {
            for value in [value, value.round(), f64::from(whole)] {
                let read: f64 = json(&value).unwrap().parse().unwrap();
                prop_assert!(read.to_bits() == value.to_bits(), "{} for {}", read, value);
            }
        }
    }
}
