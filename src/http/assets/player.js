// The player: waveform, position, speed, saving. One element that any page puts where it wants it.

import { h, icon, shape } from "./dom.js";
import { readWav } from "./voice-memo.js";
import { clock, spoken } from "./text.js";
import { toast } from "./ui.js";

const SPEEDS = [1, 1.25, 1.5, 2, 0.75];
const STEP_SECS = 5;
const JUMP_SECS = 10;

/** The loudest sample of each bar's stretch, as a fraction of the loudest of all. */
function peaksOf(samples, bars) {
  if (!samples || samples.length === 0) {
    return new Array(bars).fill(0.3);
  }
  const found = new Array(bars).fill(0);
  for (let i = 0; i < samples.length; i++) {
    const bar = Math.min(bars - 1, Math.floor((i * bars) / samples.length));
    found[bar] = Math.max(found[bar], Math.abs(samples[i]));
  }
  const loudest = Math.max(...found, 1000);
  // The root lifts quiet speech, as the ear does.
  return found.map((peak) => Math.sqrt(peak / loudest));
}

/** The kinds of sound that a memo may be, with the endings of their files' names. */
const ENDINGS = new Map([
  ["audio/wav", "wav"],
  ["audio/wave", "wav"],
  ["audio/x-wav", "wav"],
  ["audio/ogg", "ogg"],
  ["audio/opus", "opus"],
  ["audio/webm", "webm"],
  ["audio/mp4", "m4a"],
  ["audio/m4a", "m4a"],
  ["audio/x-m4a", "m4a"],
  ["audio/mpeg", "mp3"],
  ["audio/mp3", "mp3"],
  ["audio/aac", "aac"],
  ["audio/flac", "flac"],
  ["audio/x-flac", "flac"],
  ["audio/3gpp", "3gp"],
  ["audio/amr", "amr"],
]);

/**
 * The type of a memo's sound, and the ending of its file's name. Whoever sent the memo wrote its format, and an address of
 * ours must be no page, only sound; a browser makes a page of `audio/x+xml`. So what is none of these is called WAV.
 */
function soundOf(format) {
  const [, base, codecs] = /^(audio\/[\w-]+) *(?:; *codecs="?([\w.-]+)"?)?$/i.exec(format.trim()) ?? [];
  const type = base?.toLowerCase();
  if (!ENDINGS.has(type)) {
    return { type: "audio/wav", ending: "wav" };
  }
  return { type: codecs ? `${type}; codecs=${codecs}` : type, ending: ENDINGS.get(type) };
}

export class Player {
  /** `say` tells a screen reader; `onPlay` is called when it begins to play; `save` false leaves out the button. */
  constructor({ say = () => {}, onPlay = () => {}, save = true } = {}) {
    this.say = say;
    this.onPlay = onPlay;
    this.samples = null;
    this.peaks = [];
    this.build(save);
    this.listen();
    this.wait();
  }

  build(save) {
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.seek = h(
      "div",
      { class: "wave", role: "slider", tabindex: "0", "aria-label": "Position in the memo", "aria-valuemin": "0" },
      this.canvas,
    );
    this.now = h("span", { class: "now" });
    this.length = h("span", { class: "length" });
    this.speed = h("button", { type: "button", class: "chip speed" });
    const jump = (name, secs, title) =>
      h(
        "button",
        { type: "button", class: "round", "aria-label": title, title, onclick: () => this.move(secs) },
        icon(name, String(JUMP_SECS)),
      );
    this.play = h(
      "button",
      { type: "button", class: "play", "aria-label": "Play", title: "Play or pause (space)" },
      shape("icon-play", "M8 5.2v13.6a.8.8 0 0 0 1.2.7l10.6-6.8a.8.8 0 0 0 0-1.4L9.2 4.5a.8.8 0 0 0-1.2.7z"),
      shape("icon-pause", "M7 5h3.4v14H7zM13.6 5H17v14h-3.4z"),
    );
    this.save = h(
      "a",
      { class: "chip save", "aria-label": "Save the audio file", title: "Save the audio file" },
      icon("save"),
      h("span", {}, "Save"),
    );
    this.audio = h("audio", { preload: "auto" });
    this.element = h(
      "section",
      { class: "player", "aria-label": "Player" },
      this.seek,
      h("div", { class: "times", "aria-hidden": "true" }, this.now, this.length),
      h(
        "div",
        { class: "controls" },
        this.speed,
        jump("back", -JUMP_SECS, "Back 10 seconds"),
        this.play,
        jump("ahead", JUMP_SECS, "Ahead 10 seconds"),
        // Without it the row keeps its balance.
        save ? this.save : h("span", { class: "chip blank", "aria-hidden": "true" }),
      ),
      this.audio,
    );
    this.setSpeed(1);
  }

