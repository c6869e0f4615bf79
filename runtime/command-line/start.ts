/**
 * `patchboard start`: the switch in the foreground.
 *
 * Stages: settings → ports → data, workers, doors (serve) → demo account → banner or ready line →
 * signals. SIGTERM and SIGINT drain and stop, a second one ends at once; SIGHUP reloads.
 */

import { execFile } from 'node:child_process';
import { channels } from '../../actors/channels/index.js';
import type { Log } from '../../actors/machinery.js';
import type { DemoHints } from '../../schemas/console.js';
import { type LoadedConfig, loadConfig } from '../config.js';
import { callControl } from '../control.js';
import { createLog, jsonLines, prettyLines } from '../observe.js';
import { type Serving, serve } from '../serve.js';
import { hasEnvironment } from '../store/embedded-tables.js';
import { version } from '../version.js';
import { type Call, type Command, EXIT, fail } from './call.js';
import {
  accountAddress,
  DEMO_NAME,
  type Demo,
  type Invitation,
  invitation,
  invitingChannel,
  isLoopback,
  openDemo,
  runInvitation,
  shellText,
} from './demo.js';
import { loadWhole, tellProblems } from './opening.js';
import { nextFree, probe } from './ports.js';

type Loaded = LoadedConfig & { ok: true };

const HASH_KEY_BYTES = 16;

export const command: Command = {
  help: `start [--json] [--config FILE] [--SETTING VALUE]

Runs the switch in the foreground. --json: one line on standard output once it is ready, logs as
JSON on standard error. SIGTERM drains and stops, SIGHUP reads the configuration anew.`,
  async run(call) {
    const loaded = await loadWhole(call);
    if (!tellProblems(call, loaded)) return EXIT.failed;
    const { data } = loaded.config;
    if ((await callControl(data, 'status', {})) !== undefined) {
      const message = `The switch runs on ${data} already: see patchboard status.`;
      return fail(call, { code: 'STORE_UNAVAILABLE', message });
    }
    const settled = await settlePorts(call, loaded);
    if (settled === undefined) return EXIT.failed;
    const isNew = !hasEnvironment(settled.config.data);
    const log = makeLog(call, settled);
    let hints: DemoHints | undefined;
    const serving = await serve({
      demo: (account) => ((account?.name ?? DEMO_NAME) === DEMO_NAME ? hints : undefined),
      config: settled.config,
      clock: call.clock,
      log,
      channels,
      reload: () => reloadWith(call, settled.call),
      onFatal(error) {
        log.error('store.failed', { reason: error.message });
        process.exit(EXIT.failed);
      },
    });
    const demo = await demoFor(call, settled, serving, isNew);
    hints = await demoHints(settled, serving);
    // Before anybody is told that it is ready: who is told may stop it at once.
    const stopped = untilStopped(call, serving, log);
    await announce(call, settled, serving, { isNew, demo, hasDemo: hints !== undefined });
    notifyManager(call, log);
    return stopped;
  },
};

function reloadWith(call: Call, settings: Call): ReturnType<Parameters<typeof serve>[0]['reload']> {
  const loaded = loadConfig({
    channels,
    file: call.configFile,
    flags: settings.settings,
    environment: call.environment,
    directory: call.directory,
  });
  return loaded.ok ? { ok: true, config: loaded.config } : loaded;
}

interface Settled extends Loaded {
  /** With the ports that were found, as if they had been given as flags. */
  readonly call: Call;
}

/** Taken ports: the next free one where nothing was configured, else the holder's name. */
async function settlePorts(call: Call, loaded: Loaded): Promise<Settled | undefined> {
  const moved = new Map(call.settings);
  for (const { path, value } of loaded.settings) {
    if (!/(^|\.)listen$/.test(path) || typeof value !== 'string' || value === 'off') continue;
    if (value.endsWith(':0')) continue;
    const probed = await probe(value);
    if (probed.ok) continue;
    const isFree = loaded.file === undefined && !loaded.given.has(path);
    const next = isFree ? await nextFree(value) : undefined;
    if (next === undefined) {
      const message = `${path} ${value}: ${probed.reason}. Set ${path}, or stop the other program.`;
      fail(call, { code: 'FAILED', message });
      return undefined;
    }
    call.err(`${path} ${value}: ${probed.reason}; taking ${next}`);
    moved.set(path, next);
  }
  const settled = { ...call, settings: moved };
  if (moved.size === call.settings.size) return { ...loaded, call: settled };
  const again = await loadWhole(settled);
  return again.ok ? { ...again, call: settled } : undefined;
}

function makeLog(call: Call, { config }: Loaded): Log {
  const { level, format, addresses } = config.log;
  const { clock } = call;
  const isPretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY === true);
  if (isPretty && !call.json) {
    return createLog({ level, write: prettyLines({ clock, print: call.out }) });
  }
  const hashKey =
    addresses === 'hashed' ? Buffer.from(clock.random(HASH_KEY_BYTES)).toString('hex') : undefined;
  return createLog({ level, write: jsonLines({ clock, destination: process.stderr, hashKey }) });
}

async function demoFor(
  call: Call,
  { config, file }: Loaded,
  serving: Serving,
  isNew: boolean,
): Promise<Demo | undefined> {
  const isHarmless = isNew && file === undefined && isLoopback(Object.values(serving.addresses));
  const channel = invitingChannel(channels);
  if (!isHarmless || channel === undefined) return undefined;
  const address = accountAddress(channel, DEMO_NAME, config.domain);
  return openDemo(serving.running.accounts, { clock: call.clock, address, channels });
}

