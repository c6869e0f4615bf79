/**
 * Takes what the devices send: the template of a receiving agent.
 *
 * Stages: may anything be accepted? → every recipient is found → accept, durably (law 1) → answer.
 * Invariants: a positive answer comes only after `accept` resolved; our own troubles are temporary.
 */

import { createHash } from 'node:crypto';
import type { Recipient } from '../../../schemas/address.js';
import type { SubmissionRecipient } from '../../../schemas/submission.js';
import type { Receiver } from '../../channel.js';
import type { ReceiveContext } from '../../machinery.js';
import { writeWire } from './codec.js';
import type { LoopbackConfig } from './config.js';
import type { LoopbackPeer, SendAnswer, Sending } from './peer.js';

const REPORT = { success: false, failure: true, delay: false } as const;

type Finding = { readonly ok: true; readonly to: Recipient } | Extract<SendAnswer, { ok: false }>;

export function receiveFrom(
  name: string,
  peer: LoopbackPeer,
  context: ReceiveContext<LoopbackConfig>,
): Promise<Receiver> {
  const { clock, directory } = context;

  async function find(value: string): Promise<Finding> {
    const via = { channel: name, value };
    const found = await directory.find(via);
    if (found.kind === 'tryLater') return { ok: false, temporary: true, reason: found.reason };
    if (found.kind === 'nobody') {
      return { ok: false, temporary: false, reason: `nobody has the address ${value}` };
    }
    return { ok: true, to: { kind: 'subscriber', account: found.account.id, via } };
  }

  async function take(sending: Sending): Promise<SendAnswer> {
    const startedAt = clock.now();
    const refusing = context.refusing();
    if (refusing !== undefined) return { ok: false, temporary: true, reason: refusing };
    const recipients: SubmissionRecipient[] = [];
    for (const value of sending.to) {
      const found = await find(value);
      if (!found.ok) return found;
      recipients.push({ to: found.to, report: REPORT });
    }
    const bytes = await wireOf(sending);
    const accepted = await context.accept({
      sender: await senderOf(sending.from),
      header: headerOf(sending, bytes.length),
      origin: { channel: name, peer: sending.from, startedAt },
      hops: 0,
      recipients,
      content: { kind: 'bytes', channel: name, bytes },
      ...(sending.reference !== undefined && {
        unique: { hash: uniqueHash(sending.from, sending.reference), lasts: 'always' },
      }),
    });
    if (!accepted.ok) return { ok: false, temporary: true, reason: accepted.message };
    accepted.proceed({ answered: true });
    return { ok: true, id: accepted.id, again: accepted.again };
  }

  function wireOf(sending: Sending): Promise<Uint8Array> {
    const party = (address: string) => ({ channel: name, address });
    const { from, to, umf } = sending;
    return writeWire({
      ...umf,
      uid: sending.reference ?? '0',
      from: party(from),
      to: to.map(party),
    });
  }

  async function senderOf(value: string) {
    const address = { channel: name, value };
    const found = await directory.find(address);
    // Devices are inside the process: who they are is certain.
    const verification = { verified: true, how: 'inside the switch' };
    if (found.kind !== 'subscriber') return { address, verification };
    return { address, account: found.account.id, verification };
  }

  function uniqueHash(from: string, reference: string): string {
    return createHash('sha256').update(`${name}\n${from}\n${reference}`).digest('hex');
  }

  const line = { take, receipt: context.observe };
  peer.line = line;
  return Promise.resolve({
    address: undefined,
    stop() {
      if (peer.line === line) peer.line = undefined;
      return Promise.resolve();
    },
  });
}

function headerOf({ umf, reference }: Sending, size: number) {
  return {
    priority: umf.priority,
    size,
    ...(umf.subject !== undefined && { subject: umf.subject }),
    ...(reference !== undefined && { reference }),
    ...(umf.conversation !== undefined && { conversation: umf.conversation.id }),
    ...(umf.desiredTime !== undefined && { desiredTime: umf.desiredTime }),
    ...(umf.expiry !== undefined && { expiry: umf.expiry }),
  };
}
