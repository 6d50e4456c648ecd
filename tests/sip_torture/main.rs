//! The torture messages of RFC 4475 and RFC 5118, byte for byte, with what their texts ask for.
//!
//! Two questions are put to each: what the parser makes of it, and what the SIP stack answers when it comes by
//! UDP. After each the stack must still answer OPTIONS. The verdict stands in one table, with its reason where
//! the RFC leaves a choice or where we do otherwise than it proposes.

mod endpoint;
mod live;
mod parser;
mod table;
