/**
 * Receives from the browser, through the switch's web door: the messenger's messages, the plain
 * form, receipts of notifications, and the open pages.
 *
 * Invariants: a positive answer comes only after `accept` resolved (law 1); our troubles are 503,
 * the sender's mistakes 4xx; somebody who is not signed in reaches subscribers only, and is marked
 * as unverified.
 */

import type { Recipient } from '../../../schemas/address.js';
import type { Receiver } from '../../channel.js';
import { NAME_CHARACTERS_MAX } from '../../conversion/shown.js';
import type {
  Accepted,
  DoorAnswer,
  DoorRequest,
  Failure,
  ReceiveContext,
} from '../../machinery.js';
import type { WebConfig } from './config.js';
import type { Pages } from './pages.js';
import { PeerRate } from './peer-rate.js';
import { formPage, wordPage } from './plain-form.js';
import { RECEIVED_PATH } from './push.js';
import { readForm } from './read-form.js';
import { type Author, Submitting } from './submit.js';
import { vapidKeys } from './vapid.js';
import { field, type Written, writtenFrom } from './written.js';

/** A plain form has no attachments. */
const FORM_BYTES_MAX = 256 * 1024;
const RECEIPT_BYTES_MAX = 1024;
const REFERENCE_BYTES = 16;

const STATUS: Partial<Record<Failure['code'], number>> = {
  SIGN_IN_NEEDED: 401,
  STORE_UNAVAILABLE: 503,
  STORE_FULL: 503,
  STOPPING: 503,
  MESSAGE_UNKNOWN: 404,
};
const SIGN_IN = failure('SIGN_IN_NEEDED', 'Sign in to write.');
const TOO_MANY = wordPage(429, 'Too many', 'Too much from your address: wait a minute.');
const NO_FORM = wordPage(404, 'Nothing here', 'This switch has no form for messages.');

export function receiveFrom(
  channel: string,
  pages: Pages,
  context: ReceiveContext<WebConfig>,
): Promise<Receiver> {
  const browser = new BrowserDoor(channel, context);
  context.door?.serve((request) => browser.answer(request));
  context.door?.pages((page) => pages.open(page));
  return Promise.resolve({ address: undefined, stop: () => Promise.resolve() });
}

class BrowserDoor {
  readonly #channel: string;
  readonly #context: ReceiveContext<WebConfig>;
  readonly #submitting: Submitting;
  readonly #rate: PeerRate;

  constructor(channel: string, context: ReceiveContext<WebConfig>) {
    this.#channel = channel;
    this.#context = context;
    this.#submitting = new Submitting(channel, context);
    this.#rate = new PeerRate(context.clock, context.config.limits.formPerPeerPerMinute);
  }

  answer(request: DoorRequest): Promise<DoorAnswer> {
    const { method, path } = request;
    if (path === 'send' && method === 'POST') return this.#send(request);
    if (path === RECEIVED_PATH && method === 'POST') return this.#received(request);
    if (path === 'push-key' && method === 'GET') return this.#pushKey();
    if (path === 'form') return method === 'GET' ? this.#form(request) : this.#formSent(request);
    const nothing = failure('CALL_INVALID', `There is nothing at ${method} ${path.slice(0, 80)}.`);
    return Promise.resolve(json(404, nothing));
  }

