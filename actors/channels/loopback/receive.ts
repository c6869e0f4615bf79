/**
 * Takes what the devices send: the template of a receiving agent.
 *
 * Stages: may anything be accepted? → every recipient is found → accept, durably (law 1) → answer.
 * Invariants: a positive answer comes only after `accept` resolved; our own troubles are temporary.
 */

import { createHash } from 'node:crypto';
import type { Address, Recipient } from '../../../schemas/address.js';
import type { Sender, SubmissionRecipient } from '../../../schemas/submission.js';
import type { Receiver } from '../../channel.js';
import type { ReceiveContext } from '../../machinery.js';
import { writeWire } from './codec.js';
import type { LoopbackConfig } from './config.js';
import type { Line, LoopbackPeer, Receipt, SendAnswer, Sending } from './peer.js';

const REPORT = { success: false, failure: true, delay: false } as const;

type Finding = { readonly ok: true; readonly to: Recipient } | Extract<SendAnswer, { ok: false }>;

/** Connects the devices to the switch until it is stopped. */
export function receiveFrom(
  name: string,
  peer: LoopbackPeer,
  context: ReceiveContext<LoopbackConfig>,
): Promise<Receiver> {
  const line = new SwitchLine(name, context);
  peer.line = line;
  return Promise.resolve({
    address: undefined,
    stop() {
      if (peer.line === line) peer.line = undefined;
      return Promise.resolve();
    },
  });
}

class SwitchLine implements Line {
  readonly #name: string;
  readonly #context: ReceiveContext<LoopbackConfig>;

  constructor(name: string, context: ReceiveContext<LoopbackConfig>) {
    this.#name = name;
    this.#context = context;
  }

  receipt(receipt: Receipt): Promise<void> {
    return this.#context.observe(receipt);
  }

  async take(sending: Sending): Promise<SendAnswer> {
    const startedAt = this.#context.clock.now();
    const refusing = this.#context.refusing();
    if (refusing !== undefined) return { ok: false, temporary: true, reason: refusing };
    const recipients: SubmissionRecipient[] = [];
    for (const value of sending.to) {
      const found = await this.#find(value);
      if (!found.ok) return found;
      recipients.push({ to: found.to, report: REPORT });
    }
    const bytes = await this.#wireOf(sending);
    const accepted = await this.#context.accept({
      sender: await this.#senderOf(sending.from),
      header: headerOf(sending, bytes.length),
      origin: { channel: this.#name, peer: sending.from, startedAt },
      hops: 0,
      recipients,
      content: { kind: 'bytes', channel: this.#name, bytes },
      ...(sending.reference !== undefined && {
        unique: { hash: this.#hash(sending.from, sending.reference), lasts: 'always' },
      }),
    });
    if (!accepted.ok) return { ok: false, temporary: true, reason: accepted.message };
    accepted.proceed({ answered: true });
    return { ok: true, id: accepted.id, again: accepted.again };
  }

  async #find(value: string): Promise<Finding> {
    const via = this.#address(value);
    const found = await this.#context.directory.find(via);
    if (found.kind === 'tryLater') return { ok: false, temporary: true, reason: found.reason };
    if (found.kind === 'nobody') {
      return { ok: false, temporary: false, reason: `nobody has the address ${value}` };
    }
    return { ok: true, to: { kind: 'subscriber', account: found.account.id, via } };
  }

  async #senderOf(value: string): Promise<Sender> {
    const address = this.#address(value);
    const found = await this.#context.directory.find(address);
    // Devices are inside the process: who they are is certain.
    const verification = { verified: true, how: 'inside the switch' };
    if (found.kind !== 'subscriber') return { address, verification };
    return { address, account: found.account.id, verification };
  }

  #wireOf({ umf, from, to, reference }: Sending): Promise<Uint8Array> {
    const party = (address: string) => ({ channel: this.#name, address });
    return writeWire({ ...umf, uid: reference ?? '0', from: party(from), to: to.map(party) });
  }

  #address(value: string): Address {
    return { channel: this.#name, value };
  }

  #hash(from: string, reference: string): string {
    return createHash('sha256').update(`${this.#name}\n${from}\n${reference}`).digest('hex');
  }
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
