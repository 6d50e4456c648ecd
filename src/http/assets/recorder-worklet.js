// In the audio thread: hands the microphone's samples to the page, some at a time.

const PIECE = 2048;

class Tap extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Float32Array(PIECE);
    this.filled = 0;
  }

  process([[channel]]) {
    for (const sample of channel ?? []) {
      this.piece[this.filled++] = sample;
      if (this.filled === PIECE) {
        this.port.postMessage(this.piece);
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("tap", Tap);
