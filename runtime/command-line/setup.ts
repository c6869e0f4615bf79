/**
 * `patchboard setup`: asks what a switch must know to meet the world, writes patchboard.yaml and a
 * signing key, prints the DNS records. What is asked for each channel, the channel says itself.
 */

import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { stringify } from 'yaml';
import type { SetupAnswers } from '../../actors/channel.js';
import { channels } from '../../actors/channels/index.js';
import { type Call, type Command, EXIT, fail, print, texts, UsageError } from './call.js';
import { dataDirectory } from './opening.js';

const KEY_BITS = 2048;
/** Labels of letters, digits and hyphens (RFC 1123 section 2.1), at least two. */
const DOMAIN = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{1,63}$/i;
const KEY_NAME = 'patchboard-signing.pem';

export const command: Command = {
  help: `setup [--config FILE] [--domain NAME] [--answer NAME=TEXT]... [--yes] [--json]

Asks for the domain, the operator and what each channel must know; writes patchboard.yaml and a
signing key; prints the DNS records. --yes takes the given answers and defaults without asking.
An existing file is never overwritten.`,
  options: {
    answer: { type: 'string', multiple: true },
    yes: { type: 'boolean' },
  },
  async run(call) {
    const file = call.configFile ?? join(call.directory, 'patchboard.yaml');
    if (existsSync(file)) {
      const message = `${file} exists: change it by hand, or name another one with --config.`;
      return fail(call, { code: 'CONFIG_INVALID', message });
    }
    const keyFile = resolve(dirname(file), KEY_NAME);
    if (existsSync(keyFile)) {
      const message = `${keyFile} exists: keep the key, move it away, or choose another directory.`;
      return fail(call, { code: 'CONFIG_INVALID', message });
    }
    const asking = await openAsking(call);
    try {
      const domain = await asking.ask('domain', 'Your domain', call.settings.get('domain') ?? '');
      if (domain === '') throw new UsageError('the domain is missing: --domain example.org');
      if (!DOMAIN.test(domain)) throw new UsageError(`"${domain}" is no domain: example.org`);
      const operator = await asking.ask('operator', 'Account of the operator', 'operator');
      const answers = await askChannels(asking, domain);
      return write(call, { file, keyFile, domain, operator, answers });
    } finally {
      asking.close();
    }
  },
};

interface Asking {
  ask(name: string, question: string, usual: string): Promise<string>;
  close(): void;
}

async function openAsking(call: Call): Promise<Asking> {
  const given = new Map(
    texts(call, 'answer').map((answer): [string, string] => {
      const at = answer.indexOf('=');
      if (at < 1) throw new UsageError(`--answer "${answer}" is not written as NAME=TEXT`);
      return [answer.slice(0, at), answer.slice(at + 1)];
    }),
  );
  const known = ['domain', 'operator', ...channels.flatMap(questionsOf)];
  for (const name of given.keys()) {
    if (known.includes(name)) continue;
    throw new UsageError(`--answer ${name}: nobody asks that; there are: ${known.join(', ')}`);
  }
  if (call.values['yes'] === true || process.stdin.isTTY !== true) {
    return { ask: async (name, _, usual) => given.get(name) ?? usual, close: () => {} };
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  return {
    async ask(name, question, usual) {
      const known = given.get(name) ?? usual;
      const answer = await lines.question(`${question}${known === '' ? '' : ` [${known}]`}: `);
      return answer.trim() === '' ? known : answer.trim();
    },
    close: () => lines.close(),
  };
}

function questionsOf({ name, setup }: (typeof channels)[number]): string[] {
  return (setup?.questions ?? []).map((question) => `${name}.${question.name}`);
}

async function askChannels(
  asking: Asking,
  domain: string,
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const all = new Map<string, Readonly<Record<string, string>>>();
  for (const { name, setup } of channels) {
    const answers: Record<string, string> = {};
    for (const { name: key, text: question, answer } of setup?.questions ?? []) {
      const usual = answer.replace('{domain}', domain);
      answers[key] = await asking.ask(`${name}.${key}`, question, usual);
    }
    all.set(name, answers);
  }
  return all;
}

interface Chosen {
  readonly file: string;
  readonly keyFile: string;
  readonly domain: string;
  readonly operator: string;
  readonly answers: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

async function write(call: Call, chosen: Chosen): Promise<number> {
  const { file, keyFile, domain, operator } = chosen;
  const data = await dataDirectory(call);
  const pair = generateKeyPairSync('rsa', { modulusLength: KEY_BITS });
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const sections: Record<string, unknown> = {};
  const records: string[] = [];
  for (const { name, setup } of channels) {
    if (setup === undefined) continue;
    const answers = chosen.answers.get(name) ?? {};
    const given: SetupAnswers = { domain, answers, keyFile, publicKey };
    sections[name] = setup.section(given);
    for (const record of setup.records(given)) {
      records.push(`${record.name}.  ${record.type}  ${record.value}`);
    }
  }
  mkdirSync(dirname(file), { recursive: true });
  const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
  writeFileSync(keyFile, pem, { mode: 0o600, flag: 'wx' });
  writeFileSync(file, stringify({ domain, operator, data, ...sections }), { flag: 'wx' });
  print(call, { file, keyFile, records }, [
    `Written: ${file}, ${keyFile}`,
    'Publish these DNS records, and an address (A, AAAA) for the name in MX:',
    ...records.map((record) => `  ${record}`),
    `Then: patchboard start --config ${file}, and patchboard doctor --config ${file}`,
  ]);
  return EXIT.ok;
}
