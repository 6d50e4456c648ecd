// The memos of an inbox as the page knows them: the server's entries, and what their envelopes say once opened here.

import { LINK_BASE, fetchBody } from "./api.js";
import { plain, searchedDate } from "./text.js";
import { MemoError, memoLink, openEnvelope, openMemo, parseSecret } from "./voice-memo.js";

/** So long at a time is spent on opening envelopes: no click waits longer. */
const SLICE_MS = 30;

/** So much is shown of a field of an envelope, whose sender may have put anything there. */
const MOST_CHARACTERS = { caller_name: 120, from: 80, to: 80, diversion: 80, summary: 4000, note: 4000, transcript: 60_000 };

/** What an envelope that was sealed in a browser may say: anybody seals one, so nothing that only a call shows. */
const OF_STRANGERS = ["caller_name", "note"];

/** What telephone networks write in the place of a number that the caller withholds. */
const WITHHELD = /^(?:sips?:)?(?:anonymous|private|restricted|unavailable|unknown|withheld)(?:@.*)?$/i;

/** A longer memo than this is none. */
const LONGEST_SECS = 86_400;

export class Memo {
  constructor(entry) {
    this.entry = entry;
    /** What the envelope says; null until it is opened. */
    this.content = null;
    /** Whether no key at hand opens it. */
    this.closed = false;
    this.searched = null;
  }

  get id() {
    return this.entry.id;
  }

  get created() {
    return new Date(this.entry.created_at ?? NaN);
  }

  /** The same as a number to sort by; a memo without a time is the oldest. */
  get time() {
    return this.created.getTime() || 0;
  }

  get unread() {
    return !this.entry.heard;
  }

  /** A field of the envelope, or what the mailbox leaves in clear. */
  field(name) {
    const said = this.entry.source === "web" && !OF_STRANGERS.includes(name) ? null : this.content?.[name];
    return plain(said, MOST_CHARACTERS[name]) || plain(this.entry.clear?.[name], MOST_CHARACTERS[name]);
  }

  /** Whom it is from, as the list shows it. */
  get who() {
    const said = this.field("caller_name") || this.field("from");
    if (this.entry.source === "web") {
      return said || "From the web";
    }
    return this.isWithheld ? "Number withheld" : said || "Unknown caller";
  }

  get isWithheld() {
    return this.entry.source !== "web" && WITHHELD.test(this.field("caller_name") || this.field("from"));
  }

  /** The number, where the name stands for it. */
  get number() {
    const number = this.field("caller_name") ? this.field("from") : "";
    return WITHHELD.test(number) ? "" : number;
  }

  /** Its length in seconds: from the envelope, else from what the ciphertext's size says of 8 kHz audio. */
  get seconds() {
    const said = this.content?.duration_seconds ?? this.entry.clear?.duration_seconds;
    if (typeof said === "number" && said >= 0 && said <= LONGEST_SECS) {
      return said;
    }
    return this.entry.audio_format === "audio/wav" ? Math.max(0, (this.entry.size_bytes - 60) / 16_000) : NaN;
  }

  /** A line of what was said. */
  get gist() {
    return this.field("summary") || this.field("note") || this.field("transcript");
  }

  /**
   * The memo's link. Who sealed the envelope wrote one into it, and a stranger may have: it counts only where it is this
   * memo's, with this key, from a call; else the link is made here.
   */
  get link() {
    if (!this.hasKey) {
      return "";
    }
    const written = String(this.content.link ?? "").trim();
    const own = memoLink(LINK_BASE, this.id, this.key);
    const tail = own.slice(LINK_BASE.length);
    return this.entry.source === "sip_call" && written.endsWith(tail) ? written : own;
  }

  /** Whether the envelope holds a key at all. */
  get hasKey() {
    try {
      return Boolean(this.key);
    } catch {
      return false;
    }
  }

  /** The key, as its text. Throws where the envelope is not open, or holds something else in its place. */
  get key() {
    const written = this.content?.key;
    if (typeof written !== "string") {
      throw new MemoError("false-key");
    }
    parseSecret(written);
    return written.trim();
  }

