// QR codes. An envelope holds one, but it came from whoever sealed the envelope: the code is drawn anew from the link.

import { qrSvg } from "./voice-memo.js";
import { dialog, linkBox } from "./ui.js";
import { h } from "./dom.js";

/** The code of a text, as an element. What the library wrote is parsed apart, and only its shapes are taken over. */
export function qrCode(text, label) {
  const made = new DOMParser().parseFromString(qrSvg(text), "image/svg+xml").documentElement;
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", made.getAttribute("viewBox"));
  svg.setAttribute("class", "qr-code");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.setAttribute("shape-rendering", "crispEdges");
  for (const drawn of made.querySelectorAll("path, rect")) {
    const part = document.createElementNS(namespace, drawn.localName);
    for (const name of ["d", "x", "y", "width", "height"]) {
      if (drawn.hasAttribute(name)) {
        part.setAttribute(name, drawn.getAttribute(name));
      }
    }
    const ground = drawn.localName === "rect" && drawn.getAttribute("fill") !== "#000";
    part.setAttribute("class", ground ? "qr-ground" : "qr-dark");
    svg.append(part);
  }
  return h("div", { class: "qr" }, svg);
}

/** The code of a memo's link in a dialog, with the link itself. */
export function showQr(link, title) {
  return dialog(title, [
    qrCode(link, "QR code of the link"),
    h("p", { class: "quiet centred" }, "Whoever scans it can listen."),
    linkBox(link),
  ]);
}