/** What the demo account's first page says; undefined: there is no demo account any more. */
async function demoHints({ config }: Loaded, serving: Serving): Promise<DemoHints | undefined> {
  if (!isLoopback(Object.values(serving.addresses))) return undefined;
  if ((await serving.running.accounts.find(DEMO_NAME)) === undefined) return undefined;
  const invited = await invitationFor(config.domain, serving);
  const text = invited === undefined ? {} : { invitation: shellText(invited) };
  return { ...text, kill: `kill -9 ${process.pid}`, start: 'npm start' };
}

/**
 * The link of the banner: for the demo account, else for the operator's, but that one only on a
 * terminal, because what stands in a journal is read by others.
 */
async function signInLink({ config }: Loaded, serving: Serving): Promise<string | undefined> {
  const { accounts } = serving.running;
  const isHarmless = isLoopback(Object.values(serving.addresses));
  const demo = isHarmless ? await accounts.find(DEMO_NAME) : undefined;
  if (demo !== undefined) return serving.signInLink(demo.id);
  if (process.stdout.isTTY !== true) return undefined;
  const operator = await accounts.find(config.operator);
  return operator === undefined ? undefined : serving.signInLink(operator.id);
}

async function announce(
  call: Call,
  loaded: Loaded,
  serving: Serving,
  at: { readonly isNew: boolean; readonly demo: Demo | undefined; readonly hasDemo: boolean },
): Promise<void> {
  const { config } = loaded;
  const { addresses, store } = serving;
  if (call.json) {
    const demo = at.demo === undefined ? {} : { demo: at.demo };
    const link = at.hasDemo ? await signInLink(loaded, serving) : undefined;
    const signIn = link === undefined ? {} : { signIn: link };
    call.out(JSON.stringify({ ready: true, addresses, ...demo, ...signIn }));
    return;
  }
  const news = at.isNew ? ' (new)' : '';
  call.out(`Patchboard ${version()}   data ${config.data}${news}   ${store.description}`);
  for (const [name, address] of Object.entries(addresses)) {
    call.out(`  ${door(name, address, serving.url)}`);
  }
  const link = await signInLink(loaded, serving);
  if (link !== undefined) call.out(`Sign in (once, 15 min):  ${link}`);
  if (!isLoopback(Object.values(addresses))) return;
  await invite(call, config.domain, serving);
  if (config.http.publicUrl !== undefined) return;
  call.out('Only this computer can connect. Go live: npx patchboard setup');
}

function door(name: string, address: string, url: string | undefined): string {
  const inviting = channels.find((channel) => channel.name === name)?.facts.invitation;
  if (inviting !== undefined) {
    return `${inviting.label.padEnd(6)}${inviting.url.replace('{listen}', address)}`;
  }
  return name === 'http' ? `${'page'.padEnd(6)}${url ?? address}` : `${name.padEnd(6)}${address}`;
}

/** The line that sends a first message, as long as the demo account is there. */
async function invite(call: Call, domain: string, serving: Serving): Promise<void> {
  const invited = await invitationFor(domain, serving);
  if (invited === undefined) return;
  const isTerminal = process.stdin.isTTY === true;
  const press = isTerminal ? ', or press Enter and I will' : '';
  call.out(`Send a first message from another terminal${press}:`);
  call.out(`  ${shellText(invited)}`);
  if (!isTerminal) return;
  process.stdin.once('data', () => {
    process.stdin.pause();
    runInvitation(invited).then((wrong) => {
      if (wrong !== undefined) call.err(`It could not be sent: ${wrong}`);
    });
  });
}

async function invitationFor(domain: string, serving: Serving): Promise<Invitation | undefined> {
  const channel = invitingChannel(channels);
  const listen = channel === undefined ? undefined : serving.addresses[channel.name];
  if (channel === undefined || listen === undefined) return undefined;
  const demo = await serving.running.accounts.find(DEMO_NAME);
  if (demo === undefined) return undefined;
  const to = accountAddress(channel, DEMO_NAME, domain);
  // The account keeps the address of its first start when the domain is another one now.
  const reached = channel.address(to);
  if (!reached.ok || !demo.addresses.some(({ value }) => value === reached.address.value)) {
    return undefined;
  }
  return invitation(channel, { listen, to });
}

/** Type=notify of systemd: READY=1 by its own tool, there is no datagram socket in Node. */
function notifyManager(call: Call, log: Log): void {
  if ((call.environment['NOTIFY_SOCKET'] ?? '') === '') return;
  execFile('systemd-notify', ['--ready', `--pid=${process.pid}`], (error) => {
    if (error !== null) log.warn('systemd.notify', { reason: error.message });
  });
}

function untilStopped(call: Call, serving: Serving, log: Log): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = (): void => {
      if (stopping) process.exit(EXIT.failed);
      stopping = true;
      process.stdin.pause();
      log.info('switch.stopping');
      serving.stop().then(
        () => {
          log.info('switch.stopped');
          resolve(EXIT.ok);
          process.exit(EXIT.ok);
        },
        (error: unknown) => {
          call.err(`It did not stop cleanly: ${String(error)}`);
          process.exit(EXIT.failed);
        },
      );
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    process.on('SIGHUP', () => {
      serving.reload().catch((error: unknown) => {
        log.error('config.refused', { reason: String(error) });
      });
    });
  });
}
