/**
 * Debian's mail servers as next hops: postfix's smtp-sink, which takes everything, and a postfix
 * of its own for a test, which relays everything to another server.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Service } from '../../scripts/services.js';
import { freePort, temporaryFolder, untilListening } from './files.js';
import { background, run } from './program.js';

const START_MS = 20_000;
const BACKLOG = '100';

type Test = Pick<TestContext, 'after' | 'diagnostic'>;

/** Runs smtp-sink; resolves to its address when it listens. */
export async function startSink(
  t: Test,
  postfix: Service<'postfix'>,
  flags: readonly string[] = [],
): Promise<string> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  background(t, postfix.programs['smtp-sink'], [...user, ...flags, address, BACKLOG]);
  await untilListening(port, { withinMs: START_MS });
  return address;
}

/** What a relay that changes nothing needs; the rest is postfix's own default. */
function mainSettings(folder: string, relayTo: string): Record<string, string> {
  return {
    compatibility_level: '3.6',
    queue_directory: join(folder, 'queue'),
    data_directory: join(folder, 'data'),
    mail_owner: 'postfix',
    setgid_group: 'postdrop',
    maillog_file: join(folder, 'log'),
    maillog_file_prefixes: folder,
    myhostname: 'relay.example.net',
    mydestination: '',
    local_recipient_maps: '',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    mynetworks: '127.0.0.0/8',
    relayhost: relayTo.replace(/^(.*):(\d+)$/, '[$1]:$2'),
    // Leaves headers alone, also where a client on this computer sends them.
    local_header_rewrite_clients: '',
    // Its default would break long lines; content must pass unchanged.
    smtp_line_length_limit: '0',
    smtp_tls_security_level: 'none',
    in_flow_delay: '0',
    message_size_limit: '0',
    mailbox_size_limit: '0',
  };
}

const WORKERS = [
  'pickup unix n - n 60 1 pickup',
  'cleanup unix n - n - 0 cleanup',
  'qmgr unix n - n 300 1 qmgr',
  'tlsmgr unix - - n 1000? 1 tlsmgr',
  'rewrite unix - - n - - trivial-rewrite',
  'bounce unix - - n - 0 bounce',
  'defer unix - - n - 0 bounce',
  'trace unix - - n - 0 bounce',
  'verify unix - - n - 1 verify',
  'flush unix n - n 1000? 0 flush',
  'proxymap unix - - n - - proxymap',
  'smtp unix - - n - - smtp',
  'relay unix - - n - - smtp',
  'error unix - - n - - error',
  'retry unix - - n - - error',
  'discard unix - - n - - discard',
  'anvil unix - - n - 1 anvil',
  'scache unix - - n - 1 scache',
  'postlog unix-dgram n - n - 1 postlogd',
];

/** Starts a postfix that relays to `relayTo`; resolves to its address when it listens. */
export async function startPostfix(
  t: Test,
  postfix: Service<'postfix'>,
  relayTo: string,
): Promise<string> {
  return (await runPostfix(t, postfix, relayTo)).address;
}

export interface Relay {
  readonly address: string;
  /** Of the process whose children do the work. */
  readonly pid: number;
  /** What differs from postfix's own defaults. */
  readonly settings: Readonly<Record<string, string>>;
}

/** A postfix with further settings over those that a relay needs. */
export async function runPostfix(
  t: Test,
  postfix: Service<'postfix'>,
  relayTo: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Relay> {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const config = join(folder, 'etc');
  for (const name of ['etc', 'queue', 'data']) mkdirSync(join(folder, name));
  const settings = { ...mainSettings(folder, relayTo), ...more };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  const main = lines.join('');
  writeFileSync(join(config, 'main.cf'), main);
  const inlet = `127.0.0.1:${port} inet n - n - - smtpd`;
  writeFileSync(join(config, 'master.cf'), `${[inlet, ...WORKERS].join('\n')}\n`);
  const control = (...words: string[]) => run(postfix.programs.postfix, ['-c', config, ...words]);
  const prepared = [await run('chown', ['postfix', join(folder, 'data')]), await control('check')];
  const wrong = prepared.find(({ code }) => code !== 0);
  if (wrong !== undefined) throw new Error(`postfix needs root and its user: ${wrong.stderr}`);
  const { stdout } = await run(postfix.programs.postconf, ['-c', config, '-h', 'daemon_directory']);
  // In the foreground and without a shell between, so that ending it ends all of it.
  const child = background(t, join(stdout.trim(), 'master'), ['-c', config, '-d']);
  await untilListening(port, { withinMs: START_MS });
  return { address: `127.0.0.1:${port}`, pid: child.pid ?? 0, settings };
}
