// Deleting with undo: memos leave the list at once and the server when the time to change one's mind is over, or when
// the page is put away.

import { counted } from "./text.js";
import { say, toast } from "./ui.js";

const UNDO_SECS = 8;

export class Removal {
  /** `gone(memo)` after the server deleted it, `failed(memo, error)` where it did not, `changed()` when the list did. */
  constructor(mailbox, { gone, failed, changed }) {
    this.mailbox = mailbox;
    this.hooks = { gone, failed, changed };
    this.pending = new Map();
    this.takeAway = null;
    this.timer = null;
    window.addEventListener("pagehide", () => this.finish(true));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") {
        this.finish(true);
      }
    });
  }

  has(id) {
    return this.pending.has(id);
  }

  /** Marks a memo; those that are still to be undone wait with it. */
  remove(memo) {
    this.pending.set(memo.id, memo);
    this.hooks.changed();
    const number = this.pending.size;
    const text = number === 1 ? "Memo deleted" : `${counted(number, "memo")} deleted`;
    this.stop();
    this.takeAway = toast(text, { secs: UNDO_SECS, act: "Undo", onact: () => this.undo() });
    this.timer = setTimeout(() => this.finish(), UNDO_SECS * 1000);
  }

  /** No message and no timer any more. */
  stop() {
    clearTimeout(this.timer);
    this.takeAway?.();
  }

  /** Brings back what is pending. */
  undo() {
    if (this.pending.size === 0) {
      return;
    }
    this.stop();
    const restored = [...this.pending.values()];
    this.pending.clear();
    this.hooks.changed(restored.at(-1));
    say(restored.length === 1 ? "The memo is back" : `${counted(restored.length, "memo")} are back`);
  }

  /** Tells the server. On the page's way out, in requests that outlive it. */
  async finish(leaving = false) {
    const chosen = [...this.pending.values()];
    if (chosen.length === 0) {
      return;
    }
    this.stop();
    await Promise.all(
      chosen.map(async (memo) => {
        try {
          await this.mailbox.remove(memo.id, leaving);
          this.hooks.gone(memo);
        } catch (error) {
          if (error.status === 404 || error.kind === "expired") {
            this.hooks.gone(memo);
          } else {
            this.hooks.failed(memo, error);
          }
        } finally {
          this.pending.delete(memo.id);
        }
      }),
    );
    this.hooks.changed();
  }
}
