/**
 * The switch without its doors: store, kernel, accounts, directory. The command line opens it
 * straight when no switch runs; `startSwitch` adds receivers and workers.
 */

import { createAuthenticator } from '../actors/authentication-manager/authenticator.js';
import type { Channel, Deliverer } from '../actors/channel.js';
import type { Authenticator, Clock, Door, Log, Tokens } from '../actors/machinery.js';
import { type CachedDirectory, createDirectory } from '../actors/user-manager/directory.js';
import type { Policies } from '../actors/user-manager/policies.js';
import type { Recipient } from '../schemas/address.js';
import type { SwitchConfig } from '../schemas/config.js';
import type { MessageDocument } from '../schemas/message.js';
import { directoryReads } from './account-documents.js';
import type { WrittenAddress } from './account-opening.js';
import { type Accounts, createAccounts, recipientOf } from './accounts.js';
import type { Bus } from './bus/bus.js';
import type { Held } from './kernel/commit.js';
import { createKernel, type RunningKernel } from './kernel/create-kernel.js';
import type { Store } from './store/store.js';
import { createTokens } from './tokens.js';
import type { Aside } from './workers/aside.js';
import { SWEEP_LIMITS, type SweepLimits } from './workers/sweep.js';

/** What signs tokens. */
const TOKENS = 'tokens';
const SECRET_BYTES = 32;
const WORKER_BYTES = 6;

export interface CoreParts {
  readonly config: SwitchConfig;
  readonly clock: Clock;
  readonly store: Store;
  readonly bus: Bus;
  readonly channels: readonly Channel<never>[];
  readonly log: Log;
  readonly sweep?: Partial<SweepLimits>;
  /** Converts large contents of the registry's channels elsewhere; absent: here. */
  readonly aside?: Pick<Aside, 'convert' | 'read'>;
  /** The web door, for channels that speak to browsers. */
  readonly door?: (channel: string) => Door;
  readonly stepped?: (step: Step) => void;
  /** Told after each change of an account in this process. */
  readonly accountChanged?: (accountId: string) => void;
  readonly attempted?: (attempt: { channel: string; outcome: string; tookMs: number }) => void;
}

/** One stored step of a message: `before` is absent at its creation. */
export interface Step {
  readonly before: MessageDocument | undefined;
  readonly held: Held;
}

export interface Core {
  readonly kernel: RunningKernel;
  readonly accounts: Accounts;
  readonly directory: CachedDirectory;
  readonly tokens: Tokens;
  /** One for all channels: a guesser's failures on one count on the others. */
  readonly authenticator: Authenticator;
  readonly worker: string;
  readonly deliverers: ReadonlyMap<string, Deliverer>;
  policies(): Policies;
  /** The addresses that an account of this name has on this switch (C1). */
  defaultAddresses(name: string): readonly WrittenAddress[];
  operators(): Promise<readonly Recipient[]>;
  /** Takes the settings that may change while the switch runs. */
  reload(config: SwitchConfig): void;
  stop(): Promise<void>;
}

/** Random bytes under `secret/<name>`: made when they are first asked for, kept in the store. */
export async function storedSecret(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  name: string,
  bytes: number = SECRET_BYTES,
): Promise<Uint8Array> {
  const key = `secret/${name}`;
  const known = await readSecret(store, key);
  if (known !== undefined) return known;
  const fresh = clock.random(bytes);
  const token = Buffer.from(clock.random(WORKER_BYTES)).toString('hex');
  const times = { lookAt: null, dueAt: null, purgeAt: null };
  const head = { rows: [], ...times, lane: '', closed: true, outboxSize: 0, unique: null };
  const created = await store.create({ key, value: fresh, head, token });
  if (created.ok) return fresh;
  const earlier = await readSecret(store, key);
  if (earlier === undefined) throw new Error(`${key} is in the store and cannot be read`);
  return earlier;
}

