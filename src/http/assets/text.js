// Times, lengths and names as people write them.

/** Seconds as a clock: 1:05. */
export function clock(secs) {
  const whole = Math.max(0, Math.floor(Number.isFinite(secs) ? secs : 0));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** Seconds as a screen reader should say them. */
export function spoken(secs) {
  const whole = Math.round(Number.isFinite(secs) ? secs : 0);
  const minutes = Math.floor(whole / 60);
  const rest = counted(whole % 60, "second");
  return minutes ? `${counted(minutes, "minute")} ${rest}` : rest;
}

/** The mailbox that a part of an address names, or null where it is none. An @ may be written %40, and nothing else with %. */
export function mailboxName(part) {
  const name = part.replaceAll("%40", "@");
  return /^[\w-][\w.-]*(@[\w.-]+)?$/.test(name) && name.length <= 64 ? name : null;
}

/** `1 memo`, `2 memos`. */
export function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const YEAR = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const SEARCHED = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});

/** Date and time in full, or an empty text for no date. */
export function fullDate(date) {
  return Number.isNaN(date.getTime()) ? "" : FULL.format(date);
}

/** As short as a list wants it: the time of today, the weekday of this week, else the day. */
export function shortDate(date, now = new Date()) {
  if (Number.isNaN(date.getTime())) {
    return "";
  }
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const days = (midnight - date) / 86_400_000;
  if (days <= 0 && date - now < 86_400_000) {
    return TIME.format(date);
  }
  if (days > 0 && days <= 1) {
    return "Yesterday";
  }
  if (days > 1 && days <= 6) {
    return WEEKDAY.format(date);
  }
  return date.getFullYear() === now.getFullYear() ? DAY.format(date) : YEAR.format(date);
}

/** The ways in which somebody may type a date into the search. */
export function searchedDate(date) {
  return Number.isNaN(date.getTime())
    ? ""
    : `${SEARCHED.format(date)} ${DAY.format(date)} ${date.toISOString().slice(0, 10)}`;
}

/** A date as part of a file's name. */
export function stamp(date) {
  return Number.isNaN(date.getTime()) ? "memo" : date.toISOString().slice(0, 16).replace(/[T:]/g, "-");
}

/** The one or two letters that stand for a name; none for a number. */
export function initials(name) {
  const words = (name ?? "").split(/[,(]/)[0].match(/\p{L}[\p{L}\p{M}'’-]*/gu) ?? [];
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words;
  return chosen.map((word) => [...word][0].toUpperCase()).join("");
}

/** A link as it was before some program that forwards links turned its # into %23. */
export function unmangled(link) {
  return link.includes("#") ? link : link.replace(/%(?:25)*23/i, "#");
}

const UNSHOWN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * A text that a stranger wrote, as it may be shown: at most so many characters, no control characters, and none of those
 * that make what follows run the other way.
 */
export function plain(value, most) {
  if (typeof value !== "string") {
    return "";
  }
  return cut(value.slice(0, 2 * most).replace(UNSHOWN, ""), most).trim();
}

/** A text cut behind so many characters. */
export function cut(text, most) {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}
