//! How the system's allocator is to keep what it was given back.

/// Lets all threads share one arena. To be called before there is a second thread; does nothing with another C library
/// than glibc.
///
/// By default each thread has an arena, up to eight for each processor, and each keeps what its thread needed most. Here most
/// threads sleep: what reading a list of memos had taken stayed in each thread that had ever read one. Before the arena
/// each thread has a cache of small blocks, so that hardly any thread waits for another; docs/measurements.md has the
/// figures.
pub fn share_arena() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    set(nix::libc::M_ARENA_MAX, 1);
}

/// One of mallopt(3)'s parameters. Where it is not taken it stays as it was, which costs memory and nothing else.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
fn set(parameter: nix::libc::c_int, value: nix::libc::c_int) {
    // SAFETY: it takes two numbers, and changes the allocator's own state under the allocator's own lock. nix does not
    // have it.
    unsafe {
        nix::libc::mallopt(parameter, value);
    }
}
