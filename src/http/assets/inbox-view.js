// An inbox that is open: what is in it, what changes it, what its owner does. Everything that can be read here was
// decrypted here.

import { OwnedMailbox } from "./api.js";
import { watch } from "./changes.js";
import { button, element, h, icon } from "./dom.js";
import { envelopeFile } from "./envelope-file.js";
import { listenToKeys } from "./keys.js";
import { List } from "./list.js";
import { Memo, Memos } from "./memos.js";
import { OfflineMemos } from "./offline.js";
import { panelOf } from "./panel.js";
import { kindOf } from "./problems.js";
import { Removal } from "./removal.js";
import { keepSeeds } from "./secret.js";
import { askOlder, showSettings } from "./settings.js";
import { counted } from "./text.js";
import { say, toast } from "./ui.js";
import { ownerOf } from "./voice-memo.js";

const NOTIFY = "obelus-notify";

export class Inbox {
  constructor(name, seeds) {
    this.name = name;
    this.seeds = seeds;
    this.memos = new Memos();
    this.offline = new OfflineMemos(name);
    this.here = new Set();
    this.list = new List(element("memos"), { panel: (memo) => panelOf(memo, this) });
    this.ending = new AbortController();
    /** A memo that was opened from a file and stands in no list of the server's. */
    this.loose = new Map();
    this.banners = new Map();
  }

  // ---- Opening ----

  /** Finds the seed whose token the server takes, newest first. Throws what the server said to the last. */
  async signIn() {
    let refused;
    for (const seed of this.seeds) {
      const { listingToken } = await ownerOf(seed, "x25519");
      const mailbox = new OwnedMailbox(this.name, listingToken);
      try {
        const first = await mailbox.list();
        this.mailbox = mailbox;
        this.seed = seed;
        return first;
      } catch (error) {
        refused = error;
        if (error.kind !== "wrong-secret" && error.kind !== "refused") {
          throw error;
        }
      }
    }
    throw refused;
  }

  async start() {
    let first = null;
    try {
      first = await this.signIn();
    } catch (error) {
      const kept = error.kind === "unreachable" || error.kind === "server" ? await this.offline.list() : null;
      if (!kept) {
        throw error.kind === "refused" ? Object.assign(error, { kind: "wrong-secret" }) : error;
      }
      await this.startOffline(kept);
      return;
    }
    this.here = await this.offline.ids();
    this.run();
    this.known = this.know();
    await this.takePage(first, true);
    this.watch();
  }

  /** What the device kept, where the server cannot be reached; goes on as soon as it can. */
  async startOffline(kept) {
    const { listingToken } = await ownerOf(this.seeds[0], "x25519");
    this.mailbox = new OwnedMailbox(this.name, listingToken);
    this.owner = await ownerOf(this.seeds[0], kept.kem ?? "xwing");
    this.here = await this.offline.ids();
    this.run();
    this.memos.take(kept.entries);
    this.memos.total = kept.entries.length;
    this.memos.unread = kept.entries.filter((entry) => !entry.heard).length;
    this.memos.version = -1;
    this.show();
    await this.openEnvelopes();
    if (this.memos.list.length > 0 && this.memos.closed === this.memos.list.length) {
      throw Object.assign(new Error("wrong-secret"), { kind: "wrong-secret" });
    }
    this.reachable(false);
    this.watch();
  }

  /** Shows the inbox's own screen. */
  run() {
    document.body.dataset.state = "inbox";
    this.removal = new Removal(this.mailbox, {
      changed: (back) => this.show(back),
      gone: (memo) => this.forget(memo.id),
      failed: (memo, error) => {
        this.show();
        toast(
          kindOf(error).kind === "unreachable"
            ? "Not deleted: the server cannot be reached"
            : "Not deleted: the server refused",
        );
      },
    });
    element("search").addEventListener("input", () => this.search());
    element("settings").addEventListener("click", () => showSettings(this));
    element("more").addEventListener("click", () => this.loadMore());
    listenToKeys(this);
    envelopeFile(this);
  }

  /** Learns what the server has of this mailbox, and whether its key is ours. */
  async know() {
    try {
      const about = await this.mailbox.about();
      this.takesWebMemos = about.record === true;
      this.hasTelephone = about.telephone === true;
      this.owner = await ownerOf(this.seed, about.kem);
      this.banner(
        "other-key",
        about.public_key !== this.owner.publicKey &&
          "The server seals new memos to another key than the one in your link. Somebody may have changed it: ask whoever runs the server before you trust new memos.",
      );
    } catch {
      this.owner ??= await ownerOf(this.seed, "xwing");
    }
  }

