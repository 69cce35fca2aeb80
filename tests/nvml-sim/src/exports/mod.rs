//! The functions by NVML's names and types (nvml.h). Each counts its call and answers from the script.
//!
//! The two macros write what all have in common: the exported symbol, the count, no panic into C. A pointer that a
//! caller hands over is null, which is refused, or points to what nvml.h says: that is all that `unsafe` rests on here.

#![allow(non_snake_case, reason = "NVML's names")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "figures are small and never negative")]

mod device;
mod fields;
mod gpm;
mod links;
mod mig;
mod processes;
mod system;

use std::ffi::{CStr, c_char, c_uint, c_void};

use crate::sim::{Code, INSUFFICIENT_SIZE, INVALID_ARGUMENT};

/// A device's place in the script, plus one: a handle is never null. One of its instances has its own number, plus one,
/// in the bits above.
type Handle = *mut c_void;

const INSTANCES: u32 = 16;

fn place(device: Handle) -> Option<(usize, Option<usize>)> {
    let (device, instance) = (device as usize & ((1 << INSTANCES) - 1), device as usize >> INSTANCES);
    Some((device.checked_sub(1)?, instance.checked_sub(1)))
}

/// Exports functions of the driver as a whole; each body has the script as it stands now.
macro_rules! driver_functions {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),*) |$script:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $type),*) -> $crate::sim::Code {
            $crate::sim::code(|| {
                let $script = $crate::sim::call(stringify!($name))?;
                // SAFETY: each pointer is null or what nvml.h says it is.
                unsafe { $body }
            })
        }
    )*};
}

/// Exports functions of a device, which is their first argument; each body has the device.
macro_rules! device_functions {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),*) |$on:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(device: $crate::exports::Handle, $($argument: $type),*) -> $crate::sim::Code {
            $crate::sim::code(|| {
                let $on = $crate::sim::OnDevice::new(stringify!($name), $crate::exports::place(device))?;
                // SAFETY: each pointer is null or what nvml.h says it is.
                unsafe { $body }
            })
        }
    )*};
}

use device_functions;
use driver_functions;

/// Stores an answer.
///
/// # Safety
/// `out` is null or points to a `T` that may be written.
unsafe fn put<T>(out: *mut T, value: T) -> Result<(), Code> {
    if out.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    // SAFETY: not null, and the caller's to vouch for.
    unsafe { out.write(value) };
    Ok(())
}

/// Stores a text with its closing zero.
///
/// # Safety
/// `out` is null or points to `length` bytes that may be written.
unsafe fn put_text(out: *mut c_char, length: c_uint, text: &str) -> Result<(), Code> {
    if out.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    if text.len() >= length as usize {
        return Err(INSUFFICIENT_SIZE);
    }
    // SAFETY: the text and its zero fit into the caller's buffer.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr().cast(), out, text.len());
        out.add(text.len()).write(0);
    }
    Ok(())
}

/// Stores a list as NVML does: `count` has the room on the way in and the number on the way out. Too little room,
/// or none, stores the number alone.
///
/// # Safety
/// `count` is null or may be written, and `out` is null or has room for as many as it says.
unsafe fn put_list<T>(out: *mut T, count: *mut c_uint, list: &[T]) -> Result<(), Code> {
    // SAFETY: the caller's to vouch for; null is refused.
    let room = unsafe { count.as_ref() }.copied().ok_or(INVALID_ARGUMENT)?;
    // SAFETY: not null.
    unsafe { count.write(list.len() as c_uint) };
    if list.len() > room as usize {
        return Err(INSUFFICIENT_SIZE);
    }
    if !list.is_empty() {
        if out.is_null() {
            return Err(INVALID_ARGUMENT);
        }
        // SAFETY: there is room for all of them.
        unsafe { std::ptr::copy_nonoverlapping(list.as_ptr(), out, list.len()) };
    }
    Ok(())
}

/// A text that a caller passes.
///
/// # Safety
/// `text` is null or a C string.
unsafe fn text(text: *const c_char) -> Result<String, Code> {
    if text.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    // SAFETY: not null, and the caller's to vouch for.
    Ok(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
