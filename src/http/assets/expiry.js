// How long a memo is kept.

import { h } from "./dom.js";
import { kindOf, problemLine } from "./problems.js";
import { fullDate } from "./text.js";
import { SPANS, busy, choice, dialog, timeAfter, toast } from "./ui.js";

/** Asks until when, and tells the server. */
export function keepUntil(memo, inbox) {
  const present = memo.entry.expires_at;
  const { select, field } = choice("From now on, keep it for", [["", "As long as the server does"], ...SPANS], "");
  const place = h("div", {});
  const save = h("button", { type: "submit", class: "wide" }, "Save");
  const form = h(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        busy(save, async () => {
          try {
            const expires = timeAfter(select.value);
            await inbox.change(memo, { expires_at: expires });
            sheet.close();
            toast(expires ? `Kept until ${fullDate(new Date(expires))}` : "Kept without an end");
          } catch (error) {
            place.replaceChildren(problemLine(kindOf(error).kind, kindOf(error)));
          }
        });
      },
    },
    h(
      "p",
      {},
      present ? `It is kept until ${fullDate(new Date(present))}.` : "It has no end of its own.",
      " When the time is over, the server deletes the memo for good, and its link and shares stop working.",
    ),
    field,
    place,
    save,
  );
  const sheet = dialog("How long it is kept", form);
}
