//! What a process that holds keys and audio asks of the operating system at its start: no core dump, no debugger of the
//! same user, no page written to swap; and as many open files as it may have.
//!
//! Together with the allocator of the binary, which wipes what is given back, and with buffers that are wiped where they
//! live longer than what is in them. `tests/memory_search.rs` looks whether it suffices.
//!
//! Children (notifiers, dialplans' programs) inherit the limits of core dumps and of open files, and nothing else.

use crate::limits;
use nix::sys::mman::{mlockall, MlockAllFlags};
use nix::sys::resource::{getrlimit, setrlimit, Resource, RLIM_INFINITY};
use tracing::{info, warn};

/// The bit of CAP_IPC_LOCK in the sets of capabilities.
const CAP_IPC_LOCK: u32 = 14;

/// No core dump of this process, and nobody but the superuser reads its memory. To be called before the first secret is
/// there; what the system refuses is left out, since each of the three is enough where it works.
pub fn forbid_dumps() {
    // Where dumps are piped to a program the limit does not count: hence the two below.
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    // Before the process becomes undumpable, after which this file is the superuser's.
    let _ = std::fs::write("/proc/self/coredump_filter", "0");
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// What became of the wish that no page be written to swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locked {
    /// Every page, present and future, stays in memory. Pages are locked as they are touched, so that this costs no
    /// memory.
    Yes,
    /// Not allowed, and the machine has no swap: nothing is lost by it.
    NoSwap,
    /// Not allowed, and the machine has swap.
    No,
}

/// Locks the process's memory where that is allowed without a bound; with one, a later allocation would fail.
pub fn lock_memory() -> Locked {
    let is_allowed = is_unlimited() || has_capability();
    // As pages are touched: otherwise every thread's stack and every reserve would count as used.
    let flags = MlockAllFlags::MCL_CURRENT
        | MlockAllFlags::MCL_FUTURE
        | MlockAllFlags::from_bits_retain(nix::libc::MCL_ONFAULT);
    if is_allowed && mlockall(flags).is_ok() {
        return Locked::Yes;
    }
    match has_swap() {
        false => Locked::NoSwap,
        true => Locked::No,
    }
}

/// The same, and one line of the log where it says something to the operator.
pub fn lock_memory_and_say() {
    match lock_memory() {
        Locked::Yes => info!("memory is locked: nothing of it is written to swap"),
        Locked::NoSwap => {}
        Locked::No => warn!(
            "memory may be written to swap, and what callers say with it: allow locking by LimitMEMLOCK=infinity \
             (systemd), ulimit -l unlimited, or the capability CAP_IPC_LOCK; or turn swap off or encrypt it"
        ),
    }
}

/// Lets this process have as many files open as the system permits it: who listens slowly keeps a connection and a file
/// open, and must not take those that calls need. One line of the log where that is little.
pub fn raise_open_files() {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return;
    };
    let most = hard.min(limits::OPEN_FILES);
    if soft < most && setrlimit(Resource::RLIMIT_NOFILE, most, hard).is_err() {
        warn!(files = soft, "the number of open files cannot be raised");
    } else if soft.max(most) < limits::OPEN_FILES_LEAST {
        warn!(
            files = soft.max(most),
            "few files may be open: many slow listeners could leave none for calls; allow {} by LimitNOFILE (systemd) or \
             ulimit -n",
            limits::OPEN_FILES_LEAST
        );
    }
}

/// Whether RLIMIT_MEMLOCK is unlimited, or may be made so.
fn is_unlimited() -> bool {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_MEMLOCK) else {
        return false;
    };
    soft == RLIM_INFINITY
        || (hard == RLIM_INFINITY && setrlimit(Resource::RLIMIT_MEMLOCK, RLIM_INFINITY, hard).is_ok())
}

/// Whether CAP_IPC_LOCK is in effect. In a user namespace it says nothing: the kernel asks the first one.
fn has_capability() -> bool {
    let read = |file| std::fs::read_to_string(file).unwrap_or_default();
    let is_first_namespace = read("/proc/self/uid_map")
        .split_whitespace()
        .eq(["0", "0", "4294967295"]);
    is_first_namespace && in_effect(&read("/proc/self/status"), CAP_IPC_LOCK)
}

/// Whether a capability is in the effective set, by the text of `/proc/self/status`.
fn in_effect(status: &str, capability: u32) -> bool {
    let set = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let set = set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    set.is_some_and(|set| set >> capability & 1 == 1)
}

/// Whether the machine has swap; it is taken to have some where that cannot be told.
fn has_swap() -> bool {
    std::fs::read_to_string("/proc/swaps").map_or(true, |swaps| swaps.lines().count() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_read_from_the_effective_set() {
        let status =
            "Name:\tx\nCapInh:\tffffffffffffffff\nCapEff:\t0000000000004000\nCapBnd:\t0000000000000000\n";
        assert!(in_effect(status, CAP_IPC_LOCK));
        assert!(!in_effect(status, CAP_IPC_LOCK - 1));
        assert!(!in_effect("CapEff:\tnothing\n", CAP_IPC_LOCK));
        assert!(!in_effect("", CAP_IPC_LOCK));
    }
}
