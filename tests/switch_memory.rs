//! What a running switch keeps of memory that it has given back. The figures are `cargo bench --bench many`'s.

#[path = "common/switch.rs"]
mod switch;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use switch::Switch;

/// What glibc reserves for each arena but the first, at an address that is a multiple of it.
const ARENA_BYTES: u64 = 64 * 1024 * 1024;

/// Arenas of the allocator besides the first, by the text of `/proc/PID/maps`: what is in use, and what is reserved behind it.
fn further_arenas(maps: &str) -> usize {
    let parsed: Vec<(u64, u64, &str)> = maps
        .lines()
        .filter_map(|line| {
            let (range, rest) = line.split_once(' ')?;
            let (from, to) = range.split_once('-')?;
            let address = |text| u64::from_str_radix(text, 16).ok();
            Some((address(from)?, address(to)?, rest.split(' ').next()?))
        })
        .collect();
    parsed
        .windows(2)
        .filter(|pair| {
            let [(from, to, used), (next, end, reserved)] = pair else {
                return false;
            };
            from % ARENA_BYTES == 0
                && end - from == ARENA_BYTES
                && to == next
                && (*used, *reserved) == ("rw-p", "---p")
        })
        .count()
}

#[test]
fn all_threads_of_a_switch_share_one_arena() {
    let switch = Switch::start("[from-trunk]\nexten => 100,1,Hangup()\n");
    // By now media, store, control and HTTP have threads that allocated; with the allocator's defaults each had an arena.
    let mut connection = TcpStream::connect(switch.http).unwrap();
    connection
        .write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    connection.read_to_string(&mut String::new()).unwrap();
    let process = format!("/proc/{}", switch.pid());
    let Ok(maps) = std::fs::read_to_string(format!("{process}/maps")) else {
        // It forbids everybody but the superuser to look.
        println!("left out: needs the superuser");
        return;
    };
    let threads = std::fs::read_dir(format!("{process}/task")).unwrap().count();
    assert!(threads > 4, "{threads} threads\n{maps}");
    assert_eq!(further_arenas(&maps), 0, "{maps}");
}

#[test]
fn an_arena_is_known_by_what_is_reserved_behind_it() {
    let maps = "7f1584000000-7f1586000000 rw-p 00000000 00:00 0 \n7f1586000000-7f1588000000 ---p 00000000 00:00 0 \n\
                7f1590000000-7f1590001000 rw-p 00000000 00:00 0 \n7f1590002000-7f1594000000 ---p 00000000 00:00 0 \n";
    assert_eq!(further_arenas(maps), 1);
}
