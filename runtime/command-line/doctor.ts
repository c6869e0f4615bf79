/**
 * `patchboard doctor`: what is wrong, and what to do about it. Exit 1 with a problem; warnings
 * alone are exit 0. `--redact` leaves out what should not be pasted into a public place.
 */

import { promises as dns } from 'node:dns';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fdatasyncSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { DnsRecord } from '../../actors/channel.js';
import { channels } from '../../actors/channels/index.js';
import { bytesText } from '../../actors/message-tracker/words.js';
import type { SwitchConfig } from '../../schemas/config.js';
import { callControl } from '../control.js';
import { hashAddresses } from '../observe.js';
import { type Call, type Command, EXIT, print } from './call.js';
import { DEMO_NAME, isLoopback } from './demo.js';
import { loadWhole, withReader } from './opening.js';
import { probe } from './ports.js';

const DNS_WITHIN_MS = 5_000;
const FLUSHES = 8;
const PAGE_BYTES = 4096;

interface Finding {
  readonly verdict: 'ok' | 'warning' | 'problem';
  readonly about: string;
  readonly text: string;
  readonly remedy?: string;
}

export const command: Command = {
  help: `doctor [--redact] [--json]

Checks settings, store, ports, DNS and what a newcomer's set-up leaves behind. --redact: no
addresses and names of computers, safe to paste.`,
  options: { redact: { type: 'boolean' } },
  async run(call) {
    const findings = await examine(call);
    const shown = call.values['redact'] === true ? findings.map(redact) : findings;
    const count = (verdict: Finding['verdict']): number =>
      findings.filter((finding) => finding.verdict === verdict).length;
    const [problems, warnings] = [count('problem'), count('warning')];
    const hint = call.values['redact'] === true ? '' : '   safe to paste: doctor --redact';
    const code = problems > 0 ? EXIT.failed : EXIT.ok;
    print(call, { findings: shown, problems, warnings }, [
      ...shown.flatMap(linesOf),
      `${counted(problems, 'problem')}, ${counted(warnings, 'warning')} (exit ${code})${hint}`,
    ]);
    return code;
  },
};

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function linesOf({ verdict, about, text, remedy }: Finding): string[] {
  const mark = { ok: '✓', warning: '!', problem: '✗' }[verdict];
  const first = `${mark} ${about.padEnd(7)} ${text}`;
  return remedy === undefined ? [first] : [first, `          → ${remedy}`];
}

async function examine(call: Call): Promise<Finding[]> {
  const loaded = await loadWhole(call);
  if (!loaded.ok) {
    return loaded.problems.map((text) => ({ verdict: 'problem', about: 'config', text }));
  }
  const { config, file, warnings } = loaded;
  const status = await callControl(config.data, 'status', {});
  const running = status === undefined ? undefined : JSON.stringify(status);
  const found: Finding[] = [{ verdict: 'ok', about: 'config', text: file ?? 'no file: defaults' }];
  for (const text of warnings) found.push({ verdict: 'warning', about: 'config', text });
  found.push(await storeFinding(call, config));
  for (const setting of loaded.settings) {
    if (!/(^|\.)listen$/.test(setting.path) || typeof setting.value !== 'string') continue;
    found.push(await portFinding(setting.path, setting.value, running));
  }
  found.push(...(await demoFindings(call)));
  for (const channel of channels) {
    const records = channel.setup?.expected(config.channels[channel.name], config.domain) ?? [];
    for (const record of records) found.push(await dnsFinding(call, record));
  }
  return found;
}

async function storeFinding(call: Call, config: SwitchConfig): Promise<Finding> {
  const about = 'store';
  const { data, disk } = config;
  const directory = existsSync(data) ? data : dirname(resolve(data));
  try {
    accessSync(directory, constants.W_OK);
  } catch {
    const remedy = 'give the directory to the account that runs the switch';
    return { verdict: 'problem', about, text: `${directory} cannot be written`, remedy };
  }
  try {
    return await withReader(call, async (store) => {
      const { freeBytes } = store.space();
      const flush = flushMs(call, data).toFixed(1);
      const text = `${data}, flush ${flush} ms, ${bytesText(freeBytes)} free`;
      if (freeBytes > disk.lowBytes) return { verdict: 'ok', about, text };
      const remedy = 'make space: nothing is accepted below disk.lowBytes';
      return { verdict: 'problem', about, text, remedy };
    });
  } catch (error) {
    return { verdict: 'warning', about, text: (error as Error).message };
  }
}

