//! How many files may be open at once: what is read at every tick stays open, and of cores and disks a machine may have hundreds.

/// Lets this process have as many open files as the system allows it (getrlimit(2): `RLIMIT_NOFILE`, up to its hard limit).
/// The soft limit is 1024 for the sake of select(2), which nothing here calls. Where it is refused it stays.
#[cfg(target_os = "linux")]
pub fn allow_many() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::debug!(%error, "no more files may be open");
    }
}

/// Elsewhere few files are kept open.
#[cfg(not(target_os = "linux"))]
pub fn allow_many() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{Resource, getrlimit};

    #[test]
    fn as_many_files_may_be_open_as_the_hard_limit_says() {
        super::allow_many();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
