// The player page: what it shows, and what it does on a click or a key. Decryption is in memo.js.

import { MemoError, openMemo, samplesOf } from "./memo.js";

const element = (id) => document.getElementById(id);
const audio = element("audio");
const seek = element("seek");
const canvas = element("wave");

const SPEEDS = [1, 1.25, 1.5, 2, 0.75];
const STEP_SECS = 5;
const JUMP_SECS = 10;

/** What is said of each way in which a memo does not open: what is wrong, why, and what helps. */
const PROBLEMS = {
  "no-key": {
    what: "The key is missing",
    why: "The part of the link behind the # is what opens the memo, and this link has none.",
    remedy: "Copy the whole link once more, or scan the QR code again.",
  },
  "wrong-key": {
    what: "The key is wrong",
    why: "No memo opens with this link: a character of it was changed or lost on the way, or the memo was deleted.",
    remedy: "Copy the whole link once more, or scan the QR code again. Which of the two it is, the server does not tell anybody.",
  },
  "no-https": {
    what: "HTTPS is needed",
    why: "This page came over plain HTTP. Browsers decrypt only on pages that came over HTTPS, so that nobody on the way could have changed the page.",
    remedy: "Open the link with https:// in front. If that does not work, whoever runs this server has to set up HTTPS.",
  },
  "old-browser": {
    what: "This browser is too old",
    why: "It lacks the cryptography that opens the memo.",
    remedy: "Open the link in a current browser.",
  },
  expired: {
    what: "This memo has expired",
    why: "The link was right, but the time for which the memo was kept is over.",
    remedy: "",
  },
  "too-many": {
    what: "Too many attempts",
    why: "The server takes only so many attempts in a short time, so that nobody can guess keys.",
    remedy: "",
    again: true,
  },
  unreachable: {
    what: "The server cannot be reached",
    why: "The memo is there, but it could not be fetched just now.",
    remedy: "Check the connection, then try again.",
    again: true,
  },
  server: {
    what: "The server has a problem",
    why: "It could not hand out the memo just now.",
    remedy: "Try again in a minute.",
    again: true,
  },
  damaged: {
    what: "This memo is damaged",
    why: "The key is right, but what the server holds is not what was recorded. It was altered, and is not played.",
    remedy: "",
  },
};

// ---- What is on the screen ----

function say(text) {
  element("status").textContent = text;
}