/** `running`: what the running switch says of itself, its addresses among it. */
async function portFinding(path: string, listen: string, running?: string): Promise<Finding> {
  const about = path.replace(/\.listen$/, '');
  if (listen === 'off') return { verdict: 'ok', about, text: 'does not listen' };
  const probed = await probe(listen);
  if (probed.ok) {
    if (running === undefined) return { verdict: 'ok', about, text: `${listen} is free` };
    const text = `${listen}: the switch does not listen there`;
    return { verdict: listen.endsWith(':0') ? 'ok' : 'warning', about, text };
  }
  if (running?.includes(`"${listen}"`) === true) {
    return { verdict: 'ok', about, text: `${listen}: the switch listens there` };
  }
  const remedy = `set ${path}, or stop the other program`;
  return { verdict: 'problem', about, text: `${listen}: ${probed.reason}`, remedy };
}

/** The slowest of a few flushes of one page, as every accepted message needs one. */
function flushMs(call: Call, data: string): number {
  const file = join(data, `doctor.${process.pid}`);
  const page = Buffer.alloc(PAGE_BYTES);
  const fd = openSync(file, 'w', 0o600);
  try {
    const times = Array.from({ length: FLUSHES }, () => {
      const before = call.clock.monotonic();
      writeSync(fd, page);
      fdatasyncSync(fd);
      return call.clock.monotonic() - before;
    });
    return Math.max(...times);
  } finally {
    closeSync(fd);
    rmSync(file);
  }
}

async function demoFindings(call: Call): Promise<Finding[]> {
  try {
    return await withReader(call, async (store) => {
      const { nameRow } = await import('../account-documents.js');
      const keys = await store.list(nameRow(DEMO_NAME), { limit: 1, order: 'ascending' });
      if (keys.length === 0) return [];
      const remedy = `patchboard account remove ${DEMO_NAME}`;
      const text = `the account "${DEMO_NAME}" of the first start is still there`;
      return [{ verdict: 'warning', about: 'demo', text, remedy }];
    });
  } catch {
    return [];
  }
}

async function dnsFinding(call: Call, record: DnsRecord): Promise<Finding> {
  const about = 'dns';
  const remedy = `add: ${record.name}. ${record.type} ${record.value}`;
  const tooLate = new Promise<undefined>((resolve) => {
    call.clock.after(DNS_WITHIN_MS, () => resolve(undefined));
  });
  const answers = await Promise.race([lookUp(record), tooLate]);
  const what = `${record.type} ${record.name}`;
  if (answers === undefined) {
    return { verdict: 'warning', about, text: `${what}: no answer from the DNS` };
  }
  if (answers.some((answer) => answer.includes(record.contains))) {
    return { verdict: 'ok', about, text: `${what} is right` };
  }
  const text = answers.length === 0 ? `${what} is missing` : `${what} is ${answers.join(', ')}`;
  return { verdict: 'warning', about, text, remedy };
}

async function lookUp({ name, type }: DnsRecord): Promise<string[] | undefined> {
  try {
    if (type === 'MX') return (await dns.resolveMx(name)).map(({ exchange }) => exchange);
    return (await dns.resolveTxt(name)).map((parts) => parts.join(''));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    return code === 'ENOTFOUND' || code === 'ENODATA' ? [] : undefined;
  }
}

/** Names and addresses of computers, and mail addresses, are nobody's business. */
function redact(finding: Finding): Finding {
  const hide = (text: string): string => {
    const hashed = hashAddresses({ text }, 'doctor')['text'];
    return String(hashed)
      .replace(/\b\d{1,3}(\.\d{1,3}){3}\b/g, (ip) => (isLoopback([`${ip}:0`]) ? ip : '(address)'))
      .replace(/\b[\w-]+(\.[\w-]+)*\.[a-z]{2,}\b\.?/gi, (name) =>
        /\.(ya?ml|sock)$/.test(name) || /\.listen$/.test(name) ? name : '(name)',
      );
  };
  const { remedy } = finding;
  const text = hide(finding.text);
  return { ...finding, text, ...(remedy === undefined ? {} : { remedy: hide(remedy) }) };
}