  /** Whether each word stands somewhere in what was decrypted. */
  matches(words) {
    this.searched ??= ["caller_name", "from", "to", "diversion", "summary", "note", "transcript"]
      .map((name) => this.field(name))
      .concat(this.who, searchedDate(this.created), this.field("from").replace(/\D/g, ""))
      .join("\n")
      .toLocaleLowerCase();
    return words.every((word) => this.searched.includes(word));
  }

  /** Opens the envelope with the first of these seeds that fits. */
  async open(seeds) {
    const envelope = this.entry.sealed_envelope;
    if (this.content || !envelope) {
      this.closed = !this.content;
      return;
    }
    try {
      const parsed = typeof envelope === "string" ? JSON.parse(envelope) : envelope;
      this.content = await openEnvelope({ seed: seeds, memoId: this.id, envelope: parsed });
      this.searched = null;
    } catch (error) {
      // Sealed to another key, or no envelope at all; or it opens, and its sender put nothing into it that says anything.
      this.content = error.kind === "damaged" ? {} : null;
    }
    this.closed = !this.content;
  }
}

/** All memos that the page has, newest first. */
export class Memos {
  constructor() {
    this.byId = new Map();
    /** The order, until something joins or leaves. */
    this.sorted = null;
    this.opening = Promise.resolve();
    /** Where the next page begins, where there is one. */
    this.next = null;
    this.total = 0;
    this.unread = 0;
    this.version = 0;
  }

  get list() {
    this.sorted ??= [...this.byId.values()]
      .map((memo) => ({ memo, time: memo.time }))
      .sort((a, b) => b.time - a.time || (a.memo.id < b.memo.id ? -1 : 1))
      .map(({ memo }) => memo);
    return this.sorted;
  }

  add(memo) {
    this.byId.set(memo.id, memo);
    this.sorted = null;
  }

  forget(id) {
    this.byId.delete(id);
    this.sorted = null;
  }

  get closed() {
    return [...this.byId.values()].filter((memo) => memo.closed).length;
  }

  /** Takes entries of the server; those that are known keep what was opened. Gives the memos that are new. */
  take(entries) {
    const added = [];
    for (const entry of entries) {
      const known = this.byId.get(entry.id);
      if (!known) {
        const memo = new Memo(entry);
        this.add(memo);
        added.push(memo);
        continue;
      }
      if (JSON.stringify(known.entry.sealed_envelope) !== JSON.stringify(entry.sealed_envelope)) {
        // A finished recording has a better envelope than it had while it was recorded.
        known.content = null;
        known.closed = false;
      }
      known.entry = entry;
      known.searched = null;
    }
    return added;
  }

  /**
   * Opens what is not open yet, newest first, and calls `opened` with each. One after the other, in slices that leave
   * the page alive; who asks meanwhile waits for the same.
   */
  openAll(seeds, opened) {
    const next = async () => {
      let pause = performance.now();
      for (const memo of this.list) {
        if (memo.content || memo.closed) {
          continue;
        }
        await memo.open(seeds);
        opened(memo);
        if (performance.now() - pause > SLICE_MS) {
          await new Promise((resolve) => setTimeout(resolve));
          pause = performance.now();
        }
      }
    };
    this.opening = this.opening.then(next, next);
    return this.opening;
  }
}

/**
 * The audio of a memo: from the server, or from this device where it was opened before and the server is away. Gives
 * the file, its format, and whether it is whole.
 */
export async function audioOf(memo, offline, signal) {
  let key;
  try {
    key = parseSecret(memo.key);
  } catch {
    throw new MemoError("false-key");
  }
  let body;
  try {
    body = await fetchBody(memo.id, key, signal);
  } catch (error) {
    body = error.kind === "unreachable" || error.kind === "server" ? await offline.body(memo.id) : null;
    if (!body) {
      throw error;
    }
  }
  const { audio, complete } = await openMemo({ key, ...body });
  await offline.keepBody(memo.id, body);
  return { audio, complete, format: body.format };
}