  /** Waits for changes until the page goes, or until told otherwise. */
  watch() {
    this.ending = new AbortController();
    watch(this.mailbox, () => this.memos.version, {
      signal: this.ending.signal,
      changed: () => this.refresh(),
      reachable: (up) => this.reachable(up),
    });
  }

  unwatch() {
    this.ending.abort();
  }

  reachable(up) {
    this.isOffline = !up;
    this.banner("offline", !up && "The server cannot be reached. Memos that you opened before can still be heard.");
    if (up) {
      say("The server answers again");
    }
    this.show();
  }

  // ---- The list ----

  async takePage(page, isFirst) {
    const known = this.memos.byId.size;
    const added = this.memos.take(page.memos);
    this.memos.next = page.next ?? null;
    this.memos.total = page.total;
    this.memos.unread = page.unread;
    this.memos.version = page.version;
    this.show();
    await this.openEnvelopes();
    if (isFirst) {
      await this.known;
      this.offline.keepList(page.memos, this.owner?.kem);
    }
    return known > 0 ? added : [];
  }

  /** Asks for the list anew, as far as it was read, and says what is new. */
  async refresh() {
    const { signal } = this.ending;
    const first = await this.mailbox.list({ signal });
    const { byId, next, total } = this.memos;
    const fresh = first.memos.filter((entry) => !byId.has(entry.id));
    let page = first;
    const entries = [...first.memos];
    // Where the sum comes out, nothing further down is gone, and one page was enough.
    const isWhole = first.total === total + fresh.length;
    while (!isWhole && page.next && entries.length < byId.size) {
      page = await this.mailbox.list({ after: page.next, signal });
      entries.push(...page.memos);
    }
    if (!isWhole) {
      const there = new Set(entries.map((entry) => entry.id));
      const gone = [...byId.keys()].filter((id) => !there.has(id) && !this.loose.has(id));
      gone.forEach((id) => this.forget(id));
    }
    const added = await this.takePage({ ...first, memos: entries, next: isWhole ? next : page.next }, true);
    if (added.length > 0) {
      this.announce(added);
    }
  }

  async openEnvelopes() {
    await this.memos.openAll(this.seeds, (memo) => this.list.refresh(memo));
    const { closed } = this.memos;
    this.banner(
      "closed",
      closed > 0 &&
        `${counted(closed, "memo")} ${closed === 1 ? "is" : "are"} sealed to a key that this link does not have.`,
      button("key", "Add an older link", () => this.addOlder()),
    );
    this.show();
  }

  async loadMore() {
    if (!this.memos.next || this.loading) {
      return;
    }
    this.loading = true;
    try {
      await this.takePage(await this.mailbox.list({ after: this.memos.next }), false);
    } catch (error) {
      toast(kindOf(error).kind === "unreachable" ? "The server cannot be reached" : "The server did not answer");
    } finally {
      this.loading = false;
    }
  }

  get words() {
    return element("search").value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  }

  /** Filters, and reads older pages meanwhile, so that the search covers all memos. */
  async search() {
    this.show();
    const asked = element("search").value;
    while (asked && asked === element("search").value && this.memos.next && !this.loading) {
      await this.loadMore();
    }
    if (asked === element("search").value) {
      const found = this.list.shown.length;
      say(asked ? `${counted(found, "memo")} found` : "");
    }
  }

  /** Shows what there is now. `back` is a memo that was just brought back, and takes the focus. */
  show(back = null) {
    const { memos, words } = this;
    const kept = memos.list.filter((memo) => !this.removal.has(memo.id));
    const shown = words.length ? kept.filter((memo) => memo.matches(words)) : kept;
    this.list.show(shown);
    const fresh = Math.max(0, memos.unread - [...this.removal.pending.values()].filter((memo) => memo.unread).length);
    const total = Math.max(0, memos.total - this.removal.pending.size);
    element("summary").textContent =
      total === 0 ? "No memos" : `${counted(total, "memo")}${fresh ? `, ${fresh} new` : ""}`;
    document.title = `${fresh ? `(${fresh}) ` : ""}${this.name} – inbox`;
    navigator.setAppBadge?.(fresh).catch(() => {});
    element("empty").hidden = kept.length > 0;
    element("nothing").hidden = shown.length > 0 || kept.length === 0;
    element("memos").hidden = shown.length === 0;
    element("more").hidden = !memos.next || words.length > 0;
    element("record-hint").hidden = !this.takesWebMemos;
    document.body.classList.toggle("offline", this.isOffline === true);
    if (back) {
      this.list.focus(back.id);
    }
  }

