//! Prompts: WAV files decoded once, and encoded once per codec.

/// A prompt.
#[derive(Debug)]
pub struct Prompt;
