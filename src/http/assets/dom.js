// Making elements. Whatever comes from an envelope, a file or a server is untrusted: it becomes text, never markup.

export const element = (id) => document.getElementById(id);

/**
 * An element: `h("button", { class: "chip", type: "button", onclick: act }, "Save")`. Attributes that are false, null
 * or undefined are left out, true stands without a value, functions are listeners; children are nodes or texts.
 */
export function h(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      made.addEventListener(key.replace(/^on/, ""), value);
    } else if (value === true) {
      made.setAttribute(key, "");
    } else if (value !== false && value !== null && value !== undefined) {
      made.setAttribute(key, String(value));
    }
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/** The strokes of each icon, on a ground of 24 by 24. */
const ICONS = {
  back: "M4.5 12a7.5 7.5 0 1 0 2.6-5.7M4.5 4v4h4",
  ahead: "M19.5 12a7.5 7.5 0 1 1-2.6-5.7M19.5 4v4h-4",
  save: "M12 4v11M7.5 11 12 15.5 16.5 11M5 19.5h14",
  warning: "M12 3.5 21.5 20h-19zM12 10v4.5M12 17.2v.1",
  lock: "M6.5 10.5h11v9h-11zM8.8 10.5V8a3.2 3.2 0 0 1 6.4 0v2.5",
  search: "M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5",
  settings: "M4 7h9M17 7h3M15 4.8v4.4M4 17h3M11 17h9M9 14.8v4.4",
  share: "M12 15V4M8 7.5 12 3.5l4 4M7 11H5v9h14v-9h-2",
  qr: "M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM13.5 13.5h2.5v2.5M19.5 13.5v2M16.5 19.5h3v-1.5M13.5 18.5v1",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1",
  trash: "M4.5 6.5h15M9.5 6.5V4.5h5v2M6.5 6.5l1 13h9l1-13M10 10v6M14 10v6",
  clock: "M12 3.8a8.2 8.2 0 1 0 0 16.4 8.2 8.2 0 0 0 0-16.4zM12 7.5V12l3 2",
  phone:
    "M6.2 4h3l1.4 4.2-2 1.5a11.5 11.5 0 0 0 5.7 5.7l1.5-2L20 14.8v3a2 2 0 0 1-2.2 2A16 16 0 0 1 4.2 6.2 2 2 0 0 1 6.2 4z",
  more: "M5.5 11.4a.6.6 0 1 0 0 1.2.6.6 0 0 0 0-1.2zM12 11.4a.6.6 0 1 0 0 1.2.6.6 0 0 0 0-1.2zM18.5 11.4a.6.6 0 1 0 0 1.2.6.6 0 0 0 0-1.2z",
  unread: "M4 6.5h16v11H4zM4.5 7 12 13l7.5-6",
  close: "M6 6l12 12M18 6 6 18",
  key: "M11.5 12a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0zM11.5 12H20v3M16.5 12v2.5",
  bell: "M6.5 16.5V11a5.5 5.5 0 0 1 11 0v5.5l1.5 1.5H5zM10.3 20.5a2 2 0 0 0 3.4 0",
  device: "M7.5 3.5h9v17h-9zM11 17.5h2",
  file: "M6.5 3.5h7l4 4v13h-11zM13.5 3.5v4h4",
  keyboard: "M3.5 6.5h17v11h-17zM7 10h.1M10.3 10h.1M13.7 10h.1M17 10h.1M8 14h8",
  microphone:
    "M12 3.5a2.8 2.8 0 0 0-2.8 2.8v5a2.8 2.8 0 0 0 5.6 0v-5A2.8 2.8 0 0 0 12 3.5zM6 11.5a6 6 0 0 0 12 0M12 17.5v3",
  stop: "M7 7h10v10H7z",
  check: "M5 12.5 10 17.5 19.5 7",
  person: "M12 4.5a3.7 3.7 0 1 0 0 7.4 3.7 3.7 0 0 0 0-7.4zM4.8 20a7.2 7.2 0 0 1 14.4 0",
  inbox: "M4 13.5 6.5 5h11L20 13.5v6H4zM4 13.5h4.5l1 2.5h5l1-2.5H20",
  cloud: "M4 4l16 16M9 7.2A5 5 0 0 1 16.8 10 3.8 3.8 0 0 1 19.5 16M15.5 18H7.5a4 4 0 0 1-.8-7.9",
};

/** An icon, hidden from screen readers: its button has a name. */
export function icon(name, text = null) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  if (text) {
    const label = document.createElementNS(SVG, "text");
    label.setAttribute("x", "12");
    label.setAttribute("y", "15.2");
    label.textContent = text;
    svg.append(label);
  }
  return svg;
}

/** A filled shape, such as the triangle of Play. */
export function shape(className, path) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", className);
  const drawn = document.createElementNS(SVG, "path");
  drawn.setAttribute("d", path);
  svg.append(drawn);
  return svg;
}

/** A button with an icon before its text. */
export function button(iconName, text, onclick, attributes = {}) {
  return h("button", { type: "button", class: "chip", onclick, ...attributes }, icon(iconName), h("span", {}, text));
}