  /** A message above the list, or none. */
  banner(name, text, ...more) {
    this.banners.get(name)?.remove();
    this.banners.delete(name);
    if (text) {
      const made = h(
        "div",
        { class: "banner", "data-name": name },
        icon(name === "offline" ? "cloud" : "warning"),
        h("p", {}, text),
        ...more,
      );
      this.banners.set(name, made);
      element("banners").append(made);
    }
  }

  /** Says that memos came. */
  announce(added) {
    const fresh = added.filter((memo) => memo.unread);
    if (fresh.length === 0) {
      return;
    }
    const text = fresh.length === 1 ? `New memo from ${fresh[0].who}` : `${fresh.length} new memos`;
    toast(text);
    if (this.notifies && document.visibilityState === "hidden") {
      this.notify(text);
    }
  }

  get notifies() {
    return "Notification" in window && Notification.permission === "granted" && localStorage.getItem(NOTIFY) === "1";
  }

  set notifies(on) {
    on ? localStorage.setItem(NOTIFY, "1") : localStorage.removeItem(NOTIFY);
  }

  async notify(text) {
    const options = { tag: `inbox-${this.name}`, icon: new URL("icon.svg", import.meta.url).href };
    const worker = await navigator.serviceWorker?.getRegistration();
    // Telephones show notifications of service workers only.
    if (worker) {
      await worker.showNotification(text, options);
    } else {
      new Notification(text, options).onclick = () => window.focus();
    }
  }

  // ---- What the owner does ----

  /** Changes fields of a memo on the server, and shows them. */
  async change(memo, fields) {
    const entry = await this.mailbox.change(memo.id, fields);
    const was = memo.unread;
    memo.entry = { ...memo.entry, ...fields, ...(entry?.id === memo.id ? entry : {}) };
    this.memos.unread += Number(memo.unread) - Number(was);
    this.list.refresh(memo);
    this.show();
  }

  /** Marks as heard what is played. Where the server cannot be told, it stays new. */
  heard(memo) {
    if (memo.unread && !this.loose.has(memo.id)) {
      this.setHeard(memo, true).catch(() => {});
    }
  }

  async setHeard(memo, heard) {
    try {
      await this.change(memo, { heard });
    } catch (error) {
      if (!heard || !memo.unread) {
        toast("The server could not be told");
      }
    }
  }

  /** Takes a memo away, with time to undo. */
  remove(memo) {
    const next = this.list.neighbour(memo.id);
    if (this.loose.has(memo.id)) {
      this.forget(memo.id);
      this.show();
    } else {
      this.removal.remove(memo);
    }
    if (next) {
      this.list.focus(next);
    } else {
      element("search").focus();
    }
  }

  forget(id) {
    this.memos.byId.delete(id);
    this.loose.delete(id);
    this.offline.forget(id);
  }

  /** Notes that the memo was opened here, so that the device has it. */
  opened(memo) {
    this.here.add(memo.id);
    this.list.refresh(memo);
  }

  shared(memo, by) {
    memo.entry.shares = Math.max(0, (memo.entry.shares ?? 0) + by);
    this.list.refresh(memo);
  }

  noteTelephone(memo, has) {
    memo.entry.telephone = has;
    this.list.refresh(memo);
  }

  addOlder() {
    askOlder(async (seeds) => {
      const before = this.memos.closed;
      this.useSeeds([...new Set([...this.seeds, ...seeds])], false);
      this.memos.list.forEach((memo) => (memo.closed = false));
      await this.openEnvelopes();
      this.list.fold();
      const opened = before - this.memos.closed;
      toast(opened > 0 ? `${counted(opened, "memo")} opened` : "It opens no further memo");
    });
  }

  /** Goes on with these seeds: in the address, and where the device remembers, there. */
  async useSeeds(seeds, anew = true) {
    this.seeds = seeds;
    await keepSeeds(this.name, seeds);
    if (anew) {
      location.reload();
    }
  }

  chooseFile() {
    element("envelope-file").click();
  }

  /** Shows a memo that came as a file. */
  async showLoose(id, envelope, created) {
    let memo = this.memos.byId.get(id);
    if (!memo) {
      const entry = {
        id,
        sealed_envelope: envelope,
        created_at: typeof created === "string" ? created : null,
        heard: true,
        complete: true,
        audio_format: "audio/wav",
        source: "file",
      };
      memo = new Memo(entry);
      await memo.open(this.seeds);
      if (memo.closed) {
        toast("This file is sealed to another key than yours");
        return;
      }
      this.memos.byId.set(id, memo);
      this.loose.set(id, memo);
    }
    element("search").value = "";
    this.show();
    this.list.unfold(id);
    this.list.focus(id);
  }
}