async function readSecret(store: Store, key: string): Promise<Uint8Array | undefined> {
  const stored = await store.get(key);
  if (stored === undefined) return undefined;
  if (stored.value instanceof Uint8Array) return stored.value;
  throw new Error(`${key} in the store is not a key: restore it from a backup`);
}

/** A channel's own secrets, by names of its own. */
export function channelSecret(
  parts: { readonly store: Store; readonly clock: Clock },
  channel: string,
): (name: string, bytes: number) => Promise<Uint8Array> {
  return (name, bytes) => storedSecret(parts, `${channel}/${name}`, bytes);
}

/** Calls each channel's agent with its own section; the registry holds the two together. */
function makeDeliverers(parts: CoreParts, tokens: Tokens): Map<string, Deliverer> {
  const deliverers = new Map<string, Deliverer>();
  for (const channel of parts.channels) {
    const config = parts.config.channels[channel.name] as never;
    const log = parts.log;
    const { clock } = parts;
    const secret = channelSecret(parts, channel.name);
    const deliverer = channel.deliver?.({ config, clock, log, tokens, secret });
    if (deliverer !== undefined) deliverers.set(channel.name, deliverer);
  }
  return deliverers;
}

function defaultAddresses(parts: CoreParts) {
  return (name: string) =>
    parts.channels.flatMap(({ name: channel, facts }) => {
      if (facts.accountAddress === undefined) return [];
      const { domain } = parts.config;
      const value = facts.accountAddress.replace('{name}', name).replace('{domain}', domain);
      return [{ channel, value }];
    });
}

/** Told of every change of an account in this process. */
function accountTeller(parts: CoreParts, directory: CachedDirectory) {
  return (id: string) => {
    directory.invalidate(id);
    parts.accountChanged?.(id);
  };
}

export async function openCore(parts: CoreParts): Promise<Core> {
  const { store, clock, channels } = parts;
  let { config } = parts;
  const tokens = createTokens(await storedSecret(parts, TOKENS), clock);
  const worker = Buffer.from(clock.random(WORKER_BYTES)).toString('hex');
  const directory = createDirectory({
    clock,
    reads: directoryReads(store),
  });
  const homeOf = defaultAddresses(parts);
  const accounts = createAccounts({
    store,
    clock,
    channels,
    defaultAddresses: homeOf,
    changed: accountTeller(parts, directory),
  });
  const { log } = parts;
  const authenticator = createAuthenticator({ lookup: (text) => accounts.find(text), clock, log });
  const deliverers = makeDeliverers(parts, tokens);
  const channelPolicies = Object.fromEntries(
    channels.filter((one) => one.deliver).map(({ name, facts }) => [name, facts.policy]),
  );
  const policies = () => ({ channels: channelPolicies, operator: config.policy }) as Policies;

  async function operators(): Promise<readonly Recipient[]> {
    const all = await accounts.list({ role: 'operator' });
    return all.flatMap((account) => recipientOf(account) ?? []);
  }

  const kernel = createKernel({
    store,
    bus: parts.bus,
    clock,
    log: parts.log,
    worker,
    directory,
    channels: new Map(channels.map((channel) => [channel.name, channel as Channel])),
    deliverers,
    policies,
    operators,
    retention: config.retention,
    sweep: { ...SWEEP_LIMITS, ...parts.sweep },
    ...(parts.aside === undefined ? {} : { aside: parts.aside }),
    stepped: parts.stepped ?? (() => {}),
    attempted: parts.attempted ?? (() => {}),
  });

  return {
    defaultAddresses: homeOf,
    kernel,
    accounts,
    directory,
    tokens,
    authenticator,
    worker,
    deliverers,
    policies,
    operators,
    reload(next) {
      config = next;
    },
    async stop() {
      // Together: the kernel waits for its attempts, and only their agents can cut them short.
      const agents = [...deliverers.values()].map((deliverer) => deliverer.stop());
      await Promise.all([kernel.stop(), ...agents]);
    },
  };
}
