// An inbox that is open: what is in it, what changes it, what its owner does. Everything that can be read here was
// decrypted here.

import { LONG_PAGE, OwnedMailbox, PAGE } from "./api.js";
import { watch } from "./changes.js";
import { button, element, h, icon } from "./dom.js";
import { readEnvelopeFile, takeDropped } from "./envelope-file.js";
import { listenToKeys } from "./keys.js";
import { List } from "./list.js";
import { Memo, Memos } from "./memos.js";
import { OfflineMemos, forgetPages } from "./offline.js";
import { panelOf } from "./panel.js";
import { kindOf, problemSection } from "./problems.js";
import { Removal } from "./removal.js";
import { forget, keepSeeds, remembered, writeFragment } from "./secret.js";
import { askNewer, askOlder, showSettings } from "./settings.js";
import { counted, cut } from "./text.js";
import { say, toast } from "./ui.js";
import { ownerOf } from "./voice-memo.js";

const NOTIFY = "obelus-notify";
/** The list for hearing without the server holds so many of the newest memos, and all that were opened here. */
const KEPT_OFFLINE = 200;
/** So far below the window's end older memos are read already. */
const AHEAD = "600px";
/** A caller's name in a message is so long at most. */
const TOLD_CHARACTERS = 60;
/** A screen reader is told so often how far a search has come. */
const PROGRESS_MS = 5000;

