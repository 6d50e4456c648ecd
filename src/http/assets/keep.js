// The step at which an owner keeps the inbox link: it is shown once, and nobody can give it again.

import { h } from "./dom.js";
import { qrCode } from "./qr.js";
import { linkBox } from "./ui.js";

/**
 * Shows the link, and calls `kept` when the person has said that it is kept. `what` is the text of the button.
 */
export function keepStep(link, what, kept) {
  const go = h("button", { type: "button", class: "wide", disabled: true, onclick: () => kept(go) }, what);
  const box = h("input", { type: "checkbox", onchange: () => (go.disabled = !box.checked) });
  return h(
    "section",
    { class: "keep", "aria-label": "Your inbox link" },
    h(
      "p",
      { class: "price" },
      h("strong", {}, "Keep this link. "),
      "It is the only key to your memos. It is shown this once, the server does not have it, and nobody can make it again.",
    ),
    qrCode(link, "QR code of your inbox link"),
    linkBox(link, { label: "Inbox link", title: "Inbox" }),
    h(
      "p",
      { class: "quiet" },
      "Put it into your password manager, print this page, or scan the code with your phone. Whoever has it can hear and delete your memos.",
    ),
    h("label", { class: "toggle" }, h("span", {}, h("strong", {}, "I have kept the link")), box),
    go,
  );
}
