use super::*;
use proptest::prelude::*;

const IV: [u8; IV_BYTES] = [9; IV_BYTES];

fn key(byte: u8) -> MemoKey {
    let text = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE, [byte; 32]);
    MemoKey::from_text(&text).unwrap()
}

fn audio(samples: usize) -> Vec<i16> {
    (0..samples).map(|at| (at * 31) as i16).collect()
}

/// Frames of those samples, pushed in pieces of `step`.
fn written(samples: &[i16], step: usize) -> (Vec<Vec<u8>>, JournalWriter) {
    let mut writer = JournalWriter::new(&key(1), &IV);
    let mut frames = Vec::new();
    for mut piece in samples.chunks(step.max(1)) {
        while !piece.is_empty() {
            frames.extend(writer.push(&mut piece).map(<[u8]>::to_vec));
        }
    }
    (frames, writer)
}

fn samples_of(wav: &[u8]) -> Vec<i16> {
    wav[wav::HEADER_BYTES..]
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

/// Lengths around the edges of frames.
const LENGTHS: [usize; 12] = [
    0,
    1,
    2,
    FRAME_SAMPLES - 1,
    FRAME_SAMPLES,
    FRAME_SAMPLES + 1,
    2 * FRAME_SAMPLES - 1,
    2 * FRAME_SAMPLES,
    2 * FRAME_SAMPLES + 1,
    3 * FRAME_SAMPLES - 1,
    3 * FRAME_SAMPLES,
    3 * FRAME_SAMPLES + 1,
];
/// Pieces that samples come in: some divide a frame, some do not.
const STEPS: [usize; 6] = [160, 997, 4_000, 7_999, 8_000, 20_001];

#[test]
fn opening_inverts_writing_at_every_edge_of_a_frame() {
    for length in LENGTHS {
        for step in STEPS {
            let samples = audio(length);
            let (frames, mut writer) = written(&samples, step);
            assert_eq!(frames.len(), length / FRAME_SAMPLES);
            assert_eq!(writer.pending_samples(), length % FRAME_SAMPLES);
            let mut whole = frames.concat();
            whole.extend(writer.cut().unwrap_or_default());
            let opened = open(&key(1), &IV, &whole).unwrap();
            assert_eq!(samples_of(&opened.wav), samples, "{length} in steps of {step}");
            assert!(!opened.complete, "an interrupted recording says so");
            assert!(opened.wav.capacity() >= opened.wav.len() + TAG_BYTES);
            assert_eq!(wav::header(2 * length), opened.wav[..wav::HEADER_BYTES]);
        }
    }
}

#[test]
fn a_stream_that_was_ended_in_order_is_complete() {
    for length in LENGTHS {
        let samples = audio(length);
        let (frames, writer) = written(&samples, 4_000);
        let whole = [frames.concat(), writer.finish()].concat();
        let opened = open(&key(1), &IV, &whole).unwrap();
        assert_eq!(samples_of(&opened.wav), samples);
        assert!(opened.complete);
        // Nothing follows the last frame: not even one that was sealed under the same key.
        let more = [whole, frames.concat(), b"x".to_vec()].concat();
        assert!(open(&key(1), &IV, &more).is_err());
    }
}

#[test]
fn a_cut_behind_a_frame_opens_and_one_within_a_frame_does_not() {
    let (frames, _) = written(&audio(3 * FRAME_SAMPLES), 4_000);
    let whole = frames.concat();
    let frame = frames[0].len();
    for cut in (0..=whole.len()).step_by(101).chain((0..=3).map(|n| n * frame)) {
        let opened = open(&key(1), &IV, &whole[..cut]);
        match cut % frame {
            0 => {
                let opened = opened.unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
                assert!(!opened.complete);
                assert_eq!(
                    samples_of(&opened.wav),
                    audio(3 * FRAME_SAMPLES)[..cut / frame * FRAME_SAMPLES]
                );
            }
            _ => assert_eq!(opened.err(), Some(OpenError::TooShort), "cut at {cut}"),
        }
        let extent = extent(&whole[..cut]).unwrap();
        assert_eq!(extent.frames, (cut / frame) as u64);
        assert_eq!(extent.bytes, (cut - cut % frame) as u64);
    }
}

#[test]
fn frames_in_another_order_do_not_open() {
    let (frames, _) = written(&audio(3 * FRAME_SAMPLES), 4_000);
    for order in [
        &[1, 0, 2][..],
        &[0, 2, 1],
        &[1, 2],
        &[0, 2],
        &[0, 0, 1],
        &[0, 1, 2, 2],
    ] {
        let other: Vec<u8> = order.iter().flat_map(|at| frames[*at].clone()).collect();
        assert_eq!(
            open(&key(1), &IV, &other).err(),
            Some(OpenError::WrongKey),
            "{order:?}"
        );
        // What stands in clear does not show it, and need not.
        assert_eq!(extent(&other[..]).unwrap().frames, order.len() as u64);
    }
}

#[test]
fn a_stream_opens_with_its_own_key_and_iv_alone() {
    let (frames, _) = written(&audio(FRAME_SAMPLES), 4_000);
    let whole = frames.concat();
    assert!(open(&key(1), &IV, &whole).is_ok());
    assert!(open(&key(2), &IV, &whole).is_err());
    let mut other = IV;
    other[6] ^= 1;
    assert!(open(&key(1), &other, &whole).is_err());
}

#[test]
fn a_checksum_that_was_made_anew_does_not_hide_a_change() {
    let (frames, _) = written(&audio(FRAME_SAMPLES), 4_000);
    let mut forged = frames[0].clone();
    forged[FRAME_HEAD_BYTES] ^= 1;
    let sum = checksum(&forged[FRAME_HEAD_BYTES..]);
    forged[4..FRAME_HEAD_BYTES].copy_from_slice(&sum);
    assert_eq!(extent(&forged[..]).unwrap().frames, 1);
    assert_eq!(open(&key(1), &IV, &forged).err(), Some(OpenError::WrongKey));
}

#[test]
fn lengths_that_no_frame_has_end_the_stream() {
    let (frames, _) = written(&audio(FRAME_SAMPLES), 4_000);
    for length in [0_u32, 1, 15, (FRAME_BYTES + TAG_BYTES + 1) as u32, u32::MAX] {
        let mut bytes = frames[0].clone();
        bytes.extend(length.to_le_bytes());
        bytes.extend([0; 64]);
        assert_eq!(extent(&bytes[..]).unwrap().frames, 1);
        assert_eq!(open(&key(1), &IV, &bytes).err(), Some(OpenError::WrongKey));
    }
}

#[test]
fn a_writer_holds_no_more_than_a_frame_and_never_moves_it() {
    let mut writer = JournalWriter::new(&key(1), &IV);
    let place = writer.frame.as_ptr();
    for mut piece in audio(5 * FRAME_SAMPLES + 77).chunks(997) {
        while !piece.is_empty() {
            writer.push(&mut piece);
            assert!(writer.pending_samples() < FRAME_SAMPLES);
            assert_eq!(writer.frame.as_ptr(), place);
        }
    }
    assert_eq!(writer.samples(), 5 * FRAME_SAMPLES + 77);
}

#[derive(serde::Deserialize)]
struct Vectors {
    streams: std::collections::HashMap<String, String>,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    key: String,
    encryption_iv: String,
    stream: String,
    parts: Vec<[usize; 2]>,
    flip: Option<usize>,
    complete: Option<bool>,
    samples: Option<usize>,
    audio_sha256: Option<String>,
    expect: String,
}

/// Made from the format's description by another program.
#[test]
fn published_streams_open_or_not_as_they_say() {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use base64::Engine as _;
    let vectors: Vectors = serde_json::from_str(include_str!("../../../tests/vectors/stream.json")).unwrap();
    assert!(vectors.cases.len() >= 24);
    for case in vectors.cases {
        let whole = STANDARD.decode(&vectors.streams[&case.stream]).unwrap();
        let parts = case.parts.iter().map(|[from, to]| &whole[*from..*to]);
        let mut body = parts.collect::<Vec<_>>().concat();
        if let Some(at) = case.flip {
            body[at] ^= 1;
        }
        let iv: [u8; IV_BYTES] = URL_SAFE.decode(&case.encryption_iv).unwrap().try_into().unwrap();
        let opened = open(&MemoKey::from_text(&case.key).unwrap(), &iv, &body);
        match case.expect.as_str() {
            "ok" => {
                let opened = opened.unwrap_or_else(|error| panic!("{}: {error}", case.name));
                assert_eq!(Some(opened.complete), case.complete, "{}", case.name);
                assert_eq!(Some(samples_of(&opened.wav).len()), case.samples, "{}", case.name);
                let digest = hex::encode(Sha256::digest(&*opened.wav));
                assert_eq!(Some(digest), case.audio_sha256, "{}", case.name);
                assert_eq!(
                    extent(&body[..]).unwrap().bytes,
                    body.len() as u64,
                    "{}",
                    case.name
                );
            }
            _ => assert!(opened.is_err(), "{} opens", case.name),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_changed_is_refused(at in 0_usize..2 * 16_028 + 1_000, bit in 0_u8..8) {
        let (frames, mut writer) = written(&audio(2 * FRAME_SAMPLES + 486), 4_000);
        let mut whole = frames.concat();
        whole.extend(writer.cut().unwrap());
        let at = at % whole.len();
        whole[at] ^= 1 << bit;
        prop_assert!(open(&key(1), &IV, &whole).is_err());
        prop_assert!(extent(&whole[..]).unwrap().frames < 3);
    }

    #[test]
    fn pieces_of_any_length_come_out_as_they_went_in(
        pieces in prop::collection::vec(0_usize..9_000, 0..12)
    ) {
        let samples = audio(pieces.iter().sum());
        let mut writer = JournalWriter::new(&key(1), &IV);
        let mut whole = Vec::new();
        let mut rest = &samples[..];
        for length in pieces {
            let (mut piece, later) = rest.split_at(length);
            rest = later;
            while !piece.is_empty() {
                whole.extend(writer.push(&mut piece).unwrap_or_default());
            }
        }
        whole.extend(writer.cut().unwrap_or_default());
        prop_assert_eq!(samples_of(&open(&key(1), &IV, &whole).unwrap().wav), samples);
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(bytes.is_empty() || open(&key(1), &IV, &bytes).is_err());
        let extent = extent(&bytes[..]).unwrap();
        prop_assert!(extent.bytes <= bytes.len() as u64);
    }
}
