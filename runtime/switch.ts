/**
 * The running switch: the core, with every channel's receiver open and the workers at work.
 *
 * Start: what was open when the last process ended is recovered, then workers, then the doors.
 * Stop: the doors close first, what runs is ended, then the agents, last the store (by its owner).
 */

import type { Channel, Receiver } from '../actors/channel.js';
import type { ReceiveContext } from '../actors/machinery.js';
import type { SwitchConfig } from '../schemas/config.js';
import { type Core, type CoreParts, channelSecret, openCore } from './core.js';
import { homeOf, recipientFrom } from './recipients.js';

/** Content that arrives larger than a write holds is kept so long without an owner. */
const ORPHAN_MS = 24 * 3_600_000;
const BLOB_NAME_BYTES = 12;

export interface SwitchStatus {
  readonly worker: string;
  readonly store: string;
  readonly bus: string;
  readonly addresses: Readonly<Record<string, string>>;
  /** Why nothing is accepted; absent: all is well. */
  readonly refusing?: string;
  readonly waiting: Readonly<Record<string, number>>;
}

export interface RunningSwitch extends Core {
  /** Where each channel listens, by its name. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Messages that were looked at again at the start. */
  readonly recovered: number;
  status(): SwitchStatus;
}

function receiveContext(parts: CoreParts, core: Core, channel: Channel<never>) {
  const { clock, store, log } = parts;
  const { accounts, directory } = core;
  const people = { accounts, directory, channels: parts.channels };
  const context: ReceiveContext<never> = {
    config: parts.config.channels[channel.name] as never,
    clock,
    log,
    directory: core.directory,
    operators: core.operators,
    authenticator: core.authenticator,
    tokens: core.tokens,
    accept: (submission) => core.kernel.accept(submission),
    async putContent(chunks) {
      const key = `blob/${Buffer.from(clock.random(BLOB_NAME_BYTES)).toString('hex')}`;
      const size = await store.putBlob(key, chunks, clock.now() + ORPHAN_MS);
      return { key, size };
    },
    async observe({ messageKey, delivery, id, outcome }) {
      const at = clock.now();
      const event = { type: 'OUTCOME', at, id, delivery, attempt: '', outcome } as const;
      const applied = await core.kernel.observe(messageKey, event);
      if (!applied.ok) log.warn('observation.notTaken', { reason: applied.message });
      if (!applied.ok && applied.code === 'STORE_UNAVAILABLE') throw new Error(applied.message);
    },
    refusing: () => core.kernel.refusing(),
    recipient: (text) => recipientFrom(people, text),
    async home(messageKey) {
      const message = await core.kernel.read(messageKey);
      return message && homeOf(people, message);
    },
    door: parts.door?.(channel.name),
    secret: channelSecret(parts, channel.name),
  };
  return context;
}

/**
 * @param beforeDoors what must be there before the first message comes
 */
export async function startSwitch(
  parts: CoreParts,
  beforeDoors: (core: Core) => Promise<unknown> = () => Promise.resolve(),
): Promise<RunningSwitch> {
  const core = await openCore(parts);
  try {
    await core.accounts.repair();
    await beforeDoors(core);
  } catch (error) {
    await core.stop();
    throw error;
  }
  core.kernel.work();
  const recovered = parts.store.exclusive ? await core.kernel.sweep.recoverAll() : 0;
  if (recovered > 0) parts.log.info('switch.recovered', { messages: recovered });
  const receivers: Receiver[] = [];
  const addresses: Record<string, string> = {};
  const closeDoors = () => Promise.all(receivers.map((receiver) => receiver.stop()));
  try {
    for (const channel of parts.channels) {
      const receiver = await channel.receive?.(receiveContext(parts, core, channel));
      if (receiver === undefined) continue;
      receivers.push(receiver);
      if (receiver.address !== undefined) addresses[channel.name] = receiver.address;
    }
  } catch (error) {
    await closeDoors();
    await core.stop();
    throw error;
  }
  return {
    ...core,
    addresses,
    recovered,
    reload: (config: SwitchConfig) => core.reload(config),
    status() {
      const refusing = core.kernel.refusing();
      return {
        worker: core.worker,
        store: parts.store.description,
        bus: parts.bus.description,
        addresses,
        ...(refusing === undefined ? {} : { refusing }),
        waiting: parts.bus.depth(),
      };
    },
    async stop() {
      await closeDoors();
      await core.stop();
    },
  };
}
