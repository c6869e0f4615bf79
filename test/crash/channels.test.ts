/**
 * The crash matrix, every channel with a peer: at every generated crash point kill -9, start again,
 * drain, balance the ledger. See matrix.ts for how it runs, peer-scenarios.ts for the load,
 * wrapping.ts for where points come from.
 */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { channels } from '../../actors/channels/index.js';
import { withPeers } from '../harness/channel-peers.js';
import { assertPoints, strikeAll } from './judge.js';
import { PEER_LOAD, scenariosOf } from './peer-scenarios.js';

/** At the web door: answers, the line that opens, what it carries. */
const DOOR_SITES = ['door-in HTTP 200', 'door-in HTTP 101', 'door-in frame channel'];
/** The build that is published. */
const PRODUCTION = ['schemas', 'actors', 'runtime'];

test('every channel with a peer, at every crash point: the same', async (t) => {
  const struck = (await withPeers()).map(({ channel }) => channel.name);
  const others = channels.filter(({ name }) => !struck.includes(name)).map(({ name }) => name);
  t.diagnostic(`struck: ${struck.join(', ')}; without a peer: ${others.join(', ') || 'none'}`);
  const results = await strikeAll(t, PEER_LOAD);
  assertPoints(results, { load: 'peers', sites: [...DOOR_SITES, 'flush'] });
});

test('a channel added to the registry is in the load without a line for it', () => {
  const added = scenariosOf(['post', 'pager']).map(({ name }) => name);
  assert.deepEqual(
    added.filter((name) => name.includes('pager')),
    [
      'a message out by post, in by pager',
      'a device that comes to pager',
      'a message in by pager',
      'a message out by pager, in by post',
    ],
  );
});

test('nothing of the crash points is in the production build', () => {
  const build = join(import.meta.dirname, '../..');
  for (const folder of PRODUCTION) {
    assert.ok(existsSync(join(build, folder)), `${folder} is built`);
    const files = readdirSync(join(build, folder), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((path) => path.endsWith('.js'))) {
      const text = readFileSync(join(build, folder, file), 'utf8');
      assert.doesNotMatch(text, /SIGKILL|CRASH_AT|\/crash\/|crash ?points?['"`]/i, file);
    }
  }
});
