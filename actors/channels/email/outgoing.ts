/**
 * Mail manners: what leaves for one recipient, and under whose name.
 *
 * Mail that needs no conversion goes as it came, byte for byte, below our trace lines, so that its
 * signatures still verify; everything else is written from UMF under our own name, with an address
 * that brings the answer home, and is signed.
 *
 * Invariants: no byte of a raw mail is changed; no field is made of text that could break a line
 * (addresses are parsed by our grammar first, the codec encodes the rest); who sent with the null
 * path is never sent a bounce (RFC 5321 4.5.5).
 */

import { isAscii, isUtf8 } from 'node:buffer';
import type { FormattedCopy } from '../../../schemas/delivery.js';
import { splitMessageKey } from '../../../schemas/identifier.js';
import type { MessageInput } from '../../../schemas/message.js';
import type { Umf } from '../../../schemas/umf.js';
import type { DeliveryJob } from '../../channel.js';
import type { Clock, Tokens } from '../../machinery.js';
import { type Mailbox, parseMailbox } from './address.js';
import { writeMail } from './codec.js';
import { type DkimKey, dkimSignature } from './dkim.js';
import type { WriteBox } from './mime-writer.js';
import type { Mail } from './smtp-client.js';
import { receivedLine } from './trace.js';

export interface OutgoingOptions {
  readonly clock: Clock;
  readonly tokens: Tokens;
  readonly hostname: string;
  /** Of bounce+ and reply+ addresses. */
  readonly domain: string;
  readonly dkim?: DkimKey;
}

export interface Outgoing {
  readonly mail: Mail;
  /** What is stored of it (E4). */
  readonly copy: FormattedCopy;
}

/** Written in one piece up to this size, and in pieces of it beyond. */
const CHUNK_BYTES = 64 * 1024;

/** Builds what is sent to `to`: head, content, envelope. */
export async function outgoingMail(
  job: DeliveryJob,
  to: Mailbox,
  options: OutgoingOptions,
): Promise<Outgoing> {
  const raw = await job.raw();
  const trace = traceLines(job.message, options.hostname);
  if (raw !== undefined && raw.channel === job.delivery.address.channel) {
    return { mail: mailOf(job, to, options, [trace, raw.bytes]), copy: { head: trace } };
  }
  const umf = await job.umf();
  const body = await writeMail(umf, {
    from: ourName(umf, job, options),
    to: [{ address: to.value }],
    // The same for every attempt, so that a duplicate can be recognised.
    messageId: `<${job.message.key.slice('msg/'.length)}.${job.delivery.id}@${options.domain}>`,
    date: job.message.createdAt,
    hostname: options.hostname,
  });
  const signature =
    options.dkim === undefined ? '' : dkimSignature(body, options.dkim, options.clock.now());
  const head = `${trace}${signature}`;
  return { mail: mailOf(job, to, options, [head, body]), copy: { head, body: { bytes: body } } };
}

/** Our Received line and, for a subscriber, the mark by which a loop is recognised. */
function traceLines(message: MessageInput, hostname: string): string {
  const { recipient } = message;
  const via = recipient.via.channel === 'email' ? parseMailbox(recipient.via.value) : undefined;
  // UTF-8 in a field of ours would ask more of the next host than the mail itself does.
  const address = via?.ok && !via.smtputf8 ? via.value : undefined;
  const mark =
    address !== undefined && recipient.kind === 'subscriber' ? `Delivered-To: ${address}\r\n` : '';
  const received = receivedLine({
    origin: message.origin,
    id: splitMessageKey(message.key).submission,
    hostname,
    ...(address !== undefined && { forAddress: address }),
  });
  return `${mark}${received}`;
}

/** Answers come back to us and find their way; the person who wrote is still named. */
function ourName(umf: Umf, job: DeliveryJob, options: OutgoingOptions): WriteBox {
  const { message, delivery } = job;
  if (umf.report !== undefined || message.sender.address === undefined) {
    const { address, name } = umf.from ?? {};
    return {
      address: address ?? `postmaster@${options.domain}`,
      name: name ?? 'Patchboard',
    };
  }
  const name = umf.from?.name ?? message.sender.name ?? umf.from?.address;
  const token = options.tokens.sign('reply', message.key, delivery.id);
  return {
    address: `reply+${token}@${options.domain}`,
    name: name === undefined ? 'Patchboard' : `${name} via Patchboard`,
  };
}

function mailOf(
  job: DeliveryJob,
  to: Mailbox,
  options: OutgoingOptions,
  [head, content]: readonly [string, Uint8Array],
): Mail {
  const { message, delivery } = job;
  const top = Buffer.from(head, 'latin1');
  const body = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const ascii = isAscii(body);
  const nullSender = message.sender.address === undefined;
  const bounce = options.tokens.sign('bounce', message.key, delivery.id);
  return {
    from: nullSender ? '' : `bounce+${bounce}@${options.domain}`,
    to: to.value,
    chunks: chunksOf(top, body),
    size: top.length + body.length,
    eightBit: !ascii,
    utf8: to.smtputf8 || (!ascii && headNeedsUtf8(body)),
    dsn: dsnOf(job, to, nullSender ? 'null' : 'bounce'),
  };
}

/** What we ask of the next host (RFC 3461): reports come to us, and become late outcomes. */
function dsnOf(job: DeliveryJob, to: Mailbox, sender: 'null' | 'bounce'): NonNullable<Mail['dsn']> {
  if (sender === 'null') return { notify: ['NEVER'] };
  const receipt = job.delivery.policy.success === 'accepted' ? [] : ['SUCCESS'];
  return {
    ret: 'HDRS',
    envid: job.message.key,
    notify: [...receipt, 'FAILURE'],
    ...(!to.smtputf8 && { orcpt: `rfc822;${to.value}` }),
  };
}

/** Fields in UTF-8 are mail of RFC 6532; other 8-bit fields were never right and stay so. */
function headNeedsUtf8(body: Buffer): boolean {
  const cut = body.indexOf('\r\n\r\n');
  const head = cut < 0 ? body : body.subarray(0, cut);
  return !isAscii(head) && isUtf8(head);
}

function chunksOf(head: Buffer, body: Buffer): Buffer[] {
  if (head.length + body.length <= CHUNK_BYTES) return [Buffer.concat([head, body])];
  const chunks = [head];
  for (let at = 0; at < body.length; at += CHUNK_BYTES) {
    chunks.push(body.subarray(at, at + CHUNK_BYTES));
  }
  return chunks;
}
