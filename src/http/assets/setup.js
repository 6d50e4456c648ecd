// Setting up an inbox: the owner's key is made here, and the server gets its public half.

import { LINK_BASE, putKey } from "./api.js";
import { h, icon } from "./dom.js";
import { keepStep } from "./keep.js";
import { kindOf, problemLine } from "./problems.js";
import { busy, say } from "./ui.js";
import { inboxLink, makeOwner, ownerOf, secretText } from "./voice-memo.js";

/** A fresh key pair: the seed's text, and what the server is told. */
export async function freshOwner(kem) {
  const { seed } = await makeOwner(kem);
  const { publicKey, listingToken, listingTokenHash } = await ownerOf(seed, kem);
  return {
    seed: secretText(seed),
    kem,
    publicKey,
    listingToken,
    told: { kem, public_key: publicKey, listing_token_hash: listingTokenHash },
  };
}

/** Shows the screen in `place`; `done(seed)` is called when the server has the key. */
export function showSetup(place, mailbox, token, done) {
  const problem = h("div", {});
  const start = h("button", { type: "button", class: "wide" }, "Make my key");
  start.addEventListener("click", () =>
    busy(start, async () => {
      const owner = await freshOwner("xwing");
      const link = inboxLink(LINK_BASE, mailbox, owner.seed);
      place.replaceChildren(
        h("h2", { tabindex: "-1", id: "setup-title" }, "Your inbox link"),
        keepStep(link, "Open my inbox", (control) =>
          busy(control, async () => {
            try {
              await putKey(mailbox, token, owner.told);
              done(owner.seed);
            } catch (error) {
              problem.replaceChildren(refusal(error));
            }
          }),
        ),
        problem,
      );
      place.querySelector("h2").focus();
      say("Your inbox link is ready. Keep it before you go on.");
    }),
  );
  place.replaceChildren(
    h("h2", { tabindex: "-1", id: "setup-title" }, `Set up the inbox “${mailbox}”`),
    h(
      "ol",
      { class: "steps" },
      step("key", "This browser makes a key. Its secret half stays here; the server gets the public half."),
      step("link", "You keep the secret half: an inbox link, shown once, also as a QR code."),
      step(
        "inbox",
        "From then on, each memo is sealed to you. The server cannot read them, and neither can who runs it.",
      ),
    ),
    start,
  );
}

function step(name, text) {
  return h("li", {}, icon(name), h("p", {}, text));
}

function refusal(error) {
  if ([401, 403, 404].includes(error.status)) {
    return h(
      "p",
      { class: "field-error", role: "alert" },
      "The server does not take the key: the set-up link was used before, or is older than a day. Throw away the link above, and ask whoever runs this server for a new set-up link.",
    );
  }
  return problemLine(kindOf(error).kind, kindOf(error));
}
