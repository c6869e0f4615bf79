/**
 * The service worker: shows a notification when no page is open, says that it did, and opens the
 * message. Where it says so comes with the notification. Nothing is cached: a page of an older
 * release is never shown.
 */

/** What the worker's own global has; the page's types know windows only. */
interface Worker {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: Clients;
  readonly location: Location;
  skipWaiting(): Promise<void>;
  addEventListener(name: 'install' | 'activate', run: (event: Lasting) => void): void;
  addEventListener(name: 'push', run: (event: Pushed) => void): void;
  addEventListener(name: 'notificationclick', run: (event: Clicked) => void): void;
}
interface Clients {
  claim(): Promise<void>;
  matchAll(of: { type: 'window'; includeUncontrolled: boolean }): Promise<readonly Client[]>;
  openWindow(url: string): Promise<unknown>;
}
interface Client {
  readonly url: string;
  focus(): Promise<unknown>;
  navigate(url: string): Promise<unknown>;
}
interface Lasting {
  waitUntil(done: Promise<unknown>): void;
}
interface Pushed extends Lasting {
  readonly data: { json(): unknown } | null;
}
interface Clicked extends Lasting {
  readonly notification: Notification;
}

interface Told {
  readonly from: string;
  readonly subject: string;
  readonly key: string;
  /** The message's own page. */
  readonly open: string;
  /** Where the receipt goes, with its token. */
  readonly received: string;
  readonly token: string;
}

/** The browser's name for it. */
declare const self: Worker;
const worker = self;

worker.addEventListener('install', (event) => event.waitUntil(worker.skipWaiting()));
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener('push', (event) => event.waitUntil(show(toldIn(event.data))));
worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(ownUrl(text(event.notification.data, 'open'))));
});

async function show(told: Told): Promise<void> {
  await worker.registration.showNotification(told.from === '' ? 'A message' : told.from, {
    body: told.subject,
    // One that comes again replaces the first.
    tag: told.key,
    icon: '/icon.svg',
    data: { open: told.open },
  });
  // Only what was shown is confirmed; without the receipt the switch goes another way.
  if (told.token === '') return;
  await fetch(ownUrl(told.received), {
    method: 'POST',
    body: JSON.stringify({ token: told.token }),
    headers: { 'content-type': 'application/json' },
  }).catch(() => undefined);
}

/** A page that is open shows the message; else a new one does. */
async function open(url: string): Promise<void> {
  const pages = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const [page] = pages.filter((one) => new URL(one.url).origin === worker.location.origin);
  if (page === undefined) {
    await worker.clients.openWindow(url);
    return;
  }
  await page.focus();
  await page.navigate(url).catch(() => worker.clients.openWindow(url));
}

/** A path of this switch; another origin's becomes the first page. */
function ownUrl(path: string): string {
  const { origin } = worker.location;
  return path.startsWith('/') && !path.startsWith('//') ? `${origin}${path}` : `${origin}/`;
}

function toldIn(data: Pushed['data']): Told {
  let given: unknown;
  try {
    given = data?.json();
  } catch {
    given = undefined;
  }
  return {
    from: text(given, 'from'),
    subject: text(given, 'subject'),
    key: text(given, 'key'),
    open: text(given, 'open'),
    received: text(given, 'received'),
    token: text(given, 'token'),
  };
}

function text(given: unknown, name: string): string {
  if (typeof given !== 'object' || given === null) return '';
  const value = Object.entries(given).find(([key]) => key === name)?.[1];
  return typeof value === 'string' ? value : '';
}

export {};
