// The sheet of an inbox's settings, and the sheet of its keys on the keyboard.

import { button, h } from "./dom.js";
import { showRotate } from "./rotate.js";
import { forget, pasteForm, remember, remembered, writeFragment } from "./secret.js";
import { mailboxCode } from "./telephone.js";
import { busy, copy, dialog, toast, toggle } from "./ui.js";
import { LINK_BASE } from "./api.js";
import { inboxLink } from "./voice-memo.js";

const KEYS = [
  ["J or ↓", "Next memo"],
  ["K or ↑", "Previous memo"],
  ["Enter", "Unfold or fold"],
  ["Space", "Play or pause"],
  ["S", "Share"],
  ["U", "Mark as new or as heard"],
  ["Delete", "Delete"],
  ["Z", "Undo the deletion"],
  ["/", "Search"],
  ["Escape", "Fold, or leave the search"],
  ["?", "These keys"],
];

const KEYS_OFF = "obelus-keys-off";

/** Whether single keys do something. Some people speak to their computer, and would press them unwillingly. */
export function keysAreOn() {
  return localStorage.getItem(KEYS_OFF) === null;
}

export function showKeys() {
  dialog("Keyboard", [
    h(
      "dl",
      { class: "keys" },
      KEYS.map(([key, what]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, what))),
    ),
    toggle("Single keys", "Without them, the inbox is worked with Tab, arrows and Enter.", keysAreOn(), (on) =>
      on ? localStorage.removeItem(KEYS_OFF) : localStorage.setItem(KEYS_OFF, "1"),
    ),
  ]);
}

/** The settings of an inbox. */
export async function showSettings(inbox) {
  const name = inbox.mailbox.name;
  const kept = (await remembered(name)) !== null;
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
  const sheet = dialog("Settings", [
    toggle(
      "Remember on this device",
      "The address then needs no secret. Whoever can use this browser can hear your memos.",
      kept,
      (on, box) => rememberHere(inbox, on, box),
    ),
    "Notification" in window &&
      toggle(
        "Notify me of new memos",
        "While this page is open somewhere. The message names the caller.",
        inbox.notifies,
        (on, box) => notify(inbox, on, box),
      ),
    item("key", "Add an older link", () => inbox.addOlder()),
    item("file", "Open a memo from an e-mail", () => inbox.chooseFile()),
    inbox.takesWebMemos &&
      item("microphone", "Copy the address where anybody can leave you a memo", () =>
        copy(`${LINK_BASE}/record/${encodeURIComponent(name)}`, "Address"),
      ),
    (inbox.takesTelephoneCodes || inbox.hasTelephoneCode) &&
      item("phone", "Telephone code of this mailbox", () => mailboxCode(inbox)),
    item("lock", "Change the key", () => showRotate(inbox, (seeds) => inbox.useSeeds(seeds))),
    item("keyboard", "Keyboard", showKeys),
    item("device", "Forget this device", () => askForget(inbox)),
  ]);
}

/** Asks whether this device is to forget the inbox: where it alone remembers the link, that cannot be undone. */
function askForget(inbox) {
  const { name, seeds } = inbox;
  const go = h(
    "button",
    {
      type: "button",
      class: "wide",
      onclick: () =>
        busy(go, async () => {
          await inbox.forgetDevice();
          sheet.close();
        }),
    },
    "Forget now",
  );
  const sheet = dialog("Forget this device", [
    h(
      "p",
      {},
      "Deletes from this browser what it keeps of this inbox: memos that were opened here, the page’s files, and your link. On the server nothing changes.",
    ),
    h("p", { class: "price" }, h("strong", {}, "Keep your link. "), "Nothing else opens the inbox afterwards."),
    h(
      "div",
      { class: "row-of-buttons" },
      button("link", "Copy my link", () => copy(inboxLink(LINK_BASE, name, seeds), "Link")),
    ),
    go,
  ]);
}

async function rememberHere(inbox, on, box) {
  const name = inbox.mailbox.name;
  try {
    if (on) {
      await remember(name, inbox.seeds);
      writeFragment([]);
      toast("This device remembers the inbox. Keep your link all the same.");
    } else {
      writeFragment(inbox.seeds);
      await forget(name);
      toast("This device does not remember the inbox any more: from now on the link opens it");
    }
  } catch {
    box.checked = !on;
    toast("This browser keeps nothing on this device");
  }
}

async function notify(inbox, on, box) {
  if (on && (await Notification.requestPermission()) !== "granted") {
    box.checked = false;
    toast("This browser does not allow it. Its own settings for this site can.");
    return;
  }
  inbox.notifies = on;
}

/** Asks for a link that was used before. */
export function askOlder(use) {
  const why = "Memos that were sealed before your key was changed are opened by the link that you had then.";
  askLink("Add an older link", why, use);
}

/** Asks for the link that came after the page's own. */
export function askNewer(use) {
  const why = "Whoever changed the key was shown a new inbox link, once. Nobody can make it again.";
  askLink("Open the new link", why, use);
}

function askLink(title, why, use) {
  const sheet = dialog(title, [
    h("p", {}, why),
    pasteForm((seeds) => {
      sheet.close();
      use(seeds);
    }),
  ]);
}
