//! Trunks: the peers whose calls we take.
//!
//! [`registration`] keeps us registered with a trunk's registrar, [`identify`] tells which trunk an INVITE comes from,
//! [`number`] reads the numbers out of it. None of them opens a socket or reads a clock.

pub mod identify;
pub mod number;
pub mod registration;
