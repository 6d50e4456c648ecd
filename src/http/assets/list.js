// The list of memos: one row each, of which one at a time is unfolded. An accordion: each row's heading is a button that
// says whether its panel is open. Only one row is a stop of the tab key; arrows, J and K go between the rows.

import { h, icon } from "./dom.js";
import { clock, cut, fullDate, initials, shortDate, spoken } from "./text.js";

const GIST_CHARACTERS = 160;

export class List {
  /** `panel(memo)` makes what unfolds below a row: `{element, close()}`. */
  constructor(element, { panel }) {
    this.element = element;
    this.makePanel = panel;
    this.rows = new Map();
    this.shown = [];
    this.open = null;
    element.addEventListener("focusin", (event) => {
      const row = event.target.closest(".row");
      if (row) {
        this.stop(row.dataset.id);
      }
    });
  }

  /** Shows these memos in this order. Rows that stay keep their place, so that what plays goes on. */
  show(memos) {
    const wanted = new Set(memos.map((memo) => memo.id));
    for (const [id, row] of [...this.rows]) {
      if (!wanted.has(id)) {
        if (this.open?.memo.id === id) {
          this.fold();
        }
        row.item.remove();
        this.rows.delete(id);
      }
    }
    let before = this.element.firstElementChild;
    for (const memo of memos) {
      const row = this.rows.get(memo.id) ?? this.make(memo);
      if (row.entry !== memo.entry || row.content !== memo.content || row.closed !== memo.closed) {
        this.refresh(memo);
      }
      if (row.item === before) {
        before = before.nextElementSibling;
      } else {
        this.element.insertBefore(row.item, before);
      }
    }
    this.shown = memos;
    if (!this.element.querySelector('.row[tabindex="0"]') && memos.length > 0) {
      this.stop(memos[0].id);
    }
  }

  make(memo) {
    const parts = {
      avatar: h("span", { class: "avatar", "aria-hidden": "true" }),
      fresh: h("span", { class: "hidden" }, "New: "),
      who: h("span", { class: "who", dir: "auto" }),
      gist: h("span", { class: "gist", dir: "auto" }),
      when: h("time", {}),
      length: h("span", { class: "length" }),
      marks: h("span", { class: "marks" }),
    };
    const panelId = `panel-${memo.id}`;
    const button = h(
      "button",
      {
        type: "button",
        class: "row",
        tabindex: "-1",
        "aria-expanded": "false",
        "aria-controls": panelId,
        "data-id": memo.id,
        onclick: () => this.toggle(memo.id),
      },
      parts.avatar,
      h("span", { class: "lines" }, h("span", { class: "first" }, parts.fresh, parts.who, parts.marks), parts.gist),
      h("span", { class: "side" }, parts.when, parts.length),
    );
    const panel = h("div", { class: "panel", id: panelId, role: "group", hidden: true });
    const item = h("li", { class: "memo", "data-id": memo.id }, h("h2", { class: "heading" }, button), panel);
    const row = { item, button, panel, parts };
    this.rows.set(memo.id, row);
    return row;
  }

  /** Writes anew what the row says of its memo. */
  refresh(memo) {
    const row = this.rows.get(memo.id);
    if (!row) {
      return;
    }
    Object.assign(row, { entry: memo.entry, content: memo.content, closed: memo.closed });
    const { item, panel, parts } = row;
    item.classList.toggle("unread", memo.unread);
    item.classList.toggle("waiting", !memo.content && !memo.closed);
    parts.fresh.hidden = !memo.unread;
    parts.who.textContent = memo.closed
      ? "Locked memo"
      : memo.content || memo.entry.clear
        ? memo.who
        : "Opening…";
    const letters = memo.content && !memo.isWithheld ? initials(memo.field("caller_name")) : "";
    parts.avatar.replaceChildren(
      letters || icon(memo.closed ? "lock" : memo.entry.source === "web" ? "microphone" : "phone"),
    );
    const gist = memo.closed ? "Sealed to another key" : memo.gist || memo.number;
    parts.gist.textContent = cut(gist.replace(/\s+/g, " "), GIST_CHARACTERS);
    parts.gist.hidden = !gist;
    parts.when.textContent = shortDate(memo.created);
    parts.when.title = fullDate(memo.created);
    parts.when.dateTime = Number.isNaN(memo.created.getTime()) ? "" : memo.created.toISOString();
    const seconds = memo.seconds;
    parts.length.textContent = Number.isFinite(seconds) ? clock(seconds) : "";
    parts.length.title = Number.isFinite(seconds) ? spoken(seconds) : "";
    parts.marks.replaceChildren(...this.marks(memo));
    panel.setAttribute("aria-label", `Memo from ${memo.who}`);
  }

  marks(memo) {
    const mark = (name, text) =>
      h("span", { class: "mark-of", title: text }, icon(name), h("span", { class: "hidden" }, `, ${text}`));
    const { entry } = memo;
    return [
      entry.source === "web" && mark("microphone", "left in a browser"),
      !entry.complete && mark("warning", "interrupted: the recording breaks off"),
      entry.shares > 0 && mark("share", "shared"),
      entry.expires_at && mark("clock", `kept until ${fullDate(new Date(entry.expires_at))}`),
    ].filter(Boolean);
  }

  /** Makes a row the one where the tab key stops. */
  stop(id) {
    for (const [other, row] of this.rows) {
      row.button.tabIndex = other === id ? 0 : -1;
    }
    this.at = id;
  }

  /** The memo of the row that has the focus, or whose panel has it; else the unfolded one. */
  get current() {
    const id = document.activeElement?.closest?.(".memo")?.dataset.id ?? this.open?.memo.id;
    return this.shown.find((memo) => memo.id === id) ?? null;
  }

  /** Moves the focus by so many rows. */
  step(by) {
    if (this.shown.length === 0) {
      return;
    }
    const focused = document.activeElement?.closest?.(".memo")?.dataset.id;
    const from = this.shown.findIndex((memo) => memo.id === focused);
    const at = this.shown.findIndex((memo) => memo.id === this.at);
    const to = from < 0 ? Math.max(at, 0) : Math.min(Math.max(from + by, 0), this.shown.length - 1);
    this.focus(this.shown[to].id);
  }

  focus(id) {
    const button = this.rows.get(id)?.button;
    button?.focus();
    button?.scrollIntoView({ block: "nearest" });
  }

  /** The row that takes the focus when this one goes. */
  neighbour(id) {
    const at = this.shown.findIndex((memo) => memo.id === id);
    return (this.shown[at + 1] ?? this.shown[at - 1])?.id ?? null;
  }

  toggle(id) {
    if (this.open?.memo.id === id) {
      this.fold();
    } else {
      this.unfold(id);
    }
  }

  unfold(id) {
    const memo = this.shown.find((memo) => memo.id === id);
    if (!memo || this.open?.memo === memo) {
      return this.open?.panel ?? null;
    }
    this.fold();
    const row = this.rows.get(id);
    const panel = this.makePanel(memo);
    row.panel.replaceChildren(panel.element);
    row.panel.hidden = false;
    row.item.classList.add("open");
    row.button.setAttribute("aria-expanded", "true");
    this.open = { memo, panel, row };
    this.stop(id);
    row.item.scrollIntoView({ block: "nearest" });
    return panel;
  }

  fold() {
    if (!this.open) {
      return;
    }
    const { panel, row } = this.open;
    this.open = null;
    panel.close();
    row.panel.hidden = true;
    row.panel.replaceChildren();
    row.item.classList.remove("open");
    row.button.setAttribute("aria-expanded", "false");
  }
}
