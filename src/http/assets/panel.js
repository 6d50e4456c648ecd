// What unfolds below a memo's row: the player, what is known of the memo, and what can be done with it.

import { button, h, icon } from "./dom.js";
import { keepUntil } from "./expiry.js";
import { audioOf } from "./memos.js";
import { Player } from "./player.js";
import { kindOf, problemLine } from "./problems.js";
import { showQr } from "./qr.js";
import { showShares } from "./share.js";
import { telephoneCode } from "./telephone.js";
import { fullDate, stamp } from "./text.js";
import { copy, dialog, say } from "./ui.js";

export class Panel {
  /** `inbox` has the mailbox, the offline store, and what changes the list. */
  constructor(memo, inbox) {
    this.memo = memo;
    this.inbox = inbox;
    this.attempt = new AbortController();
    this.player = new Player({ say, onPlay: () => inbox.heard(memo) });
    this.place = h("div", {}, this.player.element);
    this.element = h("div", { class: "panel-inner" });
    this.fill();
    if (memo.content) {
      this.load();
    } else if (memo.closed) {
      this.showSealed();
    } else {
      this.unseal();
    }
  }

  fill() {
    this.element.replaceChildren(...[this.facts(), this.place, this.actions(), this.words()].filter(Boolean));
  }

  /** Opens an envelope whose turn has not come yet. */
  async unseal() {
    const { memo, inbox } = this;
    await memo.open(inbox.seeds);
    if (this.attempt.signal.aborted) {
      return;
    }
    inbox.list.refresh(memo);
    this.fill();
    if (memo.content) {
      this.load();
    } else {
      this.showSealed();
    }
  }

  showSealed() {
    this.player.element.hidden = true;
    this.place.append(this.sealed());
  }

  sealed() {
    return h(
      "div",
      { class: "problem-line" },
      icon("lock"),
      h("p", {}, "No key of this link opens it. If you had another inbox link before, add it."),
      button("key", "Add an older link", () => this.inbox.addOlder()),
    );
  }

  facts() {
    const { memo } = this;
    const fact = (name, value) => value && h("div", {}, h("dt", {}, name), h("dd", { dir: "auto" }, value));
    const expires = memo.entry.expires_at;
    return h(
      "dl",
      { class: "facts" },
      fact("Received", fullDate(memo.created)),
      fact("Number", memo.number),
      fact("Called", memo.field("to")),
      fact("Forwarded by", memo.field("diversion")),
      memo.entry.source === "web" && fact("Left in a browser", "The name is what its sender wrote"),
      memo.entry.source === "file" && fact("Opened from a file", "All of this is what its sender wrote"),
      fact("Kept until", expires && fullDate(new Date(expires))),
      !memo.entry.complete &&
        h(
          "div",
          { class: "interrupted" },
          icon("warning"),
          "The recording was interrupted; its last moment may be missing.",
        ),
    );
  }

  words() {
    const { memo } = this;
    const said = [
      ["Summary", memo.field("summary")],
      ["Note", memo.field("note")],
      ["Transcript", memo.field("transcript")],
    ].filter(([, text]) => text);
    return (
      said.length > 0 &&
      h(
        "div",
        { class: "words" },
        said.map(([name, text]) => h("section", {}, h("h3", {}, name), h("p", { dir: "auto" }, text))),
      )
    );
  }

  actions() {
    const { memo, inbox } = this;
    const { link } = memo;
    return h(
      "div",
      { class: "actions", role: "toolbar", "aria-label": "Memo" },
      link && [
        button("share", "Share", () => this.share()),
        button("qr", "QR code", () => showQr(link, "This memo’s link")),
        button("link", "Copy link", () => copy(link, "Link")),
        button("more", "More", () => this.more()),
      ],
      button("trash", "Delete", () => inbox.remove(memo), { class: "chip danger" }),
    );
  }

  more() {
    const { memo, inbox } = this;
    const item = (iconName, text, act) =>
      button(
        iconName,
        text,
        () => {
          sheet.close();
          act();
        },
        { class: "menu-item" },
      );
    const sheet = dialog("Memo", [
      item("clock", memo.entry.expires_at ? "Change how long it is kept" : "Keep only for a while", () =>
        keepUntil(memo, inbox),
      ),
      item("unread", memo.unread ? "Mark as heard" : "Mark as new", () => inbox.setHeard(memo, memo.unread)),
      (inbox.takesTelephoneCodes || memo.entry.telephone) &&
        item("phone", memo.entry.telephone ? "Remove its telephone code" : "Make a telephone code", () =>
        telephoneCode(memo, inbox),
      ),
    ]);
  }

  share() {
    showShares(this.memo, this.inbox, () => this.audio());
  }

  /** The opened file; fetched once. */
  audio() {
    this.file ??= audioOf(this.memo, this.inbox.offline, this.attempt.signal);
    this.file.catch(() => (this.file = null));
    return this.file;
  }

  async load() {
    this.place.querySelector(".problem-line")?.remove();
    this.player.element.hidden = false;
    this.player.wait();
    try {
      const { audio, format } = await this.audio();
      if (!this.attempt.signal.aborted) {
        this.player.open(audio, format, `voice-memo-${stamp(this.memo.created)}`);
        this.inbox.opened(this.memo);
        if (this.wanted) {
          this.player.toggle();
        }
      }
    } catch (error) {
      if (!this.attempt.signal.aborted) {
        const { kind: said, retryAfter } = kindOf(error);
        // No link was typed here: the key came in the envelope.
        const kind = said === "wrong-key" ? "false-key" : said;
        this.player.element.hidden = true;
        this.place.append(problemLine(kind, { retryAfter, again: () => this.load() }));
      }
    }
  }

  /** Plays or pauses, as soon as there is something to play. */
  toggle() {
    if (this.player.isReady) {
      this.player.toggle();
    } else {
      this.wanted = !this.wanted;
    }
  }

  close() {
    this.attempt.abort();
    this.player.close();
  }
}

/** The panel of a memo that its envelope does not open yet, or of any other. */
export function panelOf(memo, inbox) {
  return new Panel(memo, inbox);
}
