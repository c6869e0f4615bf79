/** What would happen to a message that nobody sent (C8): the decision itself, at a given time. */

import type { Channel } from '../../actors/channel.js';
import { dryRun } from '../../actors/user-manager/explain.js';
import type { Account } from '../../schemas/account.js';
import type { Decision } from '../../schemas/decision.js';
import type { Sender } from '../../schemas/submission.js';
import type { Priority } from '../../schemas/umf.js';
import { recipientOf } from '../account-opening.js';
import { withAccount } from './account.js';
import { type Call, EXIT, print, text, UsageError } from './call.js';
import { loadWhole, tellProblems } from './opening.js';
import { timeFlag } from './time-flag.js';
import { fullTime } from './times.js';

const PRIORITIES: readonly Priority[] = ['low', 'normal', 'high', 'urgent'];

function priorityFrom(call: Call): Priority {
  const given = text(call, 'priority') ?? 'normal';
  const priority = PRIORITIES.find((known) => known === given);
  if (priority === undefined) throw new UsageError(`--priority is ${PRIORITIES.join(', ')}`);
  return priority;
}

/** The sender as it is written: on the first channel whose grammar takes it. */
function senderFrom(call: Call, channels: readonly Channel<never>[]): Sender {
  const verified = call.values['unverified'] !== true;
  const verification = { verified, how: verified ? 'assumed' : 'assumed not' };
  const from = text(call, 'from');
  if (from === undefined) return { verification };
  const colon = from.indexOf(':');
  const named = channels.find(({ name }) => name === from.slice(0, Math.max(0, colon)));
  const usual = channels.filter(({ facts }) => facts.accountAddress !== undefined);
  const written = named === undefined ? from : from.slice(colon + 1);
  for (const channel of named === undefined ? usual : [named]) {
    const parsed = channel.address(written);
    if (parsed.ok) return { address: parsed.address, verification };
  }
  throw new UsageError(`--from "${from}" is no address: write channel:address`);
}

/** `patchboard explain --to ACCOUNT`. */
export async function explainDryRun(call: Call, to: string): Promise<number> {
  if (call.words.length > 0) throw new UsageError('give an id or --to, not both');
  const now = timeFlag(call, 'at') ?? call.clock.now();
  const loaded = await loadWhole(call);
  if (!tellProblems(call, loaded)) return EXIT.failed;
  const { channels } = await import('../../actors/channels/index.js');
  const sender = senderFrom(call, channels);
  const subject = text(call, 'subject');
  const header = { priority: priorityFrom(call), size: 0, ...(subject && { subject }) };
  const able = channels.filter(({ deliver }) => deliver !== undefined);
  const policies = {
    channels: Object.fromEntries(able.map(({ name, facts }) => [name, facts.policy])),
    operator: loaded.config.policy,
  };
  return withAccount(call, to, (account: Account) => {
    const recipient = recipientOf(account);
    if (recipient === undefined) throw new UsageError(`${account.name} has no address`);
    const input = { account, recipient, sender, header, facts: {}, now, policies };
    const { decision, lines } = dryRun(input);
    const from = sender.address?.value ?? '(nobody)';
    const headline = `${fullTime(now)}  ${from} → ${account.name}, if it were sent`;
    const [first = '', ...rest] = [...lines, ...ifOpen(decision, channels)];
    print(call, { at: now, to: account.name, decision }, [headline, first, ...rest.map(indented)]);
  });
}

/** Who has a page open is known to the running switch alone. */
function ifOpen(decision: Decision, channels: readonly Channel<never>[]): readonly string[] {
  if (decision.kind !== 'deliver') return [];
  const planned = decision.plan.steps.flatMap(({ endpoints }) => endpoints);
  const onPages = channels
    .filter(({ facts }) => facts.page !== undefined)
    .filter(({ name }) => planned.some(({ address }) => address.channel === name));
  return onPages.map(({ name }) => `· ${name}: to a page only while one is open, else passed over`);
}

function indented(line: string): string {
  return `  ${line}`;
}
