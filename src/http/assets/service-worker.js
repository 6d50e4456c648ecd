// Keeps the inbox's page and its files on the device, so that it opens without the server. It keeps no secret: the part of
// an address behind the # reaches no service worker, an address whose # some program turned into %23 is none of its
// business, and what it keeps is the same for everybody.

// The first one may hold such addresses: it goes when this worker takes over.
const CACHE = "obelus-inbox-2";

const FILES = [
  "api.js",
  "changes.js",
  "dom.js",
  "envelope-file.js",
  "expiry.js",
  "fragment.js",
  "icon-192.png",
  "icon.svg",
  "inbox-view.js",
  "inbox.css",
  "inbox.js",
  "keep.js",
  "keys.js",
  "list.js",
  "memos.js",
  "offline.js",
  "panel.js",
  "parts.css",
  "player.js",
  "problems.js",
  "qr.js",
  "removal.js",
  "rotate.js",
  "sealing.js",
  "secret.js",
  "settings.js",
  "setup.js",
  "share.js",
  "style.css",
  "telephone-worker.js",
  "telephone.js",
  "text.js",
  "ui.js",
  "voice-memo.js",
];

const ASSETS = new URL("./", self.location).pathname;
const INBOX = new URL("../inbox/", self.location).pathname;

/**
 * The path under which an answer is kept, or null where it is not: of ours none has a % but for an @ that is written %40,
 * and no mailbox has other characters than these. One that does was mangled, and may hold a secret.
 */
function keyOf(address) {
  const path = new URL(address).pathname.replaceAll("%40", "@");
  const isStrange = path.startsWith(INBOX) && /[^\w.@-]/.test(path.slice(INBOX.length));
  return path.includes("%") || isStrange ? null : path;
}

self.addEventListener("install", (event) => {
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(takeOver());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const key = keyOf(request.url);
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin || !key) {
    return;
  }
  if (key.startsWith(ASSETS) || (request.mode === "navigate" && key.startsWith(INBOX))) {
    event.respondWith(answer(request, key));
  }
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(showInbox(event.notification.data?.page));
});

async function fill() {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES.map((name) => new Request(ASSETS + name, { cache: "no-cache" })));
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  // The page that was opened before there was a worker. It is told by the address that it was opened with, so a mangled
  // one is cut where its secret begins.
  const opened = pages.map((page) => keyOf(page.url.replace(/%(?:25)*23.*/i, "")));
  const paths = new Set(opened.filter((path) => path?.startsWith(INBOX)));
  await Promise.all([...paths].map((path) => cache.add(new Request(path, { cache: "no-cache" }))));
  await self.skipWaiting();
}

async function takeOver() {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith("obelus-") && name !== CACHE).map((name) => caches.delete(name)),
  );
  await self.clients.claim();
}

/** From the server; where it does not answer, what was kept. So an update is seen at once, and all files fit together. */
async function answer(request, key) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok && response.type === "basic") {
      await cache.put(key, response.clone());
    }
    return response;
  } catch (error) {
    const kept = await cache.match(key);
    if (kept) {
      return kept;
    }
    throw error;
  }
}

/** Goes to the inbox that a notification came from, in the tab that has it, or in a new one. */
async function showInbox(path) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((page) => new URL(page.url).pathname === path);
  if (page) {
    await page.focus();
  } else if (path?.startsWith(INBOX)) {
    await self.clients.openWindow(path);
  }
}
