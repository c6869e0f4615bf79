/** `patchboard explain --to`: what would happen, told by the decision itself; nothing is sent. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSwitch } from '../../harness/switch-process.js';

test('a message that nobody sent is explained for any time and sender', async (t) => {
  const on = await startSwitch(t);
  const ran = async (...args: string[]) => {
    const { code, stdout, stderr } = await on.command(...args);
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  await ran('device', 'add', 'demo', 'phone', 'email:demo@phone.example');
  await ran('profile', 'put', 'demo', 'home', '--step', 'phone@5m', '--step', 'inbox');
  await ran('profile', 'use', 'demo', 'home', '--from', '2030-01-01T00:00');
  const quiet = ['profile', 'quiet', 'demo', '--until', '2029-12-30T07:00'];
  await ran(...quiet, '--except-sender', 'boss@example.org');
  const explain = (...args: string[]) => ran('explain', '--to', 'demo', ...args);
  const sunday = ['--at', '2029-12-30T03:00'];

  assert.match(await explain('--from', 'you@example.org', ...sunday), /^held until 2029-12-30/m);
  assert.match(
    await explain('--from', 'boss@example.org', ...sunday),
    /^goes by web and loopback, else inbox$/m,
  );
  const forged = await explain('--from', 'boss@example.org', ...sunday, '--unverified');
  assert.match(forged, /^held until .*\n[\s\S]*sender is not verified/m);
  const later = await explain('--from', 'you@example.org', '--at', '2030-06-02T03:00');
  assert.match(later, /^2030-06-02 03:00:00 \S+ {2}you@example\.org → demo, if it were sent$/m);
  assert.match(later, /^goes by email, else inbox$/m);
  assert.doesNotMatch(later, /only while one is open/);
  await ran('profile', 'put', 'demo', 'page', '--step', 'web', '--step', 'inbox');
  await ran('profile', 'use', 'demo', 'page', '--from', '2031-01-01T00:00');
  const open = await explain('--at', '2031-06-02T03:00');
  assert.match(open, /^goes by web, else inbox\n[\s\S]*web: to a page only while one is open/m);
  const document = JSON.parse(await explain('--at', '2030-06-02T03:00', '--json'));
  assert.equal(document.decision.kind, 'deliver');
  assert.equal((await on.command('queue', '--json')).code, 0);
  const { messages } = JSON.parse(await ran('inbox', 'demo', '--json'));
  assert.deepEqual(messages, []);

  assert.equal((await on.command('explain', '--to', 'nobody')).code, 1);
  assert.equal((await on.command('explain', 'last', '--to', 'demo')).code, 2);
  assert.equal((await on.command('explain', '--to', 'demo', '--at', 'soon')).code, 2);
  assert.equal((await on.command('explain', '--to', 'demo', '--from', '@@')).code, 2);
});
