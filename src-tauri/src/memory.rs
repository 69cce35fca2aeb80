//! What the C library keeps of memory that the program has freed: glibc's is told to keep less. Others do.

/// Has all threads share one heap (mallopt(3), `M_ARENA_MAX`). With one each, what an answer took on one thread was kept for that
/// thread: 15 MiB after some hours of history had been asked for. Before there are threads of our own.
pub fn share_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "glibc's own function; it takes two numbers")]
    // SAFETY: as the reason says, there is nothing to uphold.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Gives back what is free, as `malloc_trim(3)` does.
pub(crate) fn give_back_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "glibc's own function; it takes a number, and any thread may call it at any time")]
    // SAFETY: as the reason says, there is nothing to uphold.
    unsafe {
        libc::malloc_trim(0);
    }
}
