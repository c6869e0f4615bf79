/**
 * Calls that verify a device: a code goes to it, and comes back by the page.
 *
 * Stages: does this address need a code? → may one be sent now? → its hash is stored → it is sent.
 * Invariants: the code is in the message to that address alone; its sender cannot open it, and no
 * answer to it, which may quote it, comes home. It expires when the code stops to count. The
 * subscriber is its sender, so that "not delivered" reaches who wrote the address.
 */

import Type from 'typebox';
import type { Channel } from '../../../actors/channel.js';
import type { Failure } from '../../../actors/machinery.js';
import { spanText } from '../../../actors/message-tracker/words.js';
import type { Account, Unverified } from '../../../schemas/account.js';
import type { Address } from '../../../schemas/address.js';
import type { Submission } from '../../../schemas/submission.js';
import { endpointOf, sameAddress } from '../../account-change.js';
import { CODE_LASTS_MS, freshCode } from '../../device-code.js';
import { visible } from '../../operations/on-accounts.js';
import { refuse } from '../../operations/operation.js';
import { type Caller, type CallTable, type ConsoleParts, consoleCall } from '../console-call.js';

const TEXT_MAX = 1024;
const CODE_MAX = 32;
const MINUTE_MS = 60_000;
const Endpoint = Type.String({ minLength: 1, maxLength: TEXT_MAX });

export interface SentCode {
  readonly ok: true;
  readonly code: string;
  readonly unverified: Unverified;
}

/** What goes to pages reaches its subscriber alone; an own address came from an operator. */
export function needsCode(channel: Channel<never>, account: Account, address: Address): boolean {
  if (channel.facts.page !== undefined) return false;
  return !account.addresses.some((own) => sameAddress(own, address));
}

/** A code that may be sent to this address now. */
export function codeFor(
  { clock, codes }: ConsoleParts,
  account: Account,
  address: Address,
): SentCode | Failure {
  const waitMs = codes.take(account.id, address);
  if (waitMs === 0) return { ok: true, ...freshCode(clock) };
  const span = spanText(Math.ceil(waitMs / MINUTE_MS) * MINUTE_MS);
  return refuse('CODE_RATE', `Too many codes were asked for; the next one can go in ${span}.`);
}

/** Sends the code to that address and nowhere else. */
export async function sendCode(
  parts: ConsoleParts,
  caller: Caller,
  { address, code, unverified }: SentCode & { readonly address: Address },
): Promise<Failure | undefined> {
  const submission = messageOf(parts, caller, { address, code, unverified });
  const accepted = await parts.running.kernel.accept(submission);
  if (!accepted.ok) return accepted;
  accepted.proceed({ answered: true });
  return undefined;
}

type Coded = Omit<SentCode, 'ok'> & { readonly address: Address };

function messageOf(
  { config }: ConsoleParts,
  { account, peer }: Caller,
  { address, code, unverified }: Coded,
): Submission {
  const [own] = account.addresses;
  const subject = `A code from ${config.domain}`;
  const text = [
    `${code} is the code that ${account.name} needs at ${config.domain} to be reached here.`,
    `It counts for ${CODE_LASTS_MS / MINUTE_MS} minutes.`,
    '',
    'If you did not ask for it, do nothing: without the code nothing is sent here.',
    '',
  ].join('\n');
  const { sentAt, expiresAt } = unverified;
  return {
    sender: {
      ...(own && { address: own }),
      name: account.name,
      verification: { verified: true, how: 'signed in' },
    },
    header: {
      subject,
      priority: 'normal',
      size: Buffer.byteLength(text),
      expiry: expiresAt,
      unanswerable: true,
    },
    origin: { channel: own?.channel ?? address.channel, peer, startedAt: sentAt },
    hops: 0,
    recipients: [
      {
        to: { kind: 'outside', via: address },
        report: { success: false, failure: true, delay: false },
      },
    ],
    content: {
      kind: 'umf',
      umf: {
        uid: '',
        to: [{ channel: address.channel, address: address.value }],
        subject,
        body: { mediaType: 'text/plain', parameters: { charset: 'utf-8' }, text },
        priority: 'normal',
        securityLevel: 'normal',
        sentAt,
      },
    },
  };
}

async function codeAgain(
  parts: ConsoleParts,
  caller: Caller,
  endpoint: string,
): Promise<ReturnType<typeof visible> | Failure> {
  const found = endpointOf(caller.account, endpoint);
  if (found === undefined) return refuse('DEVICE_UNKNOWN', 'You have no such device.');
  if (found.unverified === undefined) {
    return refuse('ACCOUNT_INVALID', 'This device is verified already: it needs no code.');
  }
  const fresh = codeFor(parts, caller.account, found.address);
  if (!fresh.ok) return fresh;
  const { accounts } = parts.running;
  const given = await accounts.giveCode(caller.account.id, endpoint, fresh.unverified);
  if (!given.ok) return given;
  // Where the endpoint leads now, by the version of the account that waits for this code.
  const { address } = endpointOf(given.account, endpoint) ?? found;
  return (await sendCode(parts, caller, { ...fresh, address })) ?? visible(given.account);
}

export const codeCalls: CallTable<'device.code' | 'device.verify'> = {
  'device.code': consoleCall(
    'own.change',
    Type.Object({ endpoint: Endpoint }),
    (parts, caller, { endpoint }) => codeAgain(parts, caller, endpoint),
  ),
  'device.verify': consoleCall(
    'own.change',
    Type.Object({ endpoint: Endpoint, code: Type.String({ minLength: 1, maxLength: CODE_MAX }) }),
    async ({ running }, { account }, { endpoint, code }) => {
      const taken = await running.accounts.takeCode(account.id, endpoint, code);
      return taken.ok ? visible(taken.account) : taken;
    },
  ),
};
