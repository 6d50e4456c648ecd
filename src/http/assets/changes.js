// Waiting for changes: one request stands open until the server has something to say, then the next.

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

/**
 * Calls `changed` when the mailbox's version is another than `version()`, and `reachable` with whether the server
 * answers, when that changes. Ends with the signal.
 */
export async function watch(mailbox, version, { changed, reachable, signal }) {
  let wait = FIRST_WAIT_MS;
  let up = true;
  while (!signal.aborted) {
    try {
      const answer = await mailbox.changes(version(), signal);
      if (answer.version !== version() || !up) {
        await changed();
      }
      if (!up) {
        up = true;
        reachable(true);
      }
      wait = FIRST_WAIT_MS;
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (up && (error.kind === "unreachable" || error.kind === "server")) {
        up = false;
        reachable(false);
      }
      await pause(Math.max(wait, (error.retryAfter ?? 0) * 1000), signal);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }
}

/** So long, or until the network is back or the page is looked at again. */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      window.removeEventListener("online", over);
      document.removeEventListener("visibilitychange", seen);
      signal.removeEventListener("abort", over);
      resolve();
    };
    const seen = () => document.visibilityState === "visible" && over();
    const timer = setTimeout(over, ms);
    window.addEventListener("online", over);
    document.addEventListener("visibilitychange", seen);
    signal.addEventListener("abort", over);
  });
}
