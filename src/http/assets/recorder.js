// The microphone and sound files, as the samples that a memo holds.

import { MEMO_RATE, Resampler, joined } from "./resample.js";
import { MemoError } from "./voice-memo.js";

/** What fits into one upload, with room to spare: 16 MiB of JSON hold some 13 minutes. */
export const MOST_SECS = 12 * 60;
/** A larger file is not read: decoded it would fill a telephone's memory. */
const LARGEST_FILE = 64 * 1024 * 1024;
/** Files are decoded at this rate, three times ours; our own low-pass does the rest. 48 kHz would take twice the memory. */
const FILE_RATE = 24_000;

/** Records until it is stopped or full. */
export class Recorder {
  /** `level(peak)` is called some twenty times a second with a number from 0 to 1, `full()` when no more fits. */
  constructor({ level, full }) {
    this.hooks = { level, full };
    this.pieces = [];
    this.length = 0;
  }

  get seconds() {
    return this.length / MEMO_RATE;
  }

  async start() {
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
    } catch {
      throw new MemoError("microphone");
    }
    this.context = new AudioContext();
    await this.context.audioWorklet.addModule(new URL("recorder-worklet.js", import.meta.url));
    this.resampler = new Resampler(this.context.sampleRate);
    this.tap = new AudioWorkletNode(this.context, "tap", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    this.tap.port.onmessage = ({ data }) => this.take(data);
    this.context.createMediaStreamSource(this.stream).connect(this.tap);
    await this.context.resume();
  }

  take(samples) {
    if (this.stopped) {
      return;
    }
    this.keep(this.resampler.push(samples));
    this.hooks.level(samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0));
    if (this.seconds >= MOST_SECS) {
      this.hooks.full();
    }
  }

  keep(piece) {
    this.pieces.push(piece);
    this.length += piece.length;
  }

  /** Ends the recording and gives its samples. */
  async stop() {
    if (!this.stopped) {
      this.stopped = true;
      this.stream?.getTracks().forEach((track) => track.stop());
      if (this.resampler) {
        this.keep(this.resampler.finish());
      }
      await this.context?.close();
    }
    return joined(this.pieces).slice(0, MOST_SECS * MEMO_RATE);
  }
}

/** The samples of a sound file in any format that the browser plays. */
export async function samplesOfFile(file) {
  if (file.size > LARGEST_FILE) {
    throw new MemoError("too-large");
  }
  let sound;
  try {
    sound = await new OfflineAudioContext(1, 1, FILE_RATE).decodeAudioData(await file.arrayBuffer());
  } catch {
    throw new MemoError("bad-audio");
  }
  if (sound.duration > MOST_SECS) {
    throw new MemoError("too-large");
  }
  const resampler = new Resampler(FILE_RATE);
  const channels = Array.from({ length: sound.numberOfChannels }, (_, i) => sound.getChannelData(i));
  const pieces = [];
  for (let from = 0; from < sound.length; from += FILE_RATE * 4) {
    const mixed = channels[0].slice(from, from + FILE_RATE * 4);
    for (const channel of channels.slice(1)) {
      for (let i = 0; i < mixed.length; i++) {
        mixed[i] += channel[from + i];
      }
    }
    pieces.push(resampler.push(mixed.map((sample) => sample / channels.length)));
    // The page stays alive meanwhile.
    await new Promise((resolve) => setTimeout(resolve));
  }
  pieces.push(resampler.finish());
  return joined(pieces);
}
