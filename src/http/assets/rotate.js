// A new key for an inbox: made here, kept by the owner first, then told to the server; and the envelopes that are sealed
// to the old one are sealed anew, so that the new link opens everything.

import { LINK_BASE, LONG_PAGE, OwnedMailbox, putKey } from "./api.js";
import { h } from "./dom.js";
import { keepStep } from "./keep.js";
import { Memo } from "./memos.js";
import { kindOf, problemLine } from "./problems.js";
import { freshOwner } from "./setup.js";
import { busy, dialog, say, toast } from "./ui.js";
import { inboxLink, sealEnvelope } from "./voice-memo.js";

const ATTEMPTS = 5;

/** The dialog. `done(seeds)` is called with what opens the inbox afterwards, newest first. */
export function showRotate(inbox, done) {
  const place = h("div", {});
  const problem = h("div", {});
  const start = h("button", { type: "button", class: "wide" }, "Make a new key");
  place.append(
    h(
      "p",
      {},
      "Where somebody else may have your inbox link, change the key: the old link then lists nothing any more.",
    ),
    h("p", { class: "quiet" }, "Memo links and shares that you gave away keep working."),
    start,
  );
  const sheet = dialog("Change the key", [place, problem]);
  start.addEventListener("click", () =>
    busy(start, async () => {
      const owner = await freshOwner(inbox.owner?.kem ?? "xwing");
      const link = inboxLink(LINK_BASE, inbox.mailbox.name, owner.seed);
      place.replaceChildren(
        keepStep(link, "Change the key now", (control) =>
          busy(control, async () => {
            problem.replaceChildren();
            // The old key lists nothing from here on.
            inbox.unwatch();
            try {
              await putKey(inbox.mailbox.name, inbox.mailbox.token, owner.told);
            } catch (error) {
              problem.replaceChildren(problemLine(kindOf(error).kind, kindOf(error)));
              inbox.watch();
              return;
            }
            const left = await reseal(inbox, owner, place);
            sheet.close();
            done(left > 0 ? [owner.seed, ...inbox.seeds] : [owner.seed]);
            toast(
              left > 0
                ? "The key is changed. Some older memos still need the old link: keep both."
                : "The key is changed, and the old link opens nothing any more",
              { secs: 10 },
            );
          }),
        ),
      );
      say("The new link is ready. Keep it before you go on.");
    }),
  );
}

/** Seals every envelope to the new key. Gives the number of those that stay as they were. */
export async function reseal(inbox, owner, place) {
  const mailbox = new OwnedMailbox(inbox.mailbox.name, owner.listingToken);
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Sealing older memos anew" });
  place.replaceChildren(h("p", { role: "status" }, "The new key is in place. Sealing older memos anew…"), bar);
  let [after, left, seen] = [undefined, 0, 0];
  do {
    let page;
    try {
      page = await mailbox.list({ after, limit: LONG_PAGE });
    } catch {
      return left + 1;
    }
    for (const entry of page.memos) {
      left += await resealOne(mailbox, entry, inbox, owner);
      for (const share of entry.shares > 0 ? await mailbox.shares(entry.id).catch(() => []) : []) {
        left += await resealOne(mailbox, share, inbox, owner);
      }
      seen += 1;
      bar.value = page.total ? seen / page.total : 1;
    }
    after = page.next;
  } while (after);
  return left;
}

async function resealOne(mailbox, entry, inbox, owner) {
  if (!entry.sealed_envelope) {
    return 0;
  }
  const memo = new Memo(entry);
  await memo.open([...inbox.seeds, owner.seed]);
  if (!memo.content) {
    return 1;
  }
  const envelope = await sealEnvelope({ ...owner, memoId: memo.id, contents: memo.content });
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      await mailbox.change(memo.id, { sealed_envelope: envelope });
      return 0;
    } catch (error) {
      if (error.kind !== "too-many") {
        return 1;
      }
      // A large mailbox asks more of the server than it gives at once.
      await new Promise((resolve) => setTimeout(resolve, (error.retryAfter || 1) * 1000));
    }
  }
  return 1;
}
