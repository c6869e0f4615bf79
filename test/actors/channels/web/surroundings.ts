/** The web channel in memory: accounts, a door, what was accepted; nothing is stored. */

import type { TestContext } from 'node:test';
import Value from 'typebox/value';
import type { Channel, Deliverer, DeliveryJob } from '../../../../actors/channel.js';
import { writeWire } from '../../../../actors/channels/web/codec.js';
import { type WebConfig, WebConfigSchema } from '../../../../actors/channels/web/config.js';
import { createWeb } from '../../../../actors/channels/web/index.js';
import type { Clock, Found, Home, ReceiveContext } from '../../../../actors/machinery.js';
import { createTokens } from '../../../../runtime/tokens.js';
import type { Account } from '../../../../schemas/account.js';
import type { Recipient } from '../../../../schemas/address.js';
import type { FormattedCopy } from '../../../../schemas/delivery.js';
import type { MessageInput } from '../../../../schemas/message.js';
import type { Umf } from '../../../../schemas/umf.js';
import { TestDoor } from '../../../harness/door.js';
import { manualClock } from '../../../harness/manual-clock.js';
import { makeInput, POLICY } from '../../../harness/messages.js';
import { account, MemoryReceiveContext } from '../../../harness/receive-context.js';

export const KEY = 'msg/0123456789abcdef.0';
export const OTHER_KEY = 'msg/0123456789abcdeg.0';

export const UMF: Umf = {
  uid: 'u',
  from: { channel: 'email', address: 'you@example.org', name: 'You' },
  to: [],
  subject: 'Hello',
  body: { mediaType: 'text/plain', text: 'Anybody there?' },
  priority: 'normal',
  securityLevel: 'normal',
};

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

export function person(name: string): Account {
  return { ...account(name, []), addresses: [{ channel: 'web', value: name }] };
}

export interface Surroundings {
  readonly door: TestDoor;
  readonly channel: Channel<WebConfig>;
  readonly deliverer: Deliverer;
  readonly memory: MemoryReceiveContext;
  readonly clock: Clock & { advance(ms: number): void };
  readonly anna: Account;
  readonly ben: Account;
  /** Where answers go, by the key of the message. */
  readonly homes: Map<string, Home>;
  /** Where texts lead, besides names. */
  readonly people: Map<string, Recipient>;
}

/** A web channel with anna and ben, received from and delivered to. */
export async function surroundings(
  t: Pick<TestContext, 'after'>,
  given: { readonly config?: object; readonly clock?: Surroundings['clock'] } = {},
): Promise<Surroundings> {
  const config = configOf(given.config ?? {});
  const clock = given.clock ?? manualClock();
  const memory = new MemoryReceiveContext();
  const [anna, ben] = [person('anna'), person('ben')];
  memory.accounts.splice(0, memory.accounts.length, anna, ben);
  const [homes, people] = [new Map<string, Home>(), new Map<string, Recipient>()];
  const door = new TestDoor();
  const tokens = createTokens(Buffer.from('secret'), clock);
  const secret = (_name: string, bytes: number) => Promise.resolve(new Uint8Array(bytes).fill(7));
  const context: ReceiveContext<WebConfig> = {
    config,
    clock,
    log: memory.log,
    directory: memory.directory,
    operators: () => memory.operators(),
    authenticator: memory.authenticator,
    tokens,
    accept: memory.accept,
    putContent: memory.putContent,
    observe: memory.observe,
    refusing: () => memory.refusal,
    recipient: async (text) => people.get(text) ?? subscriber(await find(memory, text)),
    home: (key) => Promise.resolve(homes.get(key)),
    door,
    secret,
  };
  const channel = createWeb();
  const receiver = await channel.receive?.(context);
  const deliverer = channel.deliver?.({ config, clock, log: quiet, tokens, secret });
  if (receiver === undefined || deliverer === undefined) throw new Error('it does both');
  t.after(() => Promise.all([receiver.stop(), deliverer.stop()]));
  return { door, channel, deliverer, memory, clock, anna, ben, homes, people };
}

export function configOf(changes: object): WebConfig {
  return Value.Parse(WebConfigSchema, Value.Default(WebConfigSchema, { ...changes })) as WebConfig;
}

function find(memory: MemoryReceiveContext, name: string): Promise<Found> {
  return memory.directory.find({ channel: 'web', value: name });
}

export function subscriber(found: Found): Recipient | undefined {
  if (found.kind !== 'subscriber') return undefined;
  const { id } = found.account;
  return { kind: 'subscriber', account: id, via: { channel: 'web', value: id } };
}

export interface JobOptions {
  readonly to: string;
  readonly umf?: Umf;
  readonly message?: Partial<MessageInput>;
  readonly expiresAt?: number;
  readonly bytesSent?: (copy: FormattedCopy) => Promise<boolean>;
}

/** Accounts have their name as their identifier here. */
function of(name: string): Recipient {
  return { kind: 'subscriber', account: name, via: { channel: 'web', value: name } };
}

export function job({ to, umf = UMF, ...options }: JobOptions): DeliveryJob {
  const address = { channel: 'web', value: to };
  return {
    message: makeInput({ key: KEY, recipient: of(to), ...options.message }),
    delivery: {
      id: 2,
      step: 0,
      address,
      policy: POLICY,
      phase: 'ready',
      trials: 0,
      dueAt: 0,
      expiresAt: options.expiresAt ?? 0,
    },
    attempt: '2.1.nonce',
    possibleDuplicate: false,
    raw: () => Promise.resolve(undefined),
    umf: () => Promise.resolve(umf),
    written: () => writeWire(umf),
    bytesSent: options.bytesSent ?? (() => Promise.resolve(true)),
  };
}

/** A message as the page's composer sends it. */
export function composed(fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  const all = { to: 'ben', subject: 'Hi', text: 'There?', reference: 'r1', ...fields };
  for (const [name, value] of Object.entries(all)) form.append(name, value);
  return form;
}

export function answerIn(answer: { readonly body: string | Uint8Array }): unknown {
  return JSON.parse(String(answer.body));
}
