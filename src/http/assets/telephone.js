// Telephone codes: a memo, or the whole mailbox, opened from any telephone by keying digits. The key is wrapped under the
// code here, in a thread of its own since it takes some seconds, and the server gets the wrapped key.

import { h } from "./dom.js";
import { kindOf, problemLine } from "./problems.js";
import { busy, dialog, say, toast } from "./ui.js";
import { randomDigits } from "./voice-memo.js";

/** What a code gives up, in one sentence. */
const PRICE =
  "Whoever keys the code can listen, and while somebody does, the server and the telephone network hear the memo too: it is not end-to-end encrypted then.";

/** Wraps a key under digits. Gives the lock as the server takes it. */
function lockOf(secret, digits, locator, aad) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("telephone-worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => {
      worker.terminate();
      data.lock ? resolve(data.lock) : reject(new Error(data.error));
    };
    worker.onerror = (event) => {
      worker.terminate();
      reject(new Error(event.message));
    };
    worker.postMessage({ secret, digits, locator, aad });
  });
}

/** Digits in groups, as people read them out: a memo's locator in threes, the secret in fours. */
function grouped(digits) {
  const locator = digits.slice(0, digits.length - 16).replace(/(\d{3})/g, "$1 ");
  return locator + digits.slice(-16).replace(/(\d{4})(?=\d)/g, "$1 ");
}

function refusal(error) {
  if ([403, 404, 405].includes(error.status)) {
    return h(
      "p",
      { class: "field-error", role: "alert" },
      "This mailbox takes no telephone codes; whoever runs the server can allow them.",
    );
  }
  return problemLine(kindOf(error).kind, kindOf(error));
}

/** Makes or removes the code of a memo. */
export function telephoneCode(memo, inbox) {
  return codeDialog({
    has: memo.entry.telephone,
    title: "Telephone code",
    intro: "Anybody with the code can hear this memo from a telephone, by calling the line where MemoOpen answers.",
    make: async () => {
      // Another code where chance has given the same locator before.
      for (let attempt = 0; ; attempt++) {
        const [locator, digits] = [randomDigits(6), randomDigits(16)];
        try {
          await inbox.mailbox.telephone(memo.id, await lockOf(memo.key, digits, locator, memo.id));
          return locator + digits;
        } catch (error) {
          if (error.status !== 409 || attempt === 4) {
            throw error;
          }
        }
      }
    },
    remove: () => inbox.mailbox.telephone(memo.id, null),
    done: (has) => inbox.noteTelephone(memo, has),
  });
}

/** Makes or removes the code of the whole mailbox. */
export function mailboxCode(inbox) {
  return codeDialog({
    has: inbox.hasTelephoneCode,
    title: "Telephone code of this mailbox",
    intro: "With the code you hear all your memos from a telephone, by calling the line where MemoMain answers.",
    make: async () => {
      const digits = randomDigits(16);
      await inbox.mailbox.telephone(null, await lockOf(inbox.seed ?? inbox.seeds[0], digits, undefined, inbox.mailbox.name));
      return digits;
    },
    remove: () => inbox.mailbox.telephone(null, null),
    done: (has) => (inbox.hasTelephoneCode = has),
  });
}

function codeDialog({ has, title, intro, make, remove, done }) {
  const place = h("div", {});
  const create = h("button", { type: "button", class: "wide" }, has ? "Make another code" : "Make a code");
  const removal = h(
    "button",
    { type: "button", class: "wide quiet-button", hidden: !has },
    "Remove the code",
  );
  create.addEventListener("click", () =>
    busy(create, async () => {
      place.replaceChildren(h("p", { class: "quiet", role: "status" }, "Wrapping the key. This takes some seconds."));
      try {
        const digits = await make();
        done(true);
        create.hidden = true;
        place.replaceChildren(
          h("p", { class: "code" }, grouped(digits)),
          h("p", { class: "quiet" }, "Write it down: it is shown this once. Ten wrong attempts in a row make it wait."),
        );
        say(`The code is ${[...digits].join(" ")}`);
      } catch (error) {
        place.replaceChildren(refusal(error));
      }
    }),
  );
  removal.addEventListener("click", () =>
    busy(removal, async () => {
      try {
        await remove();
        done(false);
        sheet.close();
        toast("The telephone code works no more");
      } catch (error) {
        place.replaceChildren(refusal(error));
      }
    }),
  );
  const sheet = dialog(title, [h("p", {}, intro), h("p", { class: "price" }, PRICE), place, create, removal]);
  return sheet;
}
