/**
 * Documents of a message beside the calls: its HTML for a sandboxed frame, a part, the original.
 *
 * Invariants: each answer carries its own policy, so that it can do nothing even when it is opened
 * by itself: no script runs, nothing is fetched but pictures that were asked for, nothing but our
 * own page may frame it; what is saved is never shown; nothing is kept by caches.
 */

import type { DoorAnswer, Failure } from '../../../actors/machinery.js';
import { messageName } from '../../../actors/message-tracker/tracker.js';
import type { Caller, ConsoleParts } from '../console-call.js';
import { contentFor, rawFor } from '../own/opening.js';
import { bytesOf, leavesOf, shownParts } from './body-parts.js';
import { attachmentHeader, fileName } from './file-name.js';

type Query = Readonly<Record<string, string>>;
type Answering = (parts: ConsoleParts, caller: Caller, query: Query) => Promise<DoorAnswer>;

const ALWAYS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'SAMEORIGIN',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'private, no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/** Links may open pages of their own; everything else of a page is taken away. */
const FRAME_SANDBOX = 'sandbox allow-popups allow-popups-to-escape-sandbox';
/** Wire formats begin with a header line, or they are XML. */
const LESS_THAN = 60;
const SAVED_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'";

function framePolicy(pictures: 'within' | 'remote'): string {
  const sources = pictures === 'remote' ? 'data: https: http:' : 'data:';
  return [
    FRAME_SANDBOX,
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `img-src ${sources}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ');
}

function refused({ code, message }: Failure): DoorAnswer {
  const status = code === 'NOT_ALLOWED' ? 403 : 404;
  return plain(status, message);
}

function plain(status: number, text: string): DoorAnswer {
  const headers = { ...ALWAYS, 'Content-Security-Policy': framePolicy('within') };
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n`, headers };
}

function saved(name: string, body: Uint8Array): DoorAnswer {
  return {
    status: 200,
    contentType: 'application/octet-stream',
    body,
    headers: {
      ...ALWAYS,
      'Content-Security-Policy': SAVED_POLICY,
      'Content-Disposition': attachmentHeader(name),
    },
  };
}

const body: Answering = async (parts, caller, { key = '', remote }) => {
  const what = 'opened the formatted text of the message';
  const opened = await contentFor(parts, caller, { key, what });
  if (!opened.ok) return refused(opened);
  const { htmlDocument } = await import('./html-document.js');
  const { body: root } = opened.umf;
  const pictures = remote === '1' ? 'remote' : 'within';
  const given = { leaves: leavesOf(root), remote: pictures === 'remote' };
  const document = htmlDocument(shownParts(root, 'html'), given);
  if (document === undefined) return plain(404, 'This message has no formatted text to show.');
  return {
    status: 200,
    contentType: 'text/html; charset=utf-8',
    body: document.html,
    headers: { ...ALWAYS, 'Content-Security-Policy': framePolicy(pictures) },
  };
};

const part: Answering = async (parts, caller, { key = '', index = '' }) => {
  const number = /^\d{1,5}$/.test(index) ? Number(index) : -1;
  const what = `took part ${number + 1} of the message`;
  const opened = await contentFor(parts, caller, { key, what });
  if (!opened.ok) return refused(opened);
  const found = leavesOf(opened.umf.body)[number];
  if (found === undefined) return plain(404, 'The message has no such part.');
  return saved(fileName(found, number), bytesOf(found));
};

const raw: Answering = async (parts, caller, { key = '' }) => {
  const found = await rawFor(parts, caller, key);
  if (!found.ok) return refused(found);
  const { bytes } = found;
  if (bytes !== undefined) {
    const ending = bytes[0] === LESS_THAN ? 'xml' : 'eml';
    return saved(`${messageName(key)}.${ending}`, bytes);
  }
  return plain(404, 'This message was written in the switch: it has no other original.');
};

const DOCUMENTS: Readonly<Record<string, Answering>> = { body, part, raw };

/** Undefined: there is no document of this name. */
export async function documentOf(
  name: string,
  ...given: Parameters<Answering>
): Promise<DoorAnswer | undefined> {
  const answering = Object.hasOwn(DOCUMENTS, name) ? DOCUMENTS[name] : undefined;
  return answering?.(...given);
}