  listen() {
    const { audio, seek } = this;
    this.play.addEventListener("click", () => this.toggle());
    this.speed.addEventListener("click", () => {
      this.setSpeed(SPEEDS[(SPEEDS.indexOf(audio.playbackRate) + 1) % SPEEDS.length]);
      this.say(`Speed ${audio.playbackRate} times`);
    });
    seek.addEventListener("pointerdown", (event) => {
      seek.setPointerCapture(event.pointerId);
      this.moveToPointer(event);
    });
    seek.addEventListener("pointermove", (event) => {
      if (seek.hasPointerCapture(event.pointerId)) {
        this.moveToPointer(event);
      }
    });
    seek.addEventListener("keydown", (event) => {
      const places = {
        ArrowRight: audio.currentTime + STEP_SECS,
        ArrowUp: audio.currentTime + STEP_SECS,
        ArrowLeft: audio.currentTime - STEP_SECS,
        ArrowDown: audio.currentTime - STEP_SECS,
        PageUp: audio.currentTime + JUMP_SECS,
        PageDown: audio.currentTime - JUMP_SECS,
        Home: 0,
        End: audio.duration,
      };
      if (event.key in places) {
        event.preventDefault();
        event.stopPropagation();
        this.moveTo(places[event.key]);
      }
    });
    audio.addEventListener("play", () => {
      this.element.classList.add("playing");
      this.play.setAttribute("aria-label", "Pause");
      this.onPlay();
      this.animate();
    });
    for (const event of ["pause", "ended"]) {
      audio.addEventListener(event, () => {
        this.element.classList.remove("playing");
        this.play.setAttribute("aria-label", "Play");
        this.show();
      });
    }
    audio.addEventListener("timeupdate", () => this.show());
    audio.addEventListener("durationchange", () => this.show());
    this.resized = new ResizeObserver(() => this.draw());
    this.resized.observe(this.canvas);
    this.recoloured = () => this.draw();
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.addEventListener("change", this.recoloured);
  }

  /** While the memo is on its way. */
  wait() {
    this.element.dataset.state = "opening";
    this.audio.pause();
    this.show();
    this.seek.setAttribute("aria-valuetext", "Opening");
    this.save.setAttribute("aria-disabled", "true");
    this.save.setAttribute("role", "link");
  }

  /** Takes an audio file, to be saved under `name` without its ending. */
  open(file, format, name) {
    const wav = readWav(file);
    this.samples = wav?.samples ?? null;
    /** What the file's own header says of its length, until the browser has looked. */
    this.said = wav?.rate > 0 ? wav.samples.length / (wav.rate * Math.max(1, wav.channels)) : 0;
    this.peaks = [];
    this.forget();
    const { type, ending } = soundOf(format);
    this.address = URL.createObjectURL(new Blob([file], { type }));
    this.audio.src = this.address;
    this.save.href = this.address;
    this.save.removeAttribute("aria-disabled");
    this.save.removeAttribute("role");
    this.save.download = `${name}.${ending}`;
    this.element.dataset.state = "ready";
    this.show();
  }

  /** Gives back what the audio took, and is of no further use. */
  close() {
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load();
    this.forget();
    this.samples = null;
    this.resized.disconnect();
    this.scheme.removeEventListener("change", this.recoloured);
  }

