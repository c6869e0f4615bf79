/**
 * From what a person wrote to an accepted submission.
 *
 * Stages: whom it goes to → the conversation → the content (a large one is put away first) →
 * accept, durably (law 1).
 *
 * Invariants: an answer goes to the person whose message it answers, and only the one who got or
 * sent that message may answer it (law 7); the same reference of the same person is one message
 * (law 13); an identifier of ours is nobody's free choice.
 */

import { createHash } from 'node:crypto';
import type { Account } from '../../../schemas/account.js';
import type { Recipient } from '../../../schemas/address.js';
import type { Sender, Submission } from '../../../schemas/submission.js';
import type { Conversation, Umf } from '../../../schemas/umf.js';
import { answering, begun } from '../../answering.js';
import type { Accepted, Failure, Home, ReceiveContext } from '../../machinery.js';
import { writeWhole } from './codec.js';
import type { WebConfig } from './config.js';
import type { Written } from './written.js';

/** Larger content does not travel in the submission (law 1). */
const INLINE_BYTES_MAX = 64 * 1024;
const CHUNK_BYTES = 256 * 1024;
const REPORT = { success: false, failure: true, delay: false } as const;
const IDENTIFIER_CHARACTERS = 32;

/** Who writes: a signed-in person, or somebody at the plain form. */
export interface Author {
  readonly sender: Sender;
  /** What makes the reference unique: nobody else's is the same. */
  readonly source: string;
  readonly peer: string;
}

interface Going {
  readonly ok: true;
  readonly recipients: readonly Recipient[];
  readonly conversation: Conversation;
}

export class Submitting {
  readonly #channel: string;
  readonly #context: ReceiveContext<WebConfig>;

  constructor(channel: string, context: ReceiveContext<WebConfig>) {
    this.#channel = channel;
    this.#context = context;
  }

  /** The author that an account is. */
  authorOf(account: Account, peer: string): Author {
    const own = account.addresses.find(({ channel }) => channel === this.#channel);
    return {
      sender: {
        address: own ?? { channel: this.#channel, value: account.name },
        name: account.name,
        account: account.id,
        verification: { verified: true, how: 'signed in' },
      },
      source: account.id,
      peer,
    };
  }

  /** What a signed-in person wrote; resolves once it is stored or refused. */
  async submit(author: Author, written: Written): Promise<Accepted> {
    const startedAt = this.#context.clock.now();
    const hash = this.#hash(author, written);
    const message = `<${hash.slice(0, IDENTIFIER_CHARACTERS)}@${this.#context.config.domain}>`;
    const going =
      written.inReplyTo === undefined
        ? await this.#anew(written, message)
        : await this.#answer(author, written.inReplyTo, message);
    if (!going.ok) return going;
    return this.#send(author, written, { ...going, hash, startedAt });
  }

  /** To these people, in a conversation of its own. */
  sendTo(author: Author, written: Written, recipients: readonly Recipient[]): Promise<Accepted> {
    const hash = this.#hash(author, written);
    const message = `<${hash.slice(0, IDENTIFIER_CHARACTERS)}@${this.#context.config.domain}>`;
    const startedAt = this.#context.clock.now();
    return this.#send(author, written, {
      recipients,
      conversation: begun(message),
      hash,
      startedAt,
    });
  }

  async #send(
    author: Author,
    written: Written,
    going: Omit<Going, 'ok'> & { readonly hash: string; readonly startedAt: number },
  ): Promise<Accepted> {
    const { recipients, conversation, hash, startedAt } = going;
    const umf = this.#umf(author, written, { recipients, conversation, startedAt });
    const { id, message } = conversation;
    return this.#context.accept({
      sender: author.sender,
      header: {
        priority: written.priority,
        size: written.size,
        conversation: id,
        ...(message !== undefined && { reference: message }),
        ...(written.subject !== '' && { subject: written.subject }),
      },
      origin: { channel: this.#channel, peer: author.peer, startedAt },
      hops: 0,
      recipients: recipients.map((to) => ({ to, report: REPORT })),
      content: await this.#content(umf, written.size),
      unique: { hash, lasts: 'always' },
    });
  }

  async #anew(written: Written, message: string): Promise<Going | Failure> {
    const recipients = new Map<string, Recipient>();
    for (const text of written.to) {
      const to = await this.#context.recipient(text);
      if (to === undefined) {
        const what = text.slice(0, 80);
        return invalid(`"${what}" is neither a subscriber nor an address that can be written to.`);
      }
      recipients.set(to.kind === 'subscriber' ? to.account : JSON.stringify(to.via), to);
    }
    return { ok: true, recipients: [...recipients.values()], conversation: begun(message) };
  }

  async #answer(author: Author, key: string, message: string): Promise<Going | Failure> {
    const home = await this.#context.home(key);
    const to = home && otherSide(home, author.sender.account);
    if (home === undefined || to === undefined) {
      const what = 'no message of yours that can be answered';
      return { ok: false, code: 'MESSAGE_UNKNOWN', message: `${key} is ${what}.` };
    }
    return { ok: true, recipients: [to], conversation: answering(home, message) };
  }

  #umf(
    { sender }: Author,
    written: Written,
    going: Omit<Going, 'ok'> & { readonly startedAt: number },
  ): Umf {
    const { channel, value } = sender.address ?? { channel: this.#channel, value: '' };
    return {
      uid: written.reference,
      from: { channel, address: value, ...(sender.name !== undefined && { name: sender.name }) },
      to: going.recipients.map(({ via }) => ({ channel: via.channel, address: via.value })),
      ...(written.subject !== '' && { subject: written.subject }),
      body: written.body,
      priority: written.priority,
      securityLevel: 'normal',
      conversation: going.conversation,
      sentAt: going.startedAt,
    };
  }

  async #content(umf: Umf, size: number): Promise<Submission['content']> {
    if (size <= INLINE_BYTES_MAX) return { kind: 'umf', umf };
    const { key } = await this.#context.putContent(pieces(await writeWhole(umf)));
    return { kind: 'blob', channel: this.#channel, key };
  }

  #hash({ source }: Author, { reference }: Written): string {
    const text = `${this.#channel}\n${source}\n${reference}`;
    return createHash('sha256').update(text).digest('hex');
  }
}

/** Whom the answer goes to: who sent it, or, of one's own message, who got it. */
function otherSide({ to, of }: Home, account: string | undefined): Recipient | undefined {
  if (account === undefined) return undefined;
  if (of.recipient.kind === 'subscriber' && of.recipient.account === account) return to;
  return of.sender === account ? of.recipient : undefined;
}

async function* pieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

function invalid(message: string): Failure {
  return { ok: false, code: 'SUBMISSION_INVALID', message };
}
