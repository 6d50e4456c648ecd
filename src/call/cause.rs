//! Why a call ended: Q.850 causes, SIP statuses and what a person reads, in one table.
//!
//! The mapping of causes to statuses follows RFC 3398 section 8.2.6.1, that of statuses to causes section 7.2.4.1.

/// A Q.850 cause value, 1 to 127; 0 stands for "none yet".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Cause(pub u8);

impl Cause {
    /// No such number.
    pub const UNALLOCATED: Cause = Cause(1);
    /// One side hung up as calls do.
    pub const NORMAL: Cause = Cause(16);
    /// Busy.
    pub const BUSY: Cause = Cause(17);
    /// Nobody answered.
    pub const NO_ANSWER: Cause = Cause(19);
    /// Rejected.
    pub const REJECTED: Cause = Cause(21);
    /// The network failed: no ACK, no media, a connection lost.
    pub const NETWORK: Cause = Cause(38);
    /// No room.
    pub const CONGESTION: Cause = Cause(42);
    /// No common codec.
    pub const INCOMPATIBLE: Cause = Cause(88);
    /// A timer of the protocol ran out.
    pub const TIMER: Cause = Cause(102);
    /// Something of ours went wrong.
    pub const INTERWORKING: Cause = Cause(127);

    /// The status that refuses an INVITE for this cause.
    pub const fn sip_status(self) -> u16 {
        match self.0 {
            1..=3 => 404,
            17 => 486,
            18 | 102 => 408,
            19 | 20 | 31 => 480,
            22 => 410,
            23 => 410,
            26 => 404,
            27 => 502,
            28 => 484,
            29 => 501,
            34 | 38 | 41 | 42 | 44 | 47 => 503,
            55 | 57 => 403,
            58 => 503,
            65 | 70 | 88 => 488,
            79 => 501,
            87 => 403,
            111 | 127 => 500,
            _ => 603,
        }
    }

    /// In a few words, for the log.
    pub const fn describe(self) -> &'static str {
        match self.0 {
            0 => "none",
            1 => "no such number",
            16 => "normal clearing",
            17 => "busy",
            19 => "no answer",
            21 => "rejected",
            38 => "network failure",
            42 => "congestion",
            88 => "no common codec",
            102 => "timer expired",
            127 => "internal failure",
            _ => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_refuses_with_a_final_failure() {
        for value in 0..=u8::MAX {
            let status = Cause(value).sip_status();
            assert!((400..700).contains(&status), "cause {value} gives {status}");
        }
        assert_eq!(Cause::BUSY.sip_status(), 486);
        assert_eq!(Cause::NORMAL.sip_status(), 603);
    }
}
