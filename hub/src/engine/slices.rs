//! How long a thread's time slices are. On Linux whoever has short ones is let onto a processor as soon as he wakes, before
//! one whose slices are longer, and is given no more time for it: `sched_setattr` with `sched_runtime`, the slice of EEVDF
//! (Linux 6.12, Documentation/scheduler/sched-eevdf.rst). Older kernels and other systems know one length.

use std::io;

/// How long they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slices {
    /// The shortest that the system has, 0.1 ms: for who wakes often, works for a moment and is waited for.
    Short,
    /// The system's own.
    Ordinary,
}

/// From now on this thread, and those that it begins, have such slices. Its niceness stays.
///
/// # Errors
/// The system refuses.
pub fn take(slices: Slices) -> io::Result<()> {
    system::take(slices)
}

#[cfg(target_os = "linux")]
mod system {
    use super::{Slices, io};

    /// Of 0.1 to 100 ms.
    const SHORT_NS: u64 = 100_000;
    const ORDINARY: u64 = 0;
    /// To the system, the thread that asks.
    const MYSELF: i64 = 0;
    const NO_FLAGS: i64 = 0;

    /// What to ask for; the call sets the niceness too, so the one there is goes in.
    fn wish(slices: Slices) -> io::Result<libc::sched_attr> {
        Ok(libc::sched_attr {
            size: u32::try_from(size_of::<libc::sched_attr>()).expect("a small struct"),
            sched_policy: libc::SCHED_OTHER.unsigned_abs(),
            sched_flags: 0,
            sched_nice: rustix::process::getpriority_process(None)?,
            sched_priority: 0,
            sched_runtime: if slices == Slices::Short { SHORT_NS } else { ORDINARY },
            sched_deadline: 0,
            sched_period: 0,
        })
    }

    #[expect(unsafe_code, reason = "no library has this call")]
    pub fn take(slices: Slices) -> io::Result<()> {
        let wish = wish(slices)?;
        // SAFETY: the call reads `size` bytes of the struct, which lives until it returns, and writes nothing.
        let failed = unsafe { libc::syscall(libc::SYS_sched_setattr, MYSELF, &raw const wish, NO_FLAGS) } != 0;
        if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// What the system says of this thread: niceness, and nanoseconds of a slice (0 where it does not say).
        #[expect(unsafe_code, reason = "no library has this call")]
        fn said() -> (i32, u64) {
            let mut attr = wish(Slices::Ordinary).expect("a niceness");
            let size = i64::from(attr.size);
            // SAFETY: the call writes at most `size` bytes into the struct, which is as large.
            let failed = unsafe { libc::syscall(libc::SYS_sched_getattr, MYSELF, &raw mut attr, size, NO_FLAGS) } != 0;
            assert!(!failed, "{}", io::Error::last_os_error());
            (attr.sched_nice, attr.sched_runtime)
        }

        #[test]
        fn slices_are_short_for_who_says_so_and_whoever_he_begins() {
            let one = std::thread::spawn(|| {
                rustix::process::setpriority_process(None, 3).expect("it may be nicer");
                let (_, ordinary_ns) = said();
                take(Slices::Short).expect("it may have short slices");
                let (nice, short_ns) = said();
                let begun = std::thread::spawn(said).join().expect("it ran");
                take(Slices::Ordinary).expect("and ordinary ones again");
                (ordinary_ns, nice, short_ns, begun, said())
            });
            let (ordinary_ns, nice, short_ns, begun, after) = one.join().expect("it ran");
            assert_eq!((nice, begun), (3, (3, short_ns)), "niceness stays, and those it begins are as it is");
            assert!(short_ns == SHORT_NS || ordinary_ns == 0, "{short_ns} ns, and this kernel knows of slices");
            assert_eq!(after, (3, ordinary_ns));
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::{Slices, io};

    pub fn take(_: Slices) -> io::Result<()> {
        Ok(())
    }
}