function clock(secs) {
  const whole = Math.max(0, Math.floor(Number.isFinite(secs) ? secs : 0));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function spoken(secs) {
  const whole = Math.round(Number.isFinite(secs) ? secs : 0);
  const minutes = Math.floor(whole / 60);
  const rest = `${whole % 60} second${whole % 60 === 1 ? "" : "s"}`;
  return minutes ? `${minutes} minute${minutes === 1 ? "" : "s"} ${rest}` : rest;
}

function showProblem(kind, retryAfter = 0) {
  const problem = PROBLEMS[kind];
  document.body.dataset.state = "problem";
  document.body.dataset.problem = kind;
  document.title = `${problem.what} – voice memo`;
  element("player").hidden = true;
  element("problem").hidden = false;
  element("what").textContent = problem.what;
  element("why").textContent = problem.why;
  element("remedy").textContent = retryAfter ? `Try again in ${spoken(retryAfter)}.` : problem.remedy;
  element("again").hidden = !problem.again;
  say(`${problem.what}. ${problem.why}`);
}

function showOpening() {
  document.body.dataset.state = "opening";
  delete document.body.dataset.problem;
  document.title = "Voice memo";
  element("player").hidden = false;
  element("problem").hidden = true;
  element("recorded").textContent = "Encrypted, for you alone";
  say("Opening the memo");
}

// ---- The waveform ----

let peaks = [];

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

let samples = null;

function draw() {
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
  if (peaks.length !== bars) {
    peaks = peaksOf(samples, bars);
  }
  const style = getComputedStyle(canvas);
  const played = audio.duration ? audio.currentTime / audio.duration : 0;
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  const pitch = width / bars;
  const thickness = Math.max(2, pitch * 0.58);
  const bar = (i, colour) => {
    const tall = samples ? Math.max(thickness, peaks[i] * height) : thickness;
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

function showPosition() {
  const length = Number.isFinite(audio.duration) ? audio.duration : 0;
  element("now").textContent = clock(audio.currentTime);
  element("length").textContent = length ? clock(length) : "–:––";
  seek.setAttribute("aria-valuemax", String(Math.round(length)));
  seek.setAttribute("aria-valuenow", String(Math.round(audio.currentTime)));
  seek.setAttribute("aria-valuetext", `${spoken(audio.currentTime)} of ${spoken(length)}`);
  draw();
}

function animate() {
  showPosition();
  if (!audio.paused && !audio.ended) {
    requestAnimationFrame(animate);
  }
}

// ---- What the listener does ----

function isReady() {
  return document.body.dataset.state === "ready";
}

async function toggle() {
  if (!isReady()) {
    return;
  }
  if (!audio.paused) {
    audio.pause();
    return;
  }
  try {
    await audio.play();
  } catch (error) {
    // Interrupted by a pause: nothing is wrong then.
    if (error.name !== "AbortError") {
      say("This browser did not play the memo. Save it, and open the file.");
    }
  }
}

function moveTo(secs) {
  if (isReady() && Number.isFinite(audio.duration)) {
    audio.currentTime = Math.min(Math.max(secs, 0), audio.duration);
    showPosition();
  }
}

function setSpeed(speed) {
  audio.playbackRate = speed;
  audio.defaultPlaybackRate = speed;
  element("speed").textContent = `${speed}×`;
  element("speed").setAttribute("aria-label", speed === 1 ? "Speed: normal" : `Speed: ${speed} times`);
}

element("play").addEventListener("click", toggle);
element("back").addEventListener("click", () => moveTo(audio.currentTime - JUMP_SECS));
element("ahead").addEventListener("click", () => moveTo(audio.currentTime + JUMP_SECS));
element("speed").addEventListener("click", () => {
  setSpeed(SPEEDS[(SPEEDS.indexOf(audio.playbackRate) + 1) % SPEEDS.length]);
  say(`Speed ${audio.playbackRate} times`);
});
element("again").addEventListener("click", open);

function moveToPointer(event) {
  const box = canvas.getBoundingClientRect();
  moveTo(((event.clientX - box.left) / box.width) * audio.duration);
}

seek.addEventListener("pointerdown", (event) => {
  seek.setPointerCapture(event.pointerId);
  moveToPointer(event);
});
seek.addEventListener("pointermove", (event) => {
  if (seek.hasPointerCapture(event.pointerId)) {
    moveToPointer(event);
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
    moveTo(places[event.key]);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const onControl = event.target instanceof Element && event.target.closest("button, a");
  const key = event.key.toLowerCase();
  if (key === "k" || (key === " " && !onControl)) {
    event.preventDefault();
    toggle();
  } else if (key === "j") {
    moveTo(audio.currentTime - JUMP_SECS);
  } else if (key === "l") {
    moveTo(audio.currentTime + JUMP_SECS);
  }
});

audio.addEventListener("play", () => {
  document.body.classList.add("playing");
  element("play").setAttribute("aria-label", "Pause");
  animate();
});
for (const event of ["pause", "ended"]) {
  audio.addEventListener(event, () => {
    document.body.classList.remove("playing");
    element("play").setAttribute("aria-label", "Play");
    showPosition();
  });
}
audio.addEventListener("timeupdate", showPosition);
audio.addEventListener("durationchange", showPosition);
new ResizeObserver(draw).observe(canvas);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

// ---- Opening ----

function show({ audio: file, format, recorded }) {
  samples = samplesOf(file);
  peaks = [];
  const save = element("save");
  if (audio.src) {
    URL.revokeObjectURL(audio.src);
  }
  const address = URL.createObjectURL(new Blob([file], { type: format }));
  audio.src = address;
  save.href = address;
  save.removeAttribute("aria-disabled");
  save.removeAttribute("role");
  const stamp = Number.isNaN(recorded.getTime()) ? "memo" : recorded.toISOString().slice(0, 16).replace(/[T:]/g, "-");
  save.download = `voice-memo-${stamp}.${format.startsWith("audio/ogg") ? "ogg" : "wav"}`;
  if (!Number.isNaN(recorded.getTime())) {
    const when = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });
    element("recorded").textContent = when.format(recorded);
  }
  document.body.dataset.state = "ready";
  say("The memo is open. Press play to listen.");
  showPosition();
}

let attempt = null;

async function open() {
  attempt?.abort();
  const mine = (attempt = new AbortController());
  audio.pause();
  if (!window.isSecureContext) {
    showProblem("no-https");
    return;
  }
  if (!window.crypto?.subtle) {
    showProblem("old-browser");
    return;
  }
  const key = decodeURIComponent(location.hash.slice(1).replace(/%(?![0-9a-f]{2})/gi, ""));
  if (!key) {
    showProblem("no-key");
    return;
  }
  showOpening();
  draw();
  try {
    const memo = await openMemo(`${location.pathname}/audio`, key, mine.signal);
    if (!mine.signal.aborted) {
      show(memo);
    }
  } catch (error) {
    if (!mine.signal.aborted) {
      const known = error instanceof MemoError;
      showProblem(known ? error.kind : "server", known ? error.retryAfter : 0);
    }
  }
}

window.addEventListener("hashchange", open);
open();
