//! What `WebKitGTK` calls of Flite, a speech synthesizer, for `window.speechSynthesis`: functions that have nothing and say nothing.
//! `src-tauri/src/speech.rs` says when they take Flite's place.
//!
//! What they are is in `flite.h` and the headers of its languages: a pointer or a number as their answer, and here always a zero.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "the names are Flite's")]

use std::ffi::c_void;
use std::ptr::null;

/// Callers' arguments are theirs to clear away (the C calling conventions of all systems that `WebKitGTK` is on), and nobody looks at them.
macro_rules! nothing {
    ($($name:ident)*) => {
        $(
            /// Flite's function of that name, which does nothing.
            #[unsafe(no_mangle)]
            pub extern "C" fn $name() -> *const c_void {
                null()
            }
        )*
    };
}

nothing! {
    flite_init flite_add_lang flite_text_to_wave cst_wave_resample delete_voice delete_wave
    cmulex_init usenglish_init
    register_cmu_us_awb register_cmu_us_kal register_cmu_us_rms register_cmu_us_slt
}
