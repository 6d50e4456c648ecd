//! What callers hear by telephone, through whole switches: memos, and recordings under review. Most of it is waiting for
//! what is said to its end; side by side that takes half as long.

#[path = "../common/command.rs"]
mod command;
mod federation;
#[path = "../common/g711.rs"]
mod g711;
mod memos;
#[path = "../common/owner.rs"]
mod owner;
mod review;
#[path = "../common/switch.rs"]
mod switch;
