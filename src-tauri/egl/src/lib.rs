//! An EGL that has a display, and nothing to draw with: a driver for libglvnd, which `libEGL.so` is on Linux.
//!
//! `WebKit`'s web process asks for a display of EGL's as it starts and ends where it gets none, also where it draws without
//! acceleration and never asks for more. A real driver is then loaded for nothing: Mesa's software renderer with LLVM, 31 MiB
//! and 60 ms. `src-tauri/src/rendering.rs` says when this one is there instead.
//!
//! What a driver answers is in `glvnd/libeglabi.h` (version 0 of that interface), what EGL's functions do in the EGL 1.5
//! specification.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "a driver is called from C")]

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{self, null};

/// `EGLBoolean`
type Boolean = u32;
const FALSE: Boolean = 0;
const TRUE: Boolean = 1;

/// `EGLDisplay`, `EGLNativeDisplayType`, `EGLAttrib*`: nobody looks behind them.
type Handle = *const c_void;

/// `EGL_PLATFORM_SURFACELESS_MESA`, which the web process asks for. The window's own process asks for a screen's, and gets none.
const SURFACELESS: u32 = 0x31dd;

/// What `eglGetError` says.
const SUCCESS: i32 = 0x3000;
const BAD_ALLOC: i32 = 0x3003;

/// What `eglQueryString` is asked for.
const VENDOR: c_int = 0x3053;
const VERSION: c_int = 0x3054;
const EXTENSIONS: c_int = 0x3055;
const CLIENT_APIS: c_int = 0x308d;

thread_local! {
    static ERROR: Cell<i32> = const { Cell::new(SUCCESS) };
}

/// The required part of `__EGLapiImports`, which a driver fills in. What is behind it is optional; libglvnd has set it to null.
#[repr(C)]
pub struct Driver {
    get_platform_display: extern "C" fn(u32, Handle, Handle) -> Handle,
    get_supports_api: extern "C" fn(u32) -> Boolean,
    get_vendor_string: extern "C" fn(c_int) -> *const c_char,
    get_proc_address: unsafe extern "C" fn(*const c_char) -> Handle,
    get_dispatch_address: extern "C" fn(*const c_char) -> Handle,
    set_dispatch_index: extern "C" fn(*const c_char, c_int),
}

/// Where the loader comes in.
///
/// # Safety
/// `driver` points to an `__EGLapiImports`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __egl_Main(version: u32, _: Handle, _: Handle, driver: *mut Driver) -> Boolean {
    let major = version >> 16;
    if major != 0 {
        return FALSE;
    }
    let ours = Driver {
        get_platform_display,
        get_supports_api,
        get_vendor_string,
        get_proc_address,
        get_dispatch_address,
        set_dispatch_index,
    };
    // SAFETY: the caller's promise.
    unsafe { driver.write(ours) };
    TRUE
}

extern "C" fn get_platform_display(platform: u32, _native: Handle, _attributes: Handle) -> Handle {
    static DISPLAY: u8 = 0;
    if platform == SURFACELESS { ptr::from_ref(&DISPLAY).cast() } else { null() }
}

/// The loader drops a driver that supports neither `OpenGL` nor `OpenGL` ES.
extern "C" fn get_supports_api(_api: u32) -> Boolean {
    TRUE
}

/// Zero asks for the platforms, as extensions.
extern "C" fn get_vendor_string(name: c_int) -> *const c_char {
    if name == 0 { c"EGL_EXT_platform_base EGL_MESA_platform_surfaceless".as_ptr() } else { null() }
}

/// The loader takes no driver without each function of EGL 1.4.
///
/// # Safety
/// `name` is a text of C's.
unsafe extern "C" fn get_proc_address(name: *const c_char) -> Handle {
    // SAFETY: the caller's promise.
    let name = unsafe { CStr::from_ptr(name) };
    match name.to_bytes() {
        b"eglInitialize" => initialize as Handle,
        b"eglTerminate" | b"eglReleaseThread" => succeed as Handle,
        b"eglQueryString" => query_string as Handle,
        b"eglGetError" => get_error as Handle,
        name if name.starts_with(b"egl") => refuse as Handle,
        _ => null(),
    }
}

/// There are no functions beside EGL's own, so there is nothing to dispatch.
extern "C" fn get_dispatch_address(_name: *const c_char) -> Handle {
    null()
}

extern "C" fn set_dispatch_index(_name: *const c_char, _index: c_int) {}

/// # Safety
/// Each of both numbers is null or may be written to.
unsafe extern "C" fn initialize(_display: Handle, major: *mut c_int, minor: *mut c_int) -> Boolean {
    for (number, value) in [(major, 1), (minor, 5)] {
        if !number.is_null() {
            // SAFETY: the caller's promise.
            unsafe { number.write(value) };
        }
    }
    TRUE
}

extern "C" fn succeed() -> Boolean {
    TRUE
}

extern "C" fn query_string(_display: Handle, name: c_int) -> *const c_char {
    match name {
        VENDOR => c"Telltale".as_ptr(),
        VERSION => c"1.5".as_ptr(),
        EXTENSIONS | CLIENT_APIS => c"".as_ptr(),
        _ => null(),
    }
}

extern "C" fn get_error() -> i32 {
    ERROR.replace(SUCCESS)
}

/// Stands for every function that makes something to draw with or draws. All of them answer with a boolean or a handle, and
/// in C the caller clears away what it has passed.
extern "C" fn refuse() -> Handle {
    ERROR.set(BAD_ALLOC);
    null()
}
