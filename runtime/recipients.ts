/** Whom a person means: by an account's name, "channel:address", or a bare address. */

import type { Channel } from '../actors/channel.js';
import type { Directory, Home } from '../actors/machinery.js';
import type { Address, Recipient } from '../schemas/address.js';
import type { MessageDocument } from '../schemas/message.js';
import { recipientOf } from './account-opening.js';
import type { Accounts } from './accounts.js';

export interface People {
  readonly accounts: Pick<Accounts, 'find' | 'get'>;
  readonly directory: Directory;
  readonly channels: readonly Channel<never>[];
}

/**
 * Where a person's text leads: an account by name, "channel:address", or a bare address. Rejects
 * while the directory cannot say whose the address is.
 */
export async function recipientFrom(people: People, text: string): Promise<Recipient | undefined> {
  const account = await people.accounts.find(text);
  const subscriber = account === undefined ? undefined : recipientOf(account);
  if (subscriber !== undefined) return subscriber;
  const address = outsideAddress(people.channels, text);
  if (address === undefined) return undefined;
  return ownerOf(people, address);
}

async function ownerOf({ directory }: People, address: Address): Promise<Recipient> {
  const found = await directory.find(address);
  // Not known now is not nobody: what is for a subscriber must not go outside.
  if (found.kind === 'tryLater') throw new Error(found.reason);
  if (found.kind === 'nobody') return { kind: 'outside', via: address };
  return { kind: 'subscriber', account: found.account.id, via: address };
}

/** Signed-in pages belong to subscribers: nobody outside has one. */
function reachesOutside({ facts }: Channel<never>): boolean {
  return facts.page === undefined;
}

/** The address on the first channel that can send there. */
function outsideAddress(channels: readonly Channel<never>[], text: string): Address | undefined {
  const colon = text.indexOf(':');
  const named = channels.find((channel) => channel.name === text.slice(0, Math.max(0, colon)));
  // A bare address means a channel on which people have addresses.
  const usual = channels.filter(
    (one) => !one.facts.keeps && one.facts.accountAddress !== undefined,
  );
  const tried = (named === undefined ? usual : [named]).filter(reachesOutside);
  const written = named === undefined ? text : text.slice(colon + 1);
  for (const channel of tried) {
    const parsed = channel.deliver === undefined ? undefined : channel.address(written);
    if (parsed?.ok === true) return parsed.address;
  }
  return undefined;
}

/** Where an answer to a message goes: to the account that sent it, else to its address. */
export async function homeOf(people: People, message: MessageDocument): Promise<Home | undefined> {
  if (message.input.header.unanswerable === true) return undefined;
  const to = await senderOf(people, message);
  if (to === undefined) return undefined;
  const { sender, header } = message.input;
  const conversation = header.conversation ?? header.reference;
  return {
    to,
    ...(conversation !== undefined && { conversation }),
    of: {
      recipient: message.context.recipient,
      ...(sender.account !== undefined && { sender: sender.account }),
      ...(header.reference !== undefined && { reference: header.reference }),
    },
  };
}

async function senderOf(people: People, message: MessageDocument): Promise<Recipient | undefined> {
  const { sender } = message.input;
  const account =
    sender.account === undefined ? undefined : await people.accounts.get(sender.account);
  const own = account === undefined ? undefined : recipientOf(account);
  if (own !== undefined) return own;
  return sender.address && ownerOf(people, sender.address);
}