  forget() {
    if (this.address) {
      URL.revokeObjectURL(this.address);
      this.address = null;
    }
  }

  get isReady() {
    return this.element.dataset.state === "ready";
  }

  async toggle() {
    if (!this.isReady) {
      return;
    }
    if (!this.audio.paused) {
      this.audio.pause();
      return;
    }
    try {
      await this.audio.play();
    } catch (error) {
      // Interrupted by a pause: nothing is wrong then.
      if (error.name !== "AbortError") {
        toast("This browser did not play the memo. Save it, and open the file.");
      }
    }
  }

  move(secs) {
    this.moveTo(this.audio.currentTime + secs);
  }

  moveTo(secs) {
    if (this.isReady && Number.isFinite(this.audio.duration)) {
      this.audio.currentTime = Math.min(Math.max(secs, 0), this.audio.duration);
      this.show();
    }
  }

  moveToPointer(event) {
    const box = this.canvas.getBoundingClientRect();
    this.moveTo(((event.clientX - box.left) / box.width) * this.audio.duration);
  }

  setSpeed(speed) {
    this.audio.playbackRate = speed;
    this.audio.defaultPlaybackRate = speed;
    this.speed.textContent = `${speed}×`;
    this.speed.setAttribute("aria-label", `Speed: ${speed}×`);
  }

  /** The keys of a page that has nothing but a player: K, J, L and space. */
  key(event) {
    const onControl = event.target instanceof Element && event.target.closest("button, a, input, textarea");
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey || event.altKey || (onControl && onControl.matches("input, textarea"))) {
      return;
    }
    if (key === "k" || (key === " " && !onControl)) {
      event.preventDefault();
      this.toggle();
    } else if (key === "j") {
      this.move(-JUMP_SECS);
    } else if (key === "l") {
      this.move(JUMP_SECS);
    }
  }

  show() {
    const { audio } = this;
    const length = Number.isFinite(audio.duration) ? audio.duration : (this.said ?? 0);
    this.now.textContent = clock(audio.currentTime);
    this.length.textContent = length ? clock(length) : "–:––";
    this.seek.setAttribute("aria-valuemax", String(Math.round(length)));
    this.seek.setAttribute("aria-valuenow", String(Math.round(audio.currentTime)));
    this.seek.setAttribute("aria-valuetext", `${spoken(audio.currentTime)} of ${spoken(length)}`);
    this.draw();
  }

  animate() {
    this.show();
    if (!this.audio.paused && !this.audio.ended) {
      requestAnimationFrame(() => this.animate());
    }
  }

  draw() {
    const { canvas, audio } = this;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width || !height) {
      return;
    }
    const scale = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const bars = Math.max(24, Math.floor(width / 5));
    if (this.peaks.length !== bars) {
      this.peaks = peaksOf(this.samples, bars);
    }
    const style = getComputedStyle(canvas);
    const played = audio.duration ? audio.currentTime / audio.duration : 0;
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const pitch = width / bars;
    const thickness = Math.max(2, pitch * 0.58);
    const bar = (i, colour) => {
      const tall = this.samples ? Math.max(thickness, this.peaks[i] * height) : thickness;
      context.fillStyle = colour;
      context.beginPath();
      context.roundRect(i * pitch + (pitch - thickness) / 2, (height - tall) / 2, thickness, tall, thickness / 2);
      context.fill();
    };
    const [ahead, behind] = [style.getPropertyValue("--wave"), style.getPropertyValue("--accent")];
    for (let i = 0; i < bars; i++) {
      bar(i, ahead);
    }
    // The played part is drawn over the rest up to the very position, so it moves smoothly within a bar.
    context.save();
    context.beginPath();
    context.rect(0, 0, width * played, height);
    context.clip();
    for (let i = 0; i <= Math.min(bars - 1, Math.floor(played * bars)); i++) {
      bar(i, behind);
    }
    context.restore();
  }
}
