// What stays on this device so that opened memos can be heard without the server: the entries of the list with their
// sealed envelopes, and the ciphertext of memos that were opened. Nothing of it can be read without the owner's secret.

/** So many memos are kept for hearing them offline; the one opened longest ago goes first. */
const MOST_BODIES = 60;
/** A longer one is not kept. */
const LARGEST_BODY = 16 * 1024 * 1024;

function wished(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** The entry without what a mailbox may leave in clear: on this device nothing is. */
function withoutClear(entry) {
  const { clear, ...rest } = entry;
  return rest;
}

export class OfflineMemos {
  constructor(mailbox) {
    this.name = `obelus-inbox-${mailbox}`;
    /** Whether the device was made to forget, and nothing may be kept any more. */
    this.isOver = false;
  }

  async open() {
    const opening = indexedDB.open(this.name, 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore("lists");
      opening.result.createObjectStore("bodies", { keyPath: "id" });
    };
    return wished(opening);
  }

  /** Runs over one table. A browser that keeps nothing (a private window, a full disk) is no error: gives null. */
  async table(name, mode, act) {
    if (this.isOver) {
      return null;
    }
    let database;
    try {
      database = await this.open();
      return await act(database.transaction(name, mode).objectStore(name));
    } catch {
      return null;
    } finally {
      database?.close();
    }
  }

  keepList(entries, kem) {
    const list = { entries: entries.map(withoutClear), kem };
    return this.table("lists", "readwrite", (lists) => wished(lists.put(list, "list")));
  }

  /** What the list was when the server last answered, or null. */
  list() {
    return this.table("lists", "readonly", (lists) => wished(lists.get("list")));
  }

  async keepBody(id, body) {
    if (body.ciphertext.byteLength > LARGEST_BODY) {
      return;
    }
    await this.table("bodies", "readwrite", async (bodies) => {
      await wished(bodies.put({ id, ...body, used: Date.now() }));
      const all = await wished(bodies.getAllKeys());
      if (all.length > MOST_BODIES) {
        const kept = await wished(bodies.getAll());
        kept.sort((a, b) => a.used - b.used);
        await Promise.all(kept.slice(0, all.length - MOST_BODIES).map((body) => wished(bodies.delete(body.id))));
      }
    });
  }

  /** The body of a memo that was opened before, or null. */
  async body(id) {
    return (await this.table("bodies", "readonly", (bodies) => wished(bodies.get(id)))) ?? null;
  }

  async ids() {
    return new Set((await this.table("bodies", "readonly", (bodies) => wished(bodies.getAllKeys()))) ?? []);
  }

  forget(id) {
    return this.table("bodies", "readwrite", (bodies) => wished(bodies.delete(id)));
  }

  /** Forgets everything of this mailbox, and keeps nothing from here on. Throws where the browser does not delete it. */
  async clear() {
    this.isOver = true;
    await wished(indexedDB.deleteDatabase(this.name));
  }
}

/**
 * Deletes the pages' files, and ends the service worker that kept them. The worker first: it would keep them anew. An inbox
 * that is opened again brings both back.
 */
export async function forgetPages(notificationTag) {
  const scope = new URL("../inbox/", import.meta.url).href;
  const worker = await navigator.serviceWorker?.getRegistration(scope);
  const told = (await worker?.getNotifications?.({ tag: notificationTag })) ?? [];
  told.forEach((notification) => notification.close());
  await worker?.unregister();
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("obelus-")).map((name) => caches.delete(name)));
}
