// The memos of an inbox as the page knows them: the server's entries, and what their envelopes say once opened here.

import { LINK_BASE, fetchBody } from "./api.js";
import { counted, searchedDate } from "./text.js";
import { MemoError, memoLink, openEnvelope, openMemo, parseSecret } from "./voice-memo.js";

/** The text of a field of an envelope, whose sender may have put anything there. */
function text(value) {
  return typeof value === "string" ? value.trim() : "";
}

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

  get unread() {
    return !this.entry.heard;
  }

  /** A field of the envelope, or what the mailbox leaves in clear. */
  field(name) {
    return text(this.content?.[name]) || text(this.entry.clear?.[name]);
  }

  /** Whom it is from, as the list shows it. */
  get who() {
    return (
      this.field("caller_name") ||
      this.field("from") ||
      (this.entry.source === "web" ? "From the web" : "Unknown caller")
    );
  }

  /** The number, where the name stands for it. */
  get number() {
    return this.field("caller_name") ? this.field("from") : "";
  }

  /** Its length in seconds: from the envelope, else from what the ciphertext's size says of 8 kHz audio. */
  get seconds() {
    const said = this.content?.duration_seconds ?? this.entry.clear?.duration_seconds;
    if (typeof said === "number" && said >= 0) {
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
    if (!this.content) {
      return "";
    }
    const written = text(this.content.link);
    const own = memoLink(LINK_BASE, this.id, this.key);
    const tail = own.slice(LINK_BASE.length);
    return this.entry.source === "sip_call" && written.endsWith(tail) ? written : own;
  }

  /** The key, as its text. Throws where the envelope is not open. */
  get key() {
    if (!this.content) {
      throw new MemoError("wrong-key");
    }
    return text(this.content.key);
  }

  /** Whether each word stands somewhere in what was decrypted. */
  matches(words) {
    this.searched ??= ["caller_name", "from", "to", "diversion", "summary", "note", "transcript"]
      .map((name) => this.field(name))
      .concat(searchedDate(this.created), this.field("from").replace(/\D/g, ""))
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
    } catch {
      // Sealed to another key, or no envelope at all.
    }
    this.closed = !this.content;
  }
}

/** All memos that the page has, newest first. */
export class Memos {
  constructor() {
    this.byId = new Map();
    /** Where the next page begins, where there is one. */
    this.next = null;
    this.total = 0;
    this.unread = 0;
    this.version = 0;
  }

  get list() {
    return [...this.byId.values()].sort((a, b) => b.created - a.created || (a.id < b.id ? -1 : 1));
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
        this.byId.set(entry.id, memo);
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

  /** Forgets those that are not among these ids any more. */
  keep(ids) {
    for (const id of [...this.byId.keys()]) {
      if (!ids.has(id)) {
        this.byId.delete(id);
      }
    }
  }

  /** Opens what is not open yet, newest first, and calls `opened` with each; the page stays alive meanwhile. */
  async openAll(seeds, opened) {
    let pause = performance.now();
    for (const memo of this.list) {
      if (memo.content || memo.closed) {
        continue;
      }
      await memo.open(seeds);
      opened(memo);
      if (performance.now() - pause > 30) {
        await new Promise((resolve) => setTimeout(resolve));
        pause = performance.now();
      }
    }
  }

  /** What the heading says. */
  get sentence() {
    const memos = counted(this.total, "memo");
    return this.unread ? `${memos}, ${this.unread} new` : memos;
  }
}

/**
 * The audio of a memo: from the server, or from this device where it was opened before and the server is away. Gives
 * the file, its format, and whether it is whole.
 */
export async function audioOf(memo, offline, signal) {
  const key = parseSecret(memo.key);
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
