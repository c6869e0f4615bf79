/** "Copy as test": the text compiles, runs, and holds nobody's name. */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { asTest } from '../../../../runtime/console/history/as-test.js';
import { begin, walk } from '../../../../runtime/kernel/logic.js';
import type { HistoryEntry, MessageEvent, MessageInput } from '../../../../schemas/message.js';
import { findRoot } from '../../../../scripts/root.js';
import { temporaryFolder } from '../../../harness/files.js';
import { makeInput, makePlan, outcome, routed, sending } from '../../../harness/messages.js';
import { run } from '../../../harness/program.js';

const root = findRoot();
const AT = 1_763_900_000_000;
const TOOK_MS_MAX = 120_000;

/** Names, addresses and words of people, and characters that end a string or a comment. */
const PEOPLE = {
  sender: 'grace.hopper@navy.example',
  recipient: 'ada@lovelace.example',
  subject: "It's `late` */ \\ \u2028 for Charles",
  endpoint: 'adas-telephone',
  worker: 'host-of-babbage',
  reason: 'mailbox of Ada Lovelace is full',
};

const input: MessageInput = makeInput({
  createdAt: AT,
  recipient: {
    kind: 'subscriber',
    account: 'account-of-ada',
    via: { channel: 'pager', value: PEOPLE.recipient },
  },
  sender: {
    address: { channel: 'pager', value: PEOPLE.sender },
    name: 'Grace',
    verification: { verified: true, how: 'DKIM of navy.example ok' },
  },
  header: { subject: PEOPLE.subject, priority: 'high', size: 10, expiry: AT + 500_000 },
  origin: { channel: 'pager', peer: '192.0.2.7', startedAt: AT - 3, trace: { helo: 'navy' } },
});

function named(event: MessageEvent): MessageEvent {
  if (event.type === 'SENDING') return { ...event, worker: PEOPLE.worker };
  if (event.type !== 'OUTCOME') return event;
  return { ...event, outcome: { ...event.outcome, reason: PEOPLE.reason, peer: PEOPLE.worker } };
}

function history(): readonly HistoryEntry[] {
  const plan = makePlan([[PEOPLE.endpoint], ['fax-of-ada']]);
  const secret = { mediaType: 'text/plain', text: 'Dear Charles' };
  const umf = {
    uid: '1',
    to: [],
    body: secret,
    priority: 'normal',
    securityLevel: 'normal',
  } as const;
  const events: MessageEvent[] = [
    { type: 'STORED', at: AT },
    {
      type: 'ROUTED',
      at: AT,
      decision: { kind: 'hold', until: AT + 10, because: 'Ada sleeps', reasons: [] },
    },
    { type: 'RELEASE', at: AT + 5, id: 'c1', by: 'ada (page)' },
    routed(plan, AT + 6),
    { type: 'DISPATCHED', at: AT + 6 },
    sending('0.1.abcd', AT + 7),
    outcome('0.1.abcd', 'retry', AT + 8),
    sending('0.2.abce', AT + 2000),
    outcome('0.2.abce', 'failed', AT + 2001),
    sending('1.1.abcf', AT + 2002),
    outcome('1.1.abcf', 'failed', AT + 2003),
    { type: 'EDIT', at: AT + 3000, id: 'c2', by: 'olga', content: { kind: 'umf', umf } },
    {
      type: 'REDIRECT',
      at: AT + 3001,
      id: 'c3',
      by: 'olga',
      to: { kind: 'outside', via: { channel: 'pager', value: 'babbage@engine.example' } },
    },
  ];
  const walked = walk(
    { standing: begin(input), savedAt: AT, worker: PEOPLE.worker },
    events.map(named),
  );
  assert.ok(walked);
  assert.ok(walked.entries.some(({ state }) => state === 'failed.dead'));
  return walked.entries;
}

test('nobody is named in it, nor what was written', () => {
  const text = asTest(input, history());
  for (const word of [
    'ada',
    'lovelace',
    'grace',
    'navy',
    'charles',
    'babbage',
    'telephone',
    'sleeps',
    '192.0',
    'olga',
    'abcd',
    '176390',
  ]) {
    assert.ok(!text.toLowerCase().includes(word), `it names ${word}:\n${text}`);
  }
  assert.match(text, /text 1/);
});

test('the same stands for the same, so that what was one stays one', () => {
  const text = asTest(input, history());
  const worker = /worker: '(worker-\d+)'/.exec(text)?.[1];
  assert.equal(new Set(text.match(/worker: 'worker-\d+'/g)).size, 1, String(worker));
  const attempts = text.match(/attempt: '0\.1\.[^']+'/g) ?? [];
  assert.equal(attempts.length, 2);
  assert.equal(new Set(attempts).size, 1);
});

test('it compiles as it stands and passes; with another course it fails', async (t) => {
  const folder = temporaryFolder(t);
  const texts = new Map([['whole', asTest(input, history())]]);
  const fixtures = join(root, 'test/fixtures/messages');
  for (const file of readdirSync(fixtures)) {
    const { document } = JSON.parse(readFileSync(join(fixtures, file), 'utf8'));
    texts.set(file.replace('.json', ''), asTest(document.input, document.history));
  }
  const other = history().map((entry, i) => (i === 3 ? { ...entry, state: 'confirmed' } : entry));
  texts.set('other', asTest(input, other));
  mkdirSync(join(folder, 'test/replayed'), { recursive: true });
  for (const [name, text] of texts)
    writeFileSync(join(folder, `test/replayed/${name}.test.ts`), text);
  for (const name of ['schemas', 'actors', 'runtime', 'node_modules', 'package.json']) {
    symlinkSync(join(root, name), join(folder, name));
  }
  const compilerOptions = { rootDir: '.', outDir: 'out', preserveSymlinks: true, sourceMap: false };
  const settings = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['test'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const limits = { folder, withinMs: TOOK_MS_MAX, environment: { NODE_TEST_CONTEXT: undefined } };
  const compiled = await run(process.execPath, [compiler, '-p', folder], limits);
  assert.equal(compiled.code, 0, compiled.stdout + compiled.stderr);
  const tests = [...texts.keys()].map((name) => `out/test/replayed/${name}.test.js`);
  const [wrong] = tests.splice(tests.indexOf('out/test/replayed/other.test.js'), 1);
  const right = await run(process.execPath, ['--test', ...tests], limits);
  assert.equal(right.code, 0, right.stdout + right.stderr);
  const failed = await run(process.execPath, ['--test', wrong ?? ''], limits);
  assert.equal(failed.code, 1);
  assert.match(failed.stdout, /step 4, ROUTED/);
});
