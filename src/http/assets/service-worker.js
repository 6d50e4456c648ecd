// Keeps the inbox's page and its files on the device, so that it opens without the server. It sees no secret: the part of
// an address behind the # reaches no service worker, and what it keeps is the same for everybody.

const CACHE = "obelus-inbox-1";

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

self.addEventListener("install", (event) => {
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(takeOver());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) {
    return;
  }
  if (pathname.startsWith(ASSETS) || (request.mode === "navigate" && pathname.startsWith(INBOX))) {
    event.respondWith(answer(request));
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
  // The page that was opened before there was a worker.
  const paths = new Set(pages.map((page) => new URL(page.url).pathname).filter((path) => path.startsWith(INBOX)));
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
async function answer(request) {
  const cache = await caches.open(CACHE);
  const { pathname } = new URL(request.url);
  try {
    const response = await fetch(request);
    if (response.ok && response.type === "basic") {
      await cache.put(pathname, response.clone());
    }
    return response;
  } catch (error) {
    const kept = await cache.match(pathname);
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