  async #send(request: DoorRequest): Promise<DoorAnswer> {
    if (request.account === undefined) return refused(SIGN_IN);
    const refusing = this.#context.refusing();
    if (refusing !== undefined) return refused(failure('STORE_UNAVAILABLE', refusing));
    const { limits } = this.#context.config;
    const entriesMax = limits.files + limits.recipients;
    const read = await readForm(request, { bytesMax: limits.sizeBytes, entriesMax });
    if (!read.ok) return refused(read, read.status);
    const written = await writtenFrom(read.form, limits);
    if (!written.ok) return refused(written);
    const author = this.#submitting.authorOf(request.account, request.peer);
    const accepted = await this.#accepted(this.#submitting.submit(author, written.written));
    if (!accepted.ok) return refused(accepted);
    return json(200, { ok: true, value: { id: accepted.id } });
  }

  /** Rejections are our own trouble: nothing is stored, the person may try again. */
  async #accepted(accepting: Promise<Accepted>): Promise<Accepted> {
    try {
      const accepted = await accepting;
      if (accepted.ok) accepted.proceed({ answered: true });
      return accepted;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#context.log.error(`${this.#channel}.notStored`, { why });
      return failure('STORE_UNAVAILABLE', 'The switch has trouble of its own: try again.');
    }
  }

  /** The service worker has the notification (law 6). */
  async #received(request: DoorRequest): Promise<DoorAnswer> {
    const bytes = await request.body(RECEIPT_BYTES_MAX);
    const token = bytes === undefined ? '' : tokenIn(Buffer.from(bytes).toString());
    const target = this.#context.tokens.verify('receipt', token);
    if (target === undefined) return json(404, failure('MESSAGE_UNKNOWN', 'No such receipt.'));
    const { messageKey, delivery } = target;
    const reason = 'the browser shows the notification';
    try {
      await this.#context.observe({
        messageKey,
        delivery,
        id: `receipt.${delivery}`,
        outcome: { result: 'confirmed', level: 'delivered', status: '2.0.0', reason },
      });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#context.log.error(`${this.#channel}.receiptNotStored`, { why });
      return refused(failure('STORE_UNAVAILABLE', 'The receipt was not stored: try again.'));
    }
    return json(200, { ok: true, value: {} });
  }

  async #pushKey(): Promise<DoorAnswer> {
    const { publicKey } = await vapidKeys(this.#context.secret);
    return json(200, { ok: true, value: { key: publicKey } });
  }

  async #form(request: DoorRequest): Promise<DoorAnswer> {
    const closed = this.#closed(request);
    if (closed !== undefined) return closed;
    const name = request.query['to'] ?? '';
    const to = await this.#subscriber(name);
    const isNobody = 'status' in to && to.status === 404 && request.account === undefined;
    // Who tries one name after the other is told no more than who sends one after the other.
    if (isNobody && !this.#rate.take(request.peer)) return TOO_MANY;
    if ('status' in to) return to;
    const reference = Buffer.from(this.#context.clock.random(REFERENCE_BYTES)).toString('hex');
    return formPage({ to: name, reference, asksName: request.account === undefined });
  }

  async #formSent(request: DoorRequest): Promise<DoorAnswer> {
    const closed = this.#closed(request);
    if (closed !== undefined) return closed;
    if (request.account === undefined && !this.#rate.take(request.peer)) {
      return TOO_MANY;
    }
    const read = await readForm(request, { bytesMax: FORM_BYTES_MAX, entriesMax: 0 });
    if (!read.ok) return wordPage(read.status, 'Not sent', read.message);
    const written = await writtenFrom(withoutAnswer(read.form), this.#context.config.limits);
    if (!written.ok) return wordPage(400, 'Not sent', written.message);
    const name = written.written.to[0] ?? '';
    const to = await this.#subscriber(name);
    if ('status' in to) return to;
    const [author, message] = this.#formAuthor(request, read.form, written.written);
    const accepted = await this.#accepted(this.#submitting.sendTo(author, message, [to]));
    if (!accepted.ok) return wordPage(statusOf(accepted), 'Not sent', accepted.message);
    return wordPage(200, 'Sent', `The message for ${name} was taken (${accepted.id}).`);
  }

  #closed({ account }: DoorRequest): DoorAnswer | undefined {
    const { form } = this.#context.config;
    if (form === 'off') return NO_FORM;
    const refusing = this.#context.refusing();
    if (refusing !== undefined) return wordPage(503, 'Not now', refusing);
    if (form === 'everybody' || account !== undefined) return undefined;
    return wordPage(401, 'Sign in first', 'This form is for people who are signed in.');
  }

  /** The form leads to subscribers only: nobody sends to the outside by it. */
  async #subscriber(name: string): Promise<Recipient | DoorAnswer> {
    const via = { channel: this.#channel, value: name.trim().toLowerCase() };
    const found = await this.#context.directory.find(via);
    if (found.kind === 'subscriber') {
      return { kind: 'subscriber', account: found.account.id, via };
    }
    if (found.kind === 'nobody') return wordPage(404, 'Nobody here', 'Nobody has this name here.');
    return wordPage(503, 'Not now', 'The switch has trouble of its own: try again.');
  }

  #formAuthor(request: DoorRequest, form: FormData, written: Written): [Author, Written] {
    const { account, peer } = request;
    if (account !== undefined) return [this.#submitting.authorOf(account, peer), written];
    const [name, reply] = [oneLine(field(form, 'name')), oneLine(field(form, 'reply'))];
    const author: Author = {
      sender: {
        verification: { verified: false, how: 'plain form, not signed in' },
        ...(name !== '' && { name }),
      },
      source: `form\n${peer}`,
      peer,
    };
    if (reply === '' || written.body.text === undefined) return [author, written];
    const note = `\n\n-- \nTo be reached, by the sender's own word: ${reply}`;
    return [author, { ...written, body: { ...written.body, text: written.body.text + note } }];
  }
}

/** The plain form sends new messages of text to one person. */
function withoutAnswer(form: FormData): FormData {
  const to = field(form, 'to');
  for (const name of ['inReplyTo', 'files', 'priority']) form.delete(name);
  form.set('to', to);
  return form;
}

function oneLine(text: string): string {
  return text
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, NAME_CHARACTERS_MAX);
}

function tokenIn(text: string): string {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return '';
  }
  if (typeof given !== 'object' || given === null || !('token' in given)) return '';
  return typeof given.token === 'string' ? given.token : '';
}

function failure(code: Failure['code'], message: string): Failure {
  return { ok: false, code, message };
}

function statusOf({ code }: Failure): number {
  return STATUS[code] ?? 400;
}

function refused(why: Failure, status = statusOf(why)): DoorAnswer {
  return json(status, { ok: false, code: why.code, message: why.message });
}

function json(status: number, value: unknown): DoorAnswer {
  const headers = { 'cache-control': 'no-store' };
  return { status, contentType: 'application/json', body: JSON.stringify(value), headers };
}
