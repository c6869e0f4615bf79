/**
 * The demo account and the first message: what a newcomer meets. It exists only with new data, no
 * configuration file and loopback listeners; the command comes from the channel, core names none.
 */

import { spawn } from 'node:child_process';
import type { Channel } from '../../actors/channel.js';
import type { Clock } from '../../actors/machinery.js';
import type { Account, Profile } from '../../schemas/account.js';
import type { Accounts } from '../accounts.js';
import { isLoopbackHost, splitListen } from '../gateway/listen.js';

export const DEMO_NAME = 'demo';
const PHONE_NAME = 'Practice phone';
const PASSWORD_BYTES = 12;

export interface Demo {
  readonly name: string;
  readonly address: string;
  readonly password: string;
}

/** Whether only this computer can connect to every one of these. */
export function isLoopback(addresses: readonly string[]): boolean {
  return addresses.every((address) => isLoopbackHost(splitListen(address).host));
}

/**
 * Opens the demo account with a practice phone, both roles, and a profile that tries every device
 * at once; its password is told once and never again.
 */
export async function openDemo(
  accounts: Accounts,
  options: {
    readonly clock: Clock;
    readonly address: string;
    readonly channels: readonly Channel<never>[];
  },
): Promise<Demo | undefined> {
  const { clock, address, channels } = options;
  const password = Buffer.from(clock.random(PASSWORD_BYTES)).toString('base64url');
  const roles = ['subscriber', 'operator'] as const;
  const created = await accounts.create({ name: DEMO_NAME, password, roles });
  if (!created.ok) return undefined;
  await givePracticePhone(accounts, created.account, channels);
  return { name: DEMO_NAME, address, password };
}

/** A device on the page itself, and a profile whose first step is every device there is. */
async function givePracticePhone(
  accounts: Accounts,
  { id, name }: Account,
  channels: readonly Channel<never>[],
): Promise<void> {
  const practice = channels.find(({ facts }) => facts.page === 'practice');
  if (practice === undefined) return;
  const addresses = [{ channel: practice.name, value: `${name}-phone` }];
  const added = await accounts.addDevice(id, { name: PHONE_NAME, addresses });
  const profile = added.ok && profileOf(added.account);
  const done = profile ? await accounts.putProfile(id, profile) : added;
  if (!done.ok) throw new Error(`The demo account has no practice phone: ${done.message}`);
}

function profileOf({ devices, profiles, defaultProfile }: Account): Profile | undefined {
  const profile = profiles.find((own) => own.id === defaultProfile);
  const endpoints = devices
    .flatMap((device) => device.endpoints)
    .filter((endpoint) => endpoint.lastResort !== true)
    .map((endpoint) => endpoint.id);
  return profile && { ...profile, steps: [{ endpoints }] };
}

export interface Invitation {
  readonly program: string;
  readonly args: readonly string[];
}

/** The demo's address on the first channel that invites. */
export function invitingChannel(channels: readonly Channel<never>[]): Channel<never> | undefined {
  return channels.find(
    ({ facts }) => facts.invitation !== undefined && facts.accountAddress !== undefined,
  );
}

/** The address of an account on a channel, as accounts get it when they are opened. */
export function accountAddress(channel: Channel<never>, name: string, domain: string): string {
  const pattern = channel.facts.accountAddress ?? '{name}';
  return pattern.replace('{name}', name).replace('{domain}', domain);
}

/** The channel's command with its places filled in. */
export function invitation(
  channel: Channel<never>,
  places: { readonly listen: string; readonly to: string },
): Invitation | undefined {
  const [program, ...args] = channel.facts.invitation?.command ?? [];
  if (program === undefined) return undefined;
  const fill = (text: string): string =>
    text.replace('{listen}', places.listen).replace('{to}', places.to);
  return { program, args: args.map(fill) };
}

/** As it is typed into a shell. */
export function shellText({ program, args }: Invitation): string {
  return [program, ...args].map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Runs it; resolves to what went wrong, or undefined. */
export function runInvitation({ program, args }: Invitation): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-1000);
    });
    child.on('error', (error) => resolve(`${program}: ${error.message}`));
    child.on('exit', (code) => resolve(code === 0 ? undefined : said.trim() || `exit ${code}`));
  });
}
