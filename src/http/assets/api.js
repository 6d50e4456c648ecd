// What the pages ask the server. It sees tokens and ciphertext; keys and seeds never stand in a request.

import { MemoError, accessToken } from "./voice-memo.js";

/** Where the server's addresses begin: this file lies in its `assets/`. */
export const BASE = new URL("..", import.meta.url);

/** The same as the text that links begin with. */
export const LINK_BASE = BASE.href.replace(/\/$/, "");

/** So many memos are asked for at a time: what a person sees first comes quickly. */
export const PAGE = 50;

/** The most that the server gives at a time, for who reads through all of a mailbox. */
export const LONG_PAGE = 200;

const KINDS = {
  401: "wrong-secret",
  403: "refused",
  404: "wrong-secret",
  409: "taken",
  410: "expired",
  413: "too-large",
  429: "too-many",
  503: "too-many",
  507: "full",
};

/** One request, with the failures as `MemoError`s. */
export async function ask(path, { method = "GET", token, body, signal, keepalive = false } = {}) {
  const headers = {};
  if (token) {
    headers.authorization = `Bearer ${token}`;
  }
  if (body !== undefined) {
    headers["content-type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(new URL(path, BASE), {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      keepalive,
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") {
      throw error;
    }
    throw new MemoError("unreachable");
  }
  if (!response.ok) {
    throw await failure(response);
  }
  return response;
}

async function failure(response) {
  const retryAfter = Number(response.headers.get("retry-after")) || 0;
  const error = new MemoError(KINDS[response.status] ?? "server", { retryAfter });
  error.status = response.status;
  try {
    const answer = await response.json();
    error.detail = String(answer.error ?? "");
    error.needsKey = answer.needs_key === true;
  } catch {
    error.detail = "";
  }
  return error;
}

async function json(path, options) {
  const response = await ask(path, options);
  const text = await response.text();
  return text ? JSON.parse(text) : {};
}

const name = encodeURIComponent;

/** A memo's ciphertext as `openMemo` takes it. `key` as bytes. */
export async function fetchBody(id, key, signal) {
  try {
    const { text: token } = await accessToken(key);
    const response = await ask(`voice/${name(id)}/audio`, { token, signal });
    const field = (header) => response.headers.get(header);
    return {
      ciphertext: new Uint8Array(await response.arrayBuffer()),
      iv: field("memo-iv") ?? "",
      format: field("memo-audio-format") ?? "audio/wav",
      encryption: field("memo-encryption") ?? "aes-256-gcm",
      recorded: field("memo-created-at"),
    };
  } catch (error) {
    if (error.kind === "wrong-secret") {
      throw new MemoError("wrong-key");
    }
    throw error instanceof TypeError ? new MemoError("unreachable") : error;
  }
}

/** A mailbox that takes memos from the web, as anybody sees it. */
export function publicMailbox(mailbox, token) {
  return json(`api/mailboxes/${name(mailbox)}`, { token });
}

/** Leaves a memo that was sealed here. */
export function leaveMemo(body) {
  return json("api/memos", { method: "POST", body });
}

/** Replaces a mailbox's key. `token` is the listing token of the present one, or a set-up token. */
export function putKey(mailbox, token, body) {
  return json(`api/mailboxes/${name(mailbox)}/key`, { method: "PUT", token, body });
}

/** The owner's side of a mailbox. */
export class OwnedMailbox {
  constructor(mailbox, token) {
    this.name = mailbox;
    this.token = token;
    this.path = `api/mailboxes/${name(mailbox)}`;
  }

  ask(path, options = {}) {
    return json(this.path + path, { token: this.token, ...options });
  }

  about() {
    return publicMailbox(this.name, this.token);
  }

  list({ after, limit = PAGE, signal } = {}) {
    const query = new URLSearchParams({ limit: String(limit) });
    if (after) {
      query.set("after", after);
    }
    return this.ask(`/memos?${query}`, { signal });
  }

  changes(since, signal) {
    return this.ask(`/changes?since=${name(since)}`, { signal });
  }

  change(id, fields) {
    return this.ask(`/memos/${name(id)}`, { method: "PATCH", body: fields });
  }

  /** `keepalive` lets the request outlive the page. */
  remove(id, keepalive = false) {
    return this.ask(`/memos/${name(id)}`, { method: "DELETE", keepalive });
  }

  async shares(id) {
    return (await this.ask(`/memos/${name(id)}/shares`)).shares ?? [];
  }

  share(id, body) {
    return this.ask(`/memos/${name(id)}/shares`, { method: "POST", body });
  }

  /** The telephone code of a memo, or of the whole mailbox where `id` is null; a lock of null takes it away. */
  telephone(id, lock) {
    const path = id ? `/memos/${name(id)}/telephone` : "/telephone";
    return this.ask(path, lock ? { method: "PUT", body: lock } : { method: "DELETE" });
  }
}
