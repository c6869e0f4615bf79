/**
 * Messages as machine version 1 stored them: every later version must load them, replay their
 * history, and go on. Never change these files; add new ones for a new version.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MACHINE_VERSION, standingOf, transit } from '../../../runtime/kernel/logic.js';
import { replay } from '../../../runtime/kernel/replay.js';
import type { MessageDocument, MessageEvent } from '../../../schemas/message.js';
import { findRoot } from '../../../scripts/root.js';

interface Fixture {
  readonly document: MessageDocument;
  /** An event that this message must still take, and where it leads. */
  readonly next: { readonly event: MessageEvent; readonly state: string };
}

const folder = join(findRoot(), 'test/fixtures/messages');
const files = readdirSync(folder);

test('there is a stored message of every older machine and of this one', () => {
  const versions = files.map((file) => Number(/^v(\d+)-/.exec(file)?.[1]));
  for (let version = 1; version <= MACHINE_VERSION; version += 1) {
    assert.ok(versions.includes(version), `no fixture of machine version ${version}`);
  }
});

for (const file of files) {
  test(`${file} loads, replays and goes on`, () => {
    const { document, next }: Fixture = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const replayed = replay(document, document.history);
    assert.ok(replayed.ok, JSON.stringify(replayed));
    const last = replayed.steps.at(-1);
    assert.deepEqual(last, standingOf(document));
    const after = transit(standingOf(document), next.event);
    assert.equal(after?.state, next.state);
  });
}