/** The name under which the tabs of one mailbox and one key find each other; no secret. */
function groupOf(mailbox, listingTokenHash) {
  return `${mailbox}-${listingTokenHash.slice(0, 16)}`;
}

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
    /** Whether the server gave the list, and not only the device. */
    this.wasRead = false;
    /** So many rows are shown at most; scrolling down raises it. */
    this.most = PAGE;
    /** The search that reads older memos just now. */
    this.searching = null;
    this.reading = Promise.resolve();
  }

  // ---- Opening ----

  /** Finds the seed whose token the server takes, newest first. Throws what the server said to the last. */
  async signIn() {
    let refused;
    for (const seed of this.seeds) {
      const { listingToken, listingTokenHash } = await ownerOf(seed, "x25519");
      const mailbox = new OwnedMailbox(this.name, listingToken);
      try {
        const first = await mailbox.list();
        this.mailbox = mailbox;
        this.seed = seed;
        this.group = groupOf(this.name, listingTokenHash);
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
    await this.findKept();
    this.run();
    this.known = this.know();
    await this.takePage(first, true);
    this.watch();
  }

  /** What the device kept, where the server cannot be reached; goes on as soon as it can. */
  async startOffline(kept) {
    const { listingToken, listingTokenHash } = await ownerOf(this.seeds[0], "x25519");
    this.mailbox = new OwnedMailbox(this.name, listingToken);
    this.group = groupOf(this.name, listingTokenHash);
    this.owner = await ownerOf(this.seeds[0], kept.kem ?? "xwing");
    await this.findKept();
    this.run();
    this.memos.take(kept.entries);
    this.memos.total = kept.entries.length;
    this.memos.unread = kept.entries.filter((entry) => !entry.heard).length;
    this.memos.version = 0;
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
      gone: (memo) => {
        this.forget(memo.id);
        this.keepOffline();
      },
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
    element("more").addEventListener("click", () => this.moreByButton());
    // The last of them: where the page was busy, it is told of several frames at once.
    const sawEnd = (frames) => frames.at(-1).isIntersecting && this.showMore();
    this.nearEnd = new IntersectionObserver(sawEnd, { rootMargin: AHEAD });
    this.nearEnd.observe(element("more"));
    listenToKeys(this);
    const chooser = element("envelope-file");
    chooser.addEventListener("change", () => {
      const [file] = chooser.files;
      if (file) {
        this.takeFile(file);
      }
      chooser.value = "";
    });
    takeDropped((file) => this.takeFile(file));
    if (window.BroadcastChannel) {
      this.forgetting = new BroadcastChannel(`obelus-forget-${this.name}`);
      this.forgetting.onmessage = () => this.forgetHere();
    }
  }

  /** Learns what the server has of this mailbox, and whether its key is ours. */
  async know() {
    try {
      const about = await this.mailbox.about();
      this.takesWebMemos = about.record === true;
      this.takesTelephoneCodes = about.telephone === true;
      this.hasTelephoneCode = about.telephone_code === true;
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
    watch(this.mailbox, {
      group: this.group,
      version: () => this.memos.version,
      up: !this.isOffline,
      signal: this.ending.signal,
      changed: () => this.refresh(),
      reachable: (up) => this.reachable(up),
      refused: () => this.refused(),
    });
  }

  /** The server takes our token no more: nothing is asked for by it any longer, and the person is told. */
  refused() {
    this.unwatch();
    if (!this.wasRead) {
      // It began without the server: now the server says which of the seeds it takes, if any.
      location.reload();
      return;
    }
    const text =
      "The key of this mailbox was changed, and this link does not open it any more: new memos do not appear here. " +
      "Open the new link. If it was not you who changed the key, tell whoever runs the server.";
    this.isOffline = false;
    this.banner("offline", false);
    this.show();
    this.banner(
      "key-changed",
      text,
      button("key", "Open the new link", () => this.openNewer()),
    );
    say(text);
  }

  /** Goes on with the link that came after this one: what the device remembers by now, or what the person pastes. */
  async openNewer() {
    const kept = await remembered(this.name);
    if (kept && kept.join() !== this.seeds.join()) {
      writeFragment([]);
      location.reload();
    } else {
      askNewer((seeds) => this.useSeeds(seeds));
    }
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

  /** One reading of the list after the other, so that none judges by what another is about to change. */
  inTurn(read) {
    this.reading = this.reading.then(read, read);
    return this.reading;
  }

  async takePage(page, isFirst) {
    this.wasRead = true;
    const known = this.memos.byId.size;
    const added = this.memos.take(page.memos);
    // A memo that was opened from a file may turn out to be among them.
    page.memos.forEach((entry) => this.loose.delete(entry.id));
    // A last page that is full has a next one, which is empty.
    const isAll = this.memos.byId.size - this.loose.size >= page.total;
    this.memos.next = isAll ? null : (page.next ?? null);
    this.memos.total = page.total;
    this.memos.unread = page.unread;
    this.memos.version = page.version;
    this.show();
    await this.openEnvelopes();
    if (isFirst) {
      await this.known;
      this.show();
    }
    if (isFirst || !this.memos.next) {
      this.keepOffline();
    }
    return known > 0 ? added : [];
  }

  /** Asks for the list anew, and says what is new. */
  refresh() {
    return this.inTurn(() => this.readAnew());
  }

  async readAnew() {
    const { signal } = this.ending;
    const first = await this.mailbox.list({ signal });
    const { byId, next, total, unread } = this.memos;
    const fresh = first.memos.filter((entry) => !byId.has(entry.id));
    const heard = first.memos.filter((entry) => entry.heard && byId.get(entry.id)?.unread).length;
    const unheard = first.memos.filter((entry) => !entry.heard && byId.get(entry.id)?.unread === false).length;
    const freshUnread = fresh.filter((entry) => !entry.heard).length;
    let page = first;
    const entries = [...first.memos];
    // Where the sums come out, nothing further down is gone or otherwise marked, and one page was enough.
    const isWhole = first.total === total + fresh.length && first.unread === unread + freshUnread + unheard - heard;
    while (!isWhole && page.next && entries.length < byId.size) {
      page = await this.mailbox.list({ after: page.next, limit: LONG_PAGE, signal });
      entries.push(...page.memos);
    }
    if (!isWhole) {
      this.leaveOut(entries, page.next);
    }
    const added = await this.takePage({ ...first, memos: entries, next: isWhole ? next : page.next }, true);
    if (added.length > 0) {
      this.announce(added);
    }
  }

  /** Leaves out what is not among the entries: it is gone, or lies further down than they reach. */
  leaveOut(entries, next) {
    const there = new Set(entries.map((entry) => entry.id));
    const reach = next ? Date.parse(entries.at(-1)?.created_at) : -Infinity;
    for (const memo of this.memos.list) {
      if (there.has(memo.id) || this.loose.has(memo.id)) {
        continue;
      }
      if (memo.time > reach) {
        this.forget(memo.id);
      } else {
        this.memos.forget(memo.id);
      }
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

  /** Reads a page of older memos; gives whether that went well. Who asks meanwhile waits for the same. */
  loadMore(limit = PAGE) {
    this.loading ??= this.inTurn(() => this.readOlder(limit)).finally(() => {
      this.loading = null;
      this.show();
    });
    this.show();
    return this.loading;
  }

  async readOlder(limit) {
    try {
      await this.takePage(await this.mailbox.list({ after: this.memos.next, limit }), false);
      return true;
    } catch (error) {
      toast(kindOf(error).kind === "unreachable" ? "The server cannot be reached" : "The server did not answer");
      return false;
    }
  }

  /** Shows more rows, from what was read, or else from the server. Gives whether there were any. */
  async showMore() {
    const before = this.list.shown.length;
    // A search reads on by itself, and where it could not, the button is there.
    const isMoreAway = this.memos.next && this.words.length === 0 && this.found < before + PAGE;
    // Set first: rows stand there while their envelopes are opened.
    this.most = before + PAGE;
    if (isMoreAway) {
      await this.loadMore();
    }
    this.show();
    if (before >= this.found) {
      return false;
    }
    // Where the end is still near, once more.
    this.nearEnd.unobserve(element("more"));
    this.nearEnd.observe(element("more"));
    return this.list.shown.length > before;
  }

  /** The same by the button, whose user goes on with the first of them. */
  async moreByButton() {
    const before = this.list.shown.length;
    if (this.words.length > 0 && before >= this.found) {
      await this.search();
    } else {
      await this.showMore();
    }
    const first = this.list.shown[before];
    if (first && document.activeElement?.closest(".memo") === null) {
      this.list.focus(first.id);
    }
  }

  get words() {
    return element("search").value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  }

  /** Filters, and reads all older memos meanwhile, so that the search covers the whole mailbox. */
  async search() {
    this.most = PAGE;
    const isAsked = this.words.length > 0;
    const run = (this.searching = isAsked && this.memos.next ? {} : null);
    this.show();
    let told = -Infinity;
    while (run && this.searching === run && this.memos.next) {
      if (performance.now() - told > PROGRESS_MS) {
        say(this.searched);
        told = performance.now();
      }
      if (!(await this.loadMore(LONG_PAGE))) {
        break;
      }
    }
    if (this.searching !== run) {
      return;
    }
    this.searching = null;
    this.show();
    say(isAsked ? `${counted(this.found, "memo")} found` : "");
  }

  /** How far the search has come. */
  get searched() {
    return `Searching older memos: ${this.memos.byId.size} of ${this.memos.total}`;
  }

  /** Shows what there is now. `back` is a memo that was just brought back, and takes the focus. */
  show(back = null) {
    if (this.isForgotten) {
      return;
    }
    const { memos, words } = this;
    const kept = memos.list.filter((memo) => !this.removal.has(memo.id));
    const found = words.length ? kept.filter((memo) => memo.matches(words)) : kept;
    // The memo that is unfolded stays, whatever comes before it.
    const most = Math.max(this.most, found.indexOf(this.list.open?.memo) + 1);
    const shown = found.slice(0, most);
    this.found = found.length;
    this.list.show(shown);
    const fresh = Math.max(0, memos.unread - [...this.removal.pending.values()].filter((memo) => memo.unread).length);
    const total = Math.max(0, memos.total - this.removal.pending.size);
    const summary = [total === 0 ? "No memos" : counted(total, "memo")];
    if (fresh) {
      summary.push(`${fresh} new`);
    }
    // In the bar, which stays in sight where the banner that says more has been scrolled away.
    if (this.isOffline) {
      summary.push("offline");
    }
    element("summary").textContent = summary.join(", ");
    document.title = `${fresh ? `(${fresh}) ` : ""}${this.name} – inbox`;
    navigator.setAppBadge?.(fresh).catch(() => {});
    element("empty").hidden = kept.length > 0;
    element("nothing").hidden = shown.length > 0 || kept.length === 0 || this.searching !== null;
    element("memos").hidden = shown.length === 0;
    this.showEnd(found.length > shown.length);
    element("record-hint").hidden = !this.takesWebMemos;
    document.body.classList.toggle("offline", this.isOffline === true);
    if (back) {
      this.list.focus(back.id);
    }
  }

  /** What stands below the list: how far a search has come, or the button for more. */
  showEnd(isMoreAtHand) {
    const { next } = this.memos;
    const progress = element("progress");
    progress.hidden = this.searching === null;
    progress.textContent = this.searching ? this.searched : "";
    const more = element("more");
    more.hidden = !isMoreAtHand && (!next || this.searching !== null);
    more.setAttribute("aria-busy", String(Boolean(this.loading)));
    more.textContent =
      this.loading && !isMoreAtHand
        ? "Loading…"
        : this.words.length > 0 && !isMoreAtHand
          ? "Search older memos"
          : "Older memos";
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
    const text =
      fresh.length === 1 ? `New memo from ${cut(fresh[0].who, TOLD_CHARACTERS)}` : `${fresh.length} new memos`;
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

  get notificationTag() {
    return `inbox-${this.name}`;
  }

  /** Shows a message of the operating system's. It says what the settings say that it does, and holds no secret. */
  async notify(text) {
    const options = {
      tag: this.notificationTag,
      icon: new URL("icon-192.png", import.meta.url).href,
      data: { page: location.pathname },
    };
    try {
      const worker = await navigator.serviceWorker?.getRegistration();
      // Telephones show notifications of service workers only.
      if (worker?.active) {
        await worker.showNotification(text, options);
      } else {
        new Notification(text, options).onclick = () => window.focus();
      }
    } catch {
      // It was forbidden meanwhile: the toast is there.
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
    this.memos.forget(id);
    this.loose.delete(id);
    this.here.delete(id);
    this.offline.forget(id);
  }

  /** Finds out what the device has kept. */
  async findKept() {
    this.here = await this.offline.ids();
    /** Entries of memos that were opened here, and may be further down than the list is read. */
    this.keptEntries = ((await this.offline.list())?.entries ?? []).filter((entry) => this.here.has(entry.id));
  }

  /** Keeps the list for hearing without the server, and drops what the device has of memos that are gone. */
  keepOffline() {
    if (!this.wasRead) {
      return null;
    }
    const { list, byId, next } = this.memos;
    const own = list.filter((memo) => !this.loose.has(memo.id));
    const entries = own.filter((memo, at) => at < KEPT_OFFLINE || this.here.has(memo.id)).map((memo) => memo.entry);
    const kept = new Map(this.keptEntries.map((entry) => [entry.id, entry]));
    // Newer than the last one that was read, and not among them: it is gone. Of older ones nothing is known yet.
    const reach = next ? (own.at(-1)?.time ?? Infinity) : -Infinity;
    for (const id of [...this.here].filter((id) => !byId.has(id))) {
      const entry = kept.get(id);
      const time = Date.parse(entry?.created_at) || 0;
      if (time > reach) {
        this.forget(id);
      } else if (entry) {
        entries.push(entry);
      }
    }
    return this.offline.keepList(entries, this.owner?.kem);
  }

  /** Notes that the memo was opened here, so that the device has it. */
  opened(memo) {
    this.here.add(memo.id);
    this.list.refresh(memo);
    if (!this.loose.has(memo.id) && !this.isOffline) {
      this.keepOffline();
    }
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

  /** Deletes what this browser keeps of the inbox, in all its tabs, and says so. */
  async forgetDevice() {
    // What was deleted with time to undo is deleted.
    await this.removal.finish();
    this.forgetting?.postMessage("forget");
    await this.forgetHere();
  }

  async forgetHere() {
    this.unwatch();
    const isDone = await Promise.all([this.offline.clear(), forget(this.name), forgetPages(this.notificationTag)]).then(
      () => true,
      () => false,
    );
    this.notifies = false;
    this.empty();
    this.isForgotten = true;
    writeFragment([]);
    const kind = isDone ? "forgotten" : "not-forgotten";
    document.body.dataset.state = "problem";
    document.body.dataset.problem = kind;
    element("screen").replaceChildren(problemSection(kind));
    element("title").textContent = "Inbox";
    element("summary").textContent = "";
    document.title = `${element("what").textContent} – inbox`;
    say(element("what").textContent);
    element("what").focus();
  }

  /** Lets go of all that was read and opened, and of what opens it. */
  empty() {
    document.querySelectorAll("dialog[open]").forEach((sheet) => sheet.close());
    element("search").value = "";
    this.searching = null;
    this.list.show([]);
    [...this.banners.keys()].forEach((name) => this.banner(name, false));
    this.memos = new Memos();
    this.loose.clear();
    this.here.clear();
    this.keptEntries = [];
    this.seeds = [];
    this.seed = null;
    this.owner = null;
    this.mailbox.token = null;
    navigator.clearAppBadge?.().catch(() => {});
  }

  chooseFile() {
    element("envelope-file").click();
  }

  async takeFile(file) {
    let found;
    try {
      found = await readEnvelopeFile(file);
    } catch {
      toast("This file is no memo’s envelope");
      return;
    }
    document.querySelector("dialog[open]")?.close();
    await this.showLoose(found.id, found.envelope, found.created);
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
      this.memos.add(memo);
      this.loose.set(id, memo);
    }
    element("search").value = "";
    this.search();
    this.most = Math.max(this.most, this.memos.list.indexOf(memo) + 1);
    this.show();
    this.list.unfold(id);
    this.list.focus(id);
  }
}
