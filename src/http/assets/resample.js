// From whatever rate the microphone or a file has to the memo's 8 kHz: a low-pass that lets pass what 8 kHz can hold and
// nothing above it, so that nothing folds back into what is heard. A sinc under a Kaiser window, evaluated at each
// sample's own place.

export const MEMO_RATE = 8000;

/** The sinc's zero crossings on each side. With these, 3.4 kHz pass and 4 kHz are 80 dB down. */
const CROSSINGS = 28;
const POINTS = 512;
const KAISER_BETA = 8;
/** Of the new rate's half: where the passing band ends, so that the slope is over at the half itself. */
const PASS = 0.91;

/** The modified Bessel function of order zero, as its series. */
function bessel(x) {
  let [sum, term] = [1, 1];
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

const KERNEL = Float64Array.from({ length: CROSSINGS * POINTS + 2 }, (_, i) => {
  const x = i / POINTS;
  if (x >= CROSSINGS) {
    return 0;
  }
  const window = bessel(KAISER_BETA * Math.sqrt(1 - (x / CROSSINGS) ** 2)) / bessel(KAISER_BETA);
  return (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)) * window;
});

/** Takes samples in pieces and gives them at the new rate, as 16-bit numbers. */
export class Resampler {
  constructor(from, to = MEMO_RATE) {
    this.step = from / to;
    this.cut = PASS * Math.min(1, to / from);
    this.half = CROSSINGS / this.cut;
    // Silence before the beginning, so that the first sample has a neighbourhood.
    this.held = new Float32Array(Math.ceil(this.half));
    this.at = this.held.length;
  }

  push(samples) {
    const joined = new Float32Array(this.held.length + samples.length);
    joined.set(this.held);
    joined.set(samples, this.held.length);
    const count = Math.max(0, Math.ceil((joined.length - this.half - this.at) / this.step));
    const out = new Int16Array(count);
    for (let i = 0; i < count; i++) {
      const value = this.sample(joined, this.at + i * this.step);
      out[i] = Math.max(-32768, Math.min(32767, Math.round(value * 32767)));
    }
    this.at += count * this.step;
    const done = Math.max(0, Math.floor(this.at - this.half));
    this.held = joined.slice(done);
    this.at -= done;
    return out;
  }

  /** What is still held, when nothing more comes. */
  finish() {
    return this.push(new Float32Array(Math.ceil(this.half)));
  }

  sample(samples, place) {
    const first = Math.max(0, Math.ceil(place - this.half));
    const last = Math.min(samples.length - 1, Math.floor(place + this.half));
    let sum = 0;
    for (let k = first; k <= last; k++) {
      const x = Math.abs(place - k) * this.cut * POINTS;
      const i = Math.floor(x);
      sum += samples[k] * (KERNEL[i] + (KERNEL[i + 1] - KERNEL[i]) * (x - i));
    }
    return sum * this.cut;
  }
}

/** Pieces of samples as one. */
export function joined(pieces) {
  const whole = new Int16Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
