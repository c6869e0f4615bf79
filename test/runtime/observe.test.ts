/** Log lines: JSON with hashed addresses, and short ones for a terminal. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { timeOfDay } from '../../runtime/clock.js';
import {
  createLog,
  hashAddress,
  jsonLines,
  prettyLine,
  prettyLines,
} from '../../runtime/observe.js';
import { manualClock } from '../harness/manual-clock.js';

const AT = Date.UTC(2026, 10, 23, 13, 2, 11, 204);
const KEY = 'key';

function logged(
  hashKey: string | undefined,
  facts: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const write = jsonLines({ clock: manualClock(AT), destination, hashKey });
  createLog({ level: 'info', write }).info('delivery.confirmed', facts);
  assert.equal(lines.length, 1);
  return JSON.parse(lines[0] ?? '');
}

describe('logs as JSON', () => {
  it('have time, level as a word, event and the facts', () => {
    const line = logged(undefined, { messageId: 'm1', durationMs: 9 });
    assert.deepEqual(line, {
      level: 'info',
      time: '2026-11-23T13:02:11.204Z',
      messageId: 'm1',
      durationMs: 9,
      event: 'delivery.confirmed',
    });
  });

  it('hash addresses wherever they stand, the same one always alike', () => {
    const line = logged(KEY, {
      to: 'ann@example.org',
      via: '+15550100',
      reason: '550 <ann@example.org> unknown',
      peers: [{ channel: 'pager', value: '0012345' }],
      error: new Error('no route to ann@example.org'),
    });
    const hashed = hashAddress('ann@example.org', KEY);
    assert.equal(line['to'], hashed);
    assert.equal(line['reason'], `550 <${hashed}> unknown`);
    assert.match(String(line['error']), new RegExp(`no route to ${hashed}`));
    const text = JSON.stringify(line);
    for (const secret of ['ann@', '15550100', '0012345']) assert.ok(!text.includes(secret), secret);
  });

  it('leave out what people wrote', () => {
    assert.equal(logged(KEY, { subject: 'Diagnosis' })['subject'], undefined);
  });

  it('keep addresses where the operator asked for them', () => {
    assert.equal(logged(undefined, { to: 'ann@example.org' })['to'], 'ann@example.org');
  });
});

describe('logs on a terminal', () => {
  it('are one line for a message in and one for its delivery', () => {
    const time = timeOfDay(AT, 'seconds');
    const messageId = 'm3k9x7q2w4t8h5b1';
    const accepted = { channel: 'pager', from: 'you@example.org', subject: 'Hello', messageId };
    const inLine = { at: AT, level: 'info', event: 'message.accepted', facts: accepted } as const;
    assert.equal(
      prettyLine(inLine),
      `${time}  ← pager  you@example.org  "Hello"   m3k9x7q2w4t8h5b1`,
    );
    const kept = {
      channel: 'inbox',
      to: 'demo',
      confirmation: 'kept',
      sinceAcceptMs: 9,
      messageId,
    };
    const outLine = { at: AT, level: 'info', event: 'delivery.confirmed', facts: kept } as const;
    assert.equal(
      prettyLine(outLine),
      `${time}  → inbox  demo  kept, 9 ms                   npx patchboard track ${messageId}`,
    );
  });

  it('tell the reason of what did not work', () => {
    const facts = { channel: 'pager', to: 'x', reason: '451 greylisted', messageId: 'm' };
    const line = prettyLine({ at: AT, level: 'info', event: 'delivery.retry', facts });
    assert.match(line, /→ pager {2}x {2}retry: 451 greylisted/);
  });

  it('hold back what is below the level', () => {
    const lines: string[] = [];
    const write = prettyLines({ clock: manualClock(AT), print: (line) => void lines.push(line) });
    const log = createLog({ level: 'warn', write });
    log.debug('a');
    log.info('b');
    log.warn('c.happened', { count: 2 });
    log.error('d');
    assert.deepEqual(
      lines.map((line) => line.slice(10)),
      ['! c.happened  count=2', '✗ d'],
    );
  });
});
