/** The benchmarks in small, so that they cannot rot: all runs, every mail is accounted for. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runBench } from '../../scripts/bench.js';
import { need } from '../../scripts/services.js';
import { identify, MAIL_BYTES, mailWith } from './mail.js';

const TIMEOUT = { timeout: 180_000 };
/** Speed is for the benchmark itself to judge, on a quiet machine and with many mails. */
const SPEED = /postfix; promised|cost grew|MiB of memory/;

test(
  'a small benchmark runs to its end and loses, repeats or changes no mail',
  TIMEOUT,
  async () => {
    const lines: string[] = [];
    const missed = await runBench({
      rounds: 1,
      messages: 60,
      queued: 200,
      subscribers: 20,
      sessions: 5,
      retry: '1s',
      postfix: 'missing' in (await need('postfix')) ? 'leftOut' : 'required',
      print: (line) => lines.push(line),
    });
    assert.deepEqual(
      missed.filter((what) => !SPEED.test(what)),
      [],
    );
    const text = lines.join('\n');
    assert.match(text, /^patchboard {2,}\d/m);
    assert.match(text, /^libraries {2,}\d/m);
    assert.match(text, /every mail checked at the sink: none lost, 0 twice/);
    assert.match(text, /200 arrived, 0 twice/);
    assert.match(text, /^20 subscribers with open pages/m);
    assert.match(text, /patchboard ÷ bare ws: \d/);
  },
);

test('the sink knows a mail that was changed on its way', () => {
  const mail = mailWith('run.7');
  assert.equal(mail.length, MAIL_BYTES);
  assert.equal(identify(Buffer.concat([Buffer.from('Received: by us\r\n'), mail])), 'run.7');
  const changed = Buffer.from(mail);
  changed[MAIL_BYTES - 10] = 0x21;
  assert.equal(identify(changed), undefined);
});
