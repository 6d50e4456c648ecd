// What every page has in common: what a screen reader is told, toasts, dialogs, copying.

import { button, element, h, icon } from "./dom.js";

/** Tells a screen reader. The page has an element `status` for it. */
export function say(text) {
  element("status").textContent = text;
}

/**
 * A message at the bottom of the page for some seconds. With `act`, a button of that name stands in it. Gives a function
 * that takes it away.
 */
export function toast(text, { secs = 5, act = null, onact = null } = {}) {
  const made = h("div", { class: "toast" }, h("p", {}, text));
  const leave = () => {
    clearTimeout(timer);
    made.remove();
  };
  const timer = setTimeout(leave, secs * 1000);
  if (act) {
    const press = () => {
      leave();
      onact();
    };
    made.append(h("button", { type: "button", onclick: press }, act));
  }
  toasts().append(made);
  say(text);
  return leave;
}

/** Where toasts stand: in an open dialog the rest of the page is inert, so there. */
function toasts() {
  const place = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  let stack = place.querySelector(":scope > .toasts");
  if (!stack) {
    stack = h("div", { class: "toasts" });
    place.append(stack);
  }
  return stack;
}

/**
 * Opens a dialog with a title and content; on a phone it rises from the bottom. Gives the dialog. Escape, the cross and
 * a click beside it close it, unless `stays` says that something would be lost.
 */
export function dialog(title, content, { onclose = null, stays = false } = {}) {
  const name = `dialog-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  const made = h("dialog", { class: "sheet", "aria-labelledby": name });
  const close = () => made.close();
  made.append(
    h(
      "header",
      { class: "sheet-head" },
      h("h2", { id: name, tabindex: "-1", autofocus: true }, title),
      !stays &&
        h(
          "button",
          { type: "button", class: "round", "aria-label": "Close", title: "Close", onclick: close },
          icon("close"),
        ),
    ),
    h("div", { class: "sheet-body" }, content),
  );
  made.addEventListener("click", (event) => {
    if (event.target === made && !stays) {
      close();
    }
  });
  made.addEventListener("cancel", (event) => {
    if (stays) {
      event.preventDefault();
    }
  });
  made.addEventListener("close", () => {
    made.remove();
    onclose?.();
  });
  document.body.append(made);
  made.showModal();
  return made;
}

/** Copies a text, and says so. `what` names it: "Link". */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied`);
  } catch {
    toast("This browser does not let the page copy. Select the text instead.");
  }
}

/** A link as something to copy, and to hand to other programs where the browser can. */
export function linkBox(link, { label = "Link", title = "Voice memo", hideable = false } = {}) {
  const field = h("input", {
    class: "link",
    type: "text",
    readonly: true,
    value: link,
    "aria-label": label,
    spellcheck: "false",
    onfocus: () => field.select(),
  });
  const buttons = h(
    "div",
    { class: "row-of-buttons" },
    button("link", "Copy link", () => copy(link, label)),
    navigator.share && button("share", "Send…", () => navigator.share({ title, url: link }).catch(() => {})),
  );
  return h("div", { class: "link-box", "data-hideable": hideable }, field, buttons);
}

/** A switch with its name and a sentence below. */
export function toggle(text, why, checked, onchange) {
  const box = h("input", { type: "checkbox", checked, onchange: () => onchange(box.checked, box) });
  return h("label", { class: "toggle" }, h("span", {}, h("strong", {}, text), why && h("small", {}, why)), box);
}

/** One choice of several, as a list to choose from. */
export function choice(label, options, chosen) {
  const select = h(
    "select",
    {},
    options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
  );
  return { select, field: h("label", { class: "field" }, h("span", {}, label), select) };
}

/** Times for which something may be kept, as the lists of the pages offer them. */
export const SPANS = [
  ["3600", "1 hour"],
  ["86400", "1 day"],
  ["604800", "1 week"],
  ["2592000", "30 days"],
  ["31536000", "1 year"],
];

/** The time so many seconds from now, as the server wants it; null for an empty text. */
export function timeAfter(secs) {
  return secs ? new Date(Date.now() + Number(secs) * 1000).toISOString() : null;
}

/** Runs what a button started, with the button busy meanwhile. */
export async function busy(control, act) {
  control.disabled = true;
  control.setAttribute("aria-busy", "true");
  try {
    return await act();
  } finally {
    control.disabled = false;
    control.removeAttribute("aria-busy");
  }
}
