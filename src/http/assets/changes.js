// Waiting for changes: one request stands open until the server has something to say, then the next. A browser has six
// connections to a server, so the tabs of one mailbox share one such request: the tab that holds a lock asks, and tells
// the others. A browser without locks or channels lets each tab ask by itself.

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** The tab that asks says something each time the server answers, after 25 s at most. One that is silent for so long sleeps. */
const SILENCE_MS = 60_000;
const HELLO = "hello";

/**
 * Calls `changed` when the mailbox's version is another than `version()`, and `reachable` with whether the server
 * answers, when that changes from `up`. Ends with the signal; or when the server takes the token no more, and calls
 * `refused` then. `group` is the name under which the tabs find each other:
 * of the mailbox and of who may ask for it.
 */
export function watch(mailbox, { group, version, up = true, changed, reachable, refused, signal }) {
  const follower = new Follower({ version, up, changed, reachable, refused, signal });
  if (navigator.locks && window.BroadcastChannel) {
    new Tab(`obelus-changes-${group}`, mailbox, follower, signal).join();
  } else {
    ask(mailbox, version(), { tell: (said) => follower.hear(said), signal });
  }
}

/** One tab among those of its group. */
class Tab {
  constructor(name, mailbox, follower, signal) {
    Object.assign(this, { name, mailbox, follower, signal });
    this.channel = new BroadcastChannel(name);
    /** When the tab that asks was last heard. */
    this.heard = Date.now();
    /** What this tab does where it is the one that asks: `{end, hurry}`. */
    this.asking = null;
    this.last = null;
  }

  join() {
    this.channel.onmessage = ({ data }) => this.hear(data);
    const look = () => this.look();
    const looking = setInterval(look, SILENCE_MS / 2);
    document.addEventListener("visibilitychange", look);
    this.signal.addEventListener("abort", () => {
      clearInterval(looking);
      document.removeEventListener("visibilitychange", look);
      this.waiting.abort();
      this.channel.close();
    });
    this.queue();
    this.channel.postMessage(HELLO);
  }

  hear(said) {
    if (said !== HELLO) {
      this.heard = Date.now();
      this.follower.hear(said);
      return;
    }
    // A tab that is new, or looked at again.
    this.asking?.hurry();
    if (this.asking && this.last) {
      this.channel.postMessage(this.last);
    }
  }

  /** Waits for its turn to be the one that asks, or takes it at once. */
  queue(steal = false) {
    this.waiting?.abort();
    const waiting = (this.waiting = new AbortController());
    const options = steal ? { steal } : { signal: waiting.signal };
    navigator.locks
      .request(this.name, options, () => this.lead())
      .catch(() => {
        // Another tab took over, since this one slept.
        if (this.waiting === waiting && !this.signal.aborted) {
          this.asking?.end();
          this.heard = Date.now();
          this.queue();
        }
      });
  }

  async lead() {
    const ending = new AbortController();
    const end = () => ending.abort();
    const asking = (this.asking = { end, hurry: () => {} });
    this.signal.addEventListener("abort", end);
    const tell = (said) => {
      this.last = said;
      this.channel.postMessage(said);
      this.follower.hear(said);
    };
    await ask(this.mailbox, this.follower.version(), { tell, signal: ending.signal, asking });
    this.signal.removeEventListener("abort", end);
    if (this.asking === asking) {
      this.asking = null;
    }
  }

  /** Looks after the tab that asks. Only one that a person sees: the others may sleep themselves. */
  look() {
    if (this.asking || document.visibilityState !== "visible") {
      return;
    }
    if (Date.now() - this.heard > SILENCE_MS) {
      this.heard = Date.now();
      this.queue(true);
    } else {
      this.channel.postMessage(HELLO);
    }
  }
}

/** Whether the server takes the token no more. An address that is gone for a while (404) may be a proxy's doing. */
function isRefusal(error) {
  return error.status === 401;
}

/**
 * Asks again and again, and tells each time: `{version}`, or `{up: false}` where the server does not answer. Ends with
 * `{refused: true}`.
 */
async function ask(mailbox, known, { tell, signal, asking = {} }) {
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      const { version } = await mailbox.changes(known, signal);
      known = version;
      wait = FIRST_WAIT_MS;
      tell({ version });
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (isRefusal(error)) {
        tell({ refused: true });
        return;
      }
      if (error.kind === "unreachable" || error.kind === "server") {
        tell({ up: false });
      }
      await pause(Math.max(wait, (error.retryAfter ?? 0) * 1000), signal, asking);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }
}

/** What a tab makes of what it hears. */
class Follower {
  constructor({ version, up, ...hooks }) {
    this.version = version;
    this.hooks = hooks;
    this.up = up;
    this.newest = null;
    this.isBusy = false;
  }

  hear({ version, up = true, refused = false }) {
    if (this.hooks.signal.aborted) {
      return;
    }
    if (refused) {
      this.hooks.refused();
      return;
    }
    if (!up) {
      this.setUp(false);
      return;
    }
    this.newest = version;
    // The server answers somebody: no more waiting.
    this.hurry?.();
    if (!this.isBusy) {
      this.isBusy = true;
      this.catchUp().finally(() => (this.isBusy = false));
    }
  }

  setUp(up) {
    if (this.up !== up) {
      this.up = up;
      this.hooks.reachable(up);
    }
  }

  /** Reads the list until it is as new as what was heard. */
  async catchUp() {
    const { changed, signal } = this.hooks;
    let wait = FIRST_WAIT_MS;
    let seen = this.version();
    while (!signal.aborted && (this.newest !== seen || !this.up)) {
      const aim = this.newest;
      try {
        if (aim !== this.version() || !this.up) {
          await changed();
        }
        seen = aim;
        this.setUp(true);
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        if (isRefusal(error)) {
          this.hooks.refused();
          return;
        }
        if (error.kind === "unreachable" || error.kind === "server") {
          this.setUp(false);
        }
        await pause(Math.max(wait, (error.retryAfter ?? 0) * 1000), signal, this);
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
      }
    }
  }
}

/** So long, or until the network is back, the page is looked at again, or another tab says so through `asking.hurry`. */
function pause(ms, signal, asking = {}) {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      asking.hurry = () => {};
      window.removeEventListener("online", over);
      document.removeEventListener("visibilitychange", seen);
      signal.removeEventListener("abort", over);
      resolve();
    };
    const seen = () => document.visibilityState === "visible" && over();
    const timer = setTimeout(over, ms);
    asking.hurry = over;
    window.addEventListener("online", over);
    document.addEventListener("visibilitychange", seen);
    signal.addEventListener("abort", over);
  });
}
