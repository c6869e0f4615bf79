/**
 * The contenders: each takes mail at a port of its own and passes it on to the sink, as processes
 * whose cost can be read. The switch runs as people run it: its own process, the embedded store,
 * every accept flushed, logs at their usual level into a file.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Service } from '../../scripts/services.js';
import { temporaryFolder } from '../harness/files.js';
import { runPostfix } from '../harness/mail-servers.js';
import { untilExit } from '../harness/program.js';
import { type SwitchProcess, startSwitch } from '../harness/switch-process.js';
import type { Closing } from './closing.js';

export interface Contender {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** Who the load writes to. */
  readonly to: string;
  /** What of its configuration a reader must know to judge the comparison. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface SwitchContender extends Contender {
  readonly running: SwitchProcess;
}

export const OUTSIDE = 'sink@outside.example';

export interface SwitchSettings {
  readonly settings: Readonly<Record<string, string>>;
  /** A folder, without blanks in its name, for a CPU profile of the whole run. */
  readonly profile?: string | undefined;
}

/** A switch whose demo subscriber has all mail sent to an outside address. */
export async function startPatchboard(
  closing: Closing,
  { settings, profile }: SwitchSettings,
  outside = OUTSIDE,
): Promise<SwitchContender> {
  const log = join(temporaryFolder(closing), 'log');
  const running = await startSwitch(closing, {
    settings,
    wrapper: ['sh', '-c', 'exec "$0" $BENCH_FLAGS "$@" 2>"$BENCH_LOG"'],
    environment: {
      BENCH_LOG: log,
      BENCH_FLAGS: profile === undefined ? '' : `--cpu-prof --cpu-prof-dir=${profile}`,
    },
  });
  const { demo, child, addresses } = running;
  // Politely: a profile is written at the end.
  closing.after(() => running.stop());
  if (demo === undefined) throw new Error('the switch has made no demo account');
  await forward(running, { account: demo.name, to: outside });
  const port = portOf(addresses['email'] ?? '');
  const shown = { ...settings, store: 'embedded, flushed', 'log.level': 'info' };
  return {
    name: 'patchboard',
    pid: child.pid ?? 0,
    port,
    to: demo.address,
    settings: shown,
    running,
  };
}

/** What comes for the account goes to an outside mail address, and nowhere else. */
export async function forward(
  running: SwitchProcess,
  { account, to }: { readonly account: string; readonly to: string },
): Promise<void> {
  const addresses = [{ channel: 'email', value: to }];
  await running.operate('device.add', { account, name: 'outside', addresses });
  const steps = [{ endpoints: ['outside'] }];
  const profile = { id: 'away', name: 'Away', steps, confirms: 'any', lastResort: 'inbox' };
  await running.operate('profile.put', { account, profile });
  await running.operate('profile.use', { account, profile: 'away' });
}

export async function startLibraries(
  closing: Closing,
  at: { readonly sinkPort: number; readonly sessions: number },
): Promise<Contender> {
  const script = join(import.meta.dirname, 'libraries.js');
  const child = fork(script, [String(at.sinkPort), String(at.sessions)], { stdio: 'inherit' });
  closing.after(async () => {
    child.kill('SIGKILL');
    await untilExit(child);
  });
  const [port] = await once(child, 'message');
  const settings = { store: 'none: answered from memory', connections: String(at.sessions) };
  return { name: 'libraries', pid: child.pid ?? 0, port: Number(port), to: OUTSIDE, settings };
}

/** Debian's postfix, told to be as fast as it can without giving up its queue on disk. */
export async function startDebianPostfix(
  closing: Closing,
  service: Service<'postfix'>,
  at: { readonly sinkPort: number; readonly sessions: number },
): Promise<Contender> {
  const sessions = String(at.sessions);
  const relay = await runPostfix(closing, service, `127.0.0.1:${at.sinkPort}`, {
    in_flow_delay: '0',
    smtp_destination_concurrency_limit: sessions,
    initial_destination_concurrency: sessions,
    // One lost connection must not lower the concurrency.
    smtp_destination_concurrency_failed_cohort_limit: '10',
    smtp_connection_cache_on_demand: 'yes',
    smtp_connection_cache_destinations: `[127.0.0.1]:${at.sinkPort}`,
    smtp_connection_reuse_time_limit: '3600s',
    smtpd_peername_lookup: 'no',
    smtpd_client_connection_count_limit: '0',
    default_process_limit: '100',
    content_filter: '',
    smtpd_milters: '',
  });
  const { address, pid, settings } = relay;
  return { name: 'postfix', pid, port: portOf(address), to: OUTSIDE, settings };
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
