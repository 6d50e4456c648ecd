// Sharing a memo: the audio is sealed here once more under a key of its own, so that the share can end, or be listened to
// once, without the memo itself.

import { LINK_BASE } from "./api.js";
import { button, h, icon } from "./dom.js";
import { kindOf, problemLine } from "./problems.js";
import { qrCode } from "./qr.js";
import { sealedFor } from "./sealing.js";
import { Memo } from "./memos.js";
import { counted, fullDate } from "./text.js";
import { SPANS, busy, choice, dialog, linkBox, say, timeAfter, toast, toggle } from "./ui.js";

/** The dialog with which a memo is shared, and its shares so far. `audio()` gives the opened file. */
export function showShares(memo, inbox, audio) {
  const { select, field } = choice("The link works for", [...SPANS, ["", "As long as the memo is kept"]], "604800");
  let once = false;
  const problem = h("div", {});
  const made = h("div", { class: "made" });
  const existing = h("section", { class: "shares", "aria-labelledby": "shares-title" });
  const make = h("button", { type: "submit", class: "wide" }, "Make a link");
  const form = h(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        problem.replaceChildren();
        busy(make, async () => {
          try {
            const link = await share(memo, inbox, await audio(), timeAfter(select.value), once);
            made.replaceChildren(qrCode(link, "QR code of the share’s link"), linkBox(link));
            form.hidden = true;
            say("The link is ready");
            made.querySelector("input").focus();
            list();
          } catch (error) {
            problem.replaceChildren(problemLine(kindOf(error).kind, kindOf(error)));
          }
        });
      },
    },
    h("p", {}, "Whoever has the link can listen to a copy that is sealed anew. You can take it back at any time."),
    field,
    toggle("For one listening", "The server gives it out once and never again.", false, (on) => (once = on)),
    problem,
    make,
  );
  const list = () => showExisting(existing, memo, inbox, list);
  dialog("Share", [form, made, existing]);
  list();
}

/** Seals the audio anew and hands it to the server. Gives the share's link. */
async function share(memo, inbox, { audio, format }, expiresAt, once) {
  const sealed = await sealedFor(inbox.owner, audio, format, LINK_BASE, memo.content);
  await inbox.mailbox.share(memo.id, {
    ...sealed.body,
    mailbox: inbox.mailbox.name,
    expires_at: expiresAt ?? undefined,
    max_accesses: once ? 1 : undefined,
  });
  inbox.shared(memo, 1);
  return sealed.link;
}

async function showExisting(place, memo, inbox, again) {
  let entries;
  try {
    entries = await inbox.mailbox.shares(memo.id);
  } catch (error) {
    place.replaceChildren(problemLine(kindOf(error).kind, { again }));
    return;
  }
  const shares = entries.map((entry) => new Memo(entry));
  for (const share of shares) {
    await share.open(inbox.seeds);
  }
  const revoke = (share, control) =>
    busy(control, async () => {
      try {
        await inbox.mailbox.remove(share.id);
        inbox.shared(memo, -1);
        toast("The link works no more");
        await again();
      } catch (error) {
        toast(kindOf(error).kind === "unreachable" ? "The server cannot be reached" : "It could not be taken back");
      }
    });
  place.replaceChildren(
    h("h3", { id: "shares-title" }, shares.length > 0 ? "Shared so far" : "Not shared so far"),
    h(
      "ul",
      {},
      shares.map((share) => {
        const take = button("trash", "Take back", () => revoke(share, take), { class: "chip danger" });
        return h(
          "li",
          { class: "share" },
          h("p", {}, terms(share.entry)),
          h(
            "div",
            { class: "row-of-buttons" },
            share.content &&
              button("qr", "Show", () =>
                dialog("This share’s link", [qrCode(share.link, "QR code"), linkBox(share.link)]),
              ),
            take,
          ),
        );
      }),
    ),
  );
}

/** What a share allows, and how often it was used. */
function terms(entry) {
  const heard = `listened to ${entry.access_count === 0 ? "never" : counted(entry.access_count, "time")}`;
  const spent = entry.max_accesses && entry.access_count >= entry.max_accesses;
  const end = entry.expires_at ? `until ${fullDate(new Date(entry.expires_at))}` : "as long as the memo is kept";
  return [
    icon(entry.max_accesses ? "check" : "clock"),
    h(
      "span",
      {},
      spent
        ? "Used up: it was for one listening"
        : `${entry.max_accesses ? "For one listening, " : "Works "}${end}, ${heard}`,
    ),
  ];
}
