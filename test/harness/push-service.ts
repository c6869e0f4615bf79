/**
 * A push service of ours and a browser subscribed there: it takes requests, and decrypts them as
 * that browser would (RFC 8291).
 */

import { createECDH, randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.js';

interface Ece {
  decrypt(bytes: Buffer, how: object): Buffer;
}
const ece = createRequire(import.meta.url)('http_ece') as Ece;
const AUTH_BYTES = 16;

export interface Pushed {
  readonly headers: IncomingMessage['headers'];
  readonly url: string;
  readonly body: Buffer;
}

export interface PushService {
  readonly origin: string;
  /** What was sent so far. */
  readonly pushed: readonly Pushed[];
  /** As `PushSubscription.toJSON()` gives it. */
  readonly subscription: {
    readonly endpoint: string;
    readonly keys: { readonly p256dh: string; readonly auth: string };
  };
  decrypted(pushed: Pushed): unknown;
  /** The first request, when it has come. */
  first(): Promise<Pushed>;
}

export type PushAnswer = (response: ServerResponse) => void;

export async function startPushService(
  t: Pick<TestContext, 'after'>,
  answer: PushAnswer = (response) => response.writeHead(201, { location: '/message/1' }).end(),
): Promise<PushService> {
  const pushed: Pushed[] = [];
  const changed = new EventEmitter();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { headers, url = '' } = request;
    pushed.push({ headers, url, body: Buffer.concat(chunks) });
    answer(response);
    changed.emit('pushed');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => {
    server.closeAllConnections();
    server.close();
  });
  const at = server.address();
  const origin = `http://127.0.0.1:${typeof at === 'object' && at !== null ? at.port : 0}`;
  const browser = createECDH('prime256v1');
  const p256dh = browser.generateKeys().toString('base64url');
  const auth = randomBytes(AUTH_BYTES).toString('base64url');
  return {
    origin,
    pushed,
    subscription: { endpoint: `${origin}/push/abc`, keys: { p256dh, auth } },
    decrypted({ body }) {
      const how = { version: 'aes128gcm', privateKey: browser, authSecret: auth };
      return JSON.parse(String(ece.decrypt(body, how)));
    },
    async first() {
      if (pushed.length === 0) await once(changed, 'pushed');
      const [one] = pushed;
      if (one === undefined) throw new Error('nothing was pushed');
      return one;
    },
  };
}
