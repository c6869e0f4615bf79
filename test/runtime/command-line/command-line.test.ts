/** The built `patchboard`, as people and programs call it, alone and beside a switch. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../../runtime/clock.js';
import { holderOf } from '../../../runtime/command-line/ports.js';
import { openEmbeddedReader } from '../../../runtime/store/embedded.js';
import { temporaryFolder } from '../../harness/files.js';
import { type Ran, run } from '../../harness/program.js';
import { MAIN, type SwitchProcess, startSwitch } from '../../harness/switch-process.js';

/** `patchboard` in an empty folder, with nothing of the tests' environment. */
function patchboard(folder: string, ...args: string[]): Promise<Ran> {
  const environment = Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => name.startsWith('PATCHBOARD_') || name === 'STATE_DIRECTORY')
      .map((name) => [name, undefined]),
  );
  return run(process.execPath, [MAIN, ...args], { folder, environment });
}

async function json(running: SwitchProcess, ...args: string[]): Promise<Record<string, unknown>> {
  const ran = await running.command(...args, '--json');
  assert.equal(ran.stdout.trim().split('\n').length, 1, `one document: ${ran.stdout}${ran.stderr}`);
  return JSON.parse(ran.stdout);
}

describe('the command line', () => {
  it('names its commands, and the one that was meant', async (t) => {
    const folder = temporaryFolder(t);
    const help = await patchboard(folder, '--help');
    assert.equal(help.code, 0);
    for (const name of ['start', 'track', 'queue', 'backup'])
      assert.match(help.stdout, new RegExp(name));
    const typo = await patchboard(folder, 'trakc');
    assert.equal(typo.code, 2);
    assert.match(typo.stderr, /There is no command "trakc"; did you mean "track"\?/);
    const flag = await patchboard(folder, 'track', '--wiat');
    assert.equal(flag.code, 2);
    assert.match(flag.stderr, /did you mean --wait\?/);
  });

  it('says where there is no data, and that nothing runs', async (t) => {
    const folder = temporaryFolder(t);
    const track = await patchboard(folder, 'track', 'last');
    assert.equal(track.code, 1);
    assert.match(track.stderr, /There is no data in .\/data: start the switch once/);
    const status = await patchboard(folder, 'status', '--json');
    assert.equal(status.code, 69);
    assert.equal(JSON.parse(status.stdout).code, 'NOT_RUNNING');
  });

  it('prints settings with their places and refuses wrong ones', async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'patchboard.yaml'), 'domain: example.org\n');
    const shown = await patchboard(folder, 'config', 'print', '--log.level', 'debug');
    assert.match(shown.stdout, /^domain +example.org +\(.*patchboard.yaml:1\)$/m);
    assert.match(shown.stdout, /^log.level +debug +\(--log.level\)$/m);
    writeFileSync(join(folder, 'patchboard.yaml'), 'doman: example.org\n');
    const refused = await patchboard(folder, 'start');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /yaml:1: unknown setting "doman"; did you mean "domain"\?/);
  });

  it('tells with --json in one document what it did not understand', async (t) => {
    const folder = temporaryFolder(t);
    for (const words of [['inbox'], ['trakc'], ['track', '--wiat'], ['dead', 'show']]) {
      const ran = await patchboard(folder, ...words, '--json');
      assert.equal(ran.code, 2);
      assert.equal(JSON.parse(ran.stdout).code, 'USAGE');
      assert.equal(ran.stderr, '');
    }
  });

  it('sets nothing up with a wrong domain, an unknown answer or over an older key', async (t) => {
    const folder = temporaryFolder(t);
    const setup = (...words: string[]) => patchboard(folder, 'setup', '--yes', ...words);
    assert.equal((await setup('--domain', 'not a domain')).code, 2);
    assert.match((await setup('--domain', 'a.example', '--answer', 'x=1')).stderr, /nobody asks/);
    assert.equal(existsSync(join(folder, 'patchboard-signing.pem')), false);
    writeFileSync(join(folder, 'patchboard-signing.pem'), 'older');
    const kept = await setup('--domain', 'a.example');
    assert.equal(kept.code, 1);
    assert.match(kept.stderr, /patchboard-signing.pem exists: keep the key/);
    assert.equal(existsSync(join(folder, 'patchboard.yaml')), false);
  });

  it('shows which profile is in use, its waits, and until when it is quiet', async (t) => {
    const folder = temporaryFolder(t);
    await patchboard(folder, 'account', 'add', 'ann');
    await patchboard(folder, 'device', 'add', 'ann', 'work', 'email:ann@work.example');
    const steps = ['--step', 'work@5m', '--step', 'inbox', '--dead'];
    await patchboard(folder, 'profile', 'put', 'ann', 'day', ...steps);
    await patchboard(folder, 'profile', 'use', 'ann', 'day');
    const quiet = await patchboard(folder, 'profile', 'quiet', 'ann', '--until', '1h');
    assert.match(quiet.stdout, /^ {2}profile {2}day: work, after 5 m inbox, else dead$/m);
    assert.match(quiet.stdout, /^ {2}in use {3}day$/m);
    assert.match(quiet.stdout, /^ {2}quiet {4}until \d{4}-/m);
    const removed = await patchboard(folder, 'account', 'remove', 'ann');
    assert.equal(removed.stdout, 'removed: ann\n');
  });

  it('sets up a switch: a file that loads, a private key, the DNS records', async (t) => {
    const folder = temporaryFolder(t);
    const setup = await patchboard(folder, 'setup', '--yes', '--domain', 'example.org');
    assert.equal(setup.code, 0, setup.stderr);
    for (const record of [
      /MX {2}10 pb\.example\.org\./,
      /v=spf1/,
      /v=DKIM1; k=rsa; p=[^"]{200,}" "/,
      /v=DMARC1/,
    ]) {
      assert.match(setup.stdout, record);
    }
    assert.equal(statSync(join(folder, 'patchboard-signing.pem')).mode & 0o777, 0o600);
    const check = await patchboard(folder, 'config', 'check');
    assert.equal(check.code, 0, check.stderr);
    const before = readFileSync(join(folder, 'patchboard.yaml'), 'utf8');
    const again = await patchboard(folder, 'setup', '--yes', '--domain', 'example.com');
    assert.equal(again.code, 1);
    assert.equal(readFileSync(join(folder, 'patchboard.yaml'), 'utf8'), before);
  });

  it('examines what is there, and says it so that it can be pasted', async (t) => {
    const folder = temporaryFolder(t);
    const ports = ['--email.listen', '127.0.0.1:0', '--http.listen', '127.0.0.1:0'];
    const doctor = await patchboard(folder, 'doctor', ...ports, '--json');
    assert.equal(doctor.code, 0, doctor.stdout);
    const { findings } = JSON.parse(doctor.stdout);
    const abouts = findings.map((finding: { about: string }) => finding.about);
    assert.deepEqual(abouts, ['config', 'store', 'http', 'email']);
    const wrong = await patchboard(folder, 'doctor', '--domain', 'd', '--log.level', 'loud');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stdout, /✗ config {2}--log.level: log.level is "loud"/);
    const data = ['--data', join(folder, 'gone.example.org', 'deep')];
    const redacted = await patchboard(folder, 'doctor', ...ports, ...data, '--redact');
    assert.doesNotMatch(redacted.stdout, /example\.org/);
  });

  it('names the holder of a configured port', async (t) => {
    const folder = temporaryFolder(t);
    const holder = createServer();
    await new Promise<void>((listening) => holder.listen(0, '127.0.0.1', listening));
    t.after(() => holder.close());
    const bound = holder.address();
    assert.ok(bound !== null && typeof bound === 'object');
    assert.match(holderOf(bound.port) ?? '', new RegExp(`\\(pid ${process.pid}\\)$`));
    const start = await patchboard(folder, 'start', '--http.listen', `127.0.0.1:${bound.port}`);
    assert.equal(start.code, 1);
    assert.match(start.stderr, new RegExp(`port ${bound.port} is held by .*pid ${process.pid}`));
    assert.equal(existsSync(join(folder, 'data')), false);
  });
});

describe('a running switch', () => {
  it('is ready, sends, tracks, holds, releases, copies, and stops', async (t) => {
    const running = await startSwitch(t);
    assert.equal(running.demo?.name, 'demo');
    assert.equal(statSync(join(running.data, 'control.sock')).mode & 0o777, 0o600);
    assert.deepEqual((await json(running, 'status'))['addresses'], running.addresses);

    const sent = await json(running, 'send', 'demo', '--subject', 'Hello', '--text', 'there');
    const tracked = await json(running, 'track', String(sent['id']).slice(-6), '--wait');
    assert.equal(tracked['id'], sent['id']);
    assert.match(JSON.stringify(tracked), /"state":"confirmed","is":"kept in inbox"/);
    const text = await running.command('track');
    assert.match(text.stdout, /^confirmed · kept in inbox$/m);
    assert.equal((await running.command('replay', 'last')).code, 0);
    assert.match((await running.command('explain')).stdout, /profile/);

    assert.equal((await running.command('profile', 'quiet', 'demo', '--until', '1h')).code, 0);
    await json(running, 'send', 'demo', '--subject', 'Later', '--text', 'held');
    const waiting = await running.command('track', '--wait', '--within', '1ms');
    assert.equal(waiting.code, 75);
    assert.match((await running.command('queue')).stdout, /^held +1 /m);
    assert.equal((await running.command('queue', 'release', 'last')).code, 0);
    assert.equal((await running.command('track', 'last', '--wait')).code, 0);
    assert.match((await running.command('inbox', 'demo')).stdout, /Later +kept in inbox/);

    const copy = join(temporaryFolder(t), 'copy');
    assert.equal((await running.command('backup', copy)).code, 0);
    assert.equal(await running.stop(), 0);
    const restored = join(temporaryFolder(t), 'restored');
    const restore = await patchboard(running.data, 'restore', copy, '--data', restored);
    assert.equal(restore.code, 0, restore.stderr);
    const there = await patchboard(running.data, 'inbox', 'demo', '--data', restored);
    assert.match(there.stdout, /Later/);
    const store = openEmbeddedReader({ directory: restored, clock: systemClock() });
    t.after(() => store.close());
    const links = await store.list('keys/sign-in', { limit: 10, order: 'ascending' });
    assert.equal(links.length, 1);
    for (const key of links) assert.equal((await store.get(key))?.head.closed, true);
  });

  it('leaves what was commanded while it was stopped to its next start', async (t) => {
    const first = await startSwitch(t);
    assert.equal(await first.stop(), 0);
    assert.equal((await first.command('status')).code, 69);
    const sent = await json(first, 'send', 'demo', '--subject', 'Off', '--text', 'line');
    const second = await startSwitch(t, { data: first.data });
    assert.equal(second.demo, undefined);
    assert.equal((await second.command('track', String(sent['id']), '--wait')).code, 0);
  });

  it('reloads a good configuration and keeps running with a bad one', async (t) => {
    const running = await startSwitch(t, { yaml: 'domain: example.org\n' });
    assert.equal(running.demo, undefined);
    assert.equal((await running.command('reload')).code, 0);
    const file = configOf(running);
    writeFileSync(file, 'domain: [\n');
    const refused = await running.command('reload', '--json');
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /CONFIG_INVALID/);
    assert.equal((await running.command('status')).code, 0);
  });

  it('opens accounts and devices, and shows no password', async (t: TestContext) => {
    const running = await startSwitch(t);
    assert.equal((await running.command('account', 'add', 'ann')).code, 0);
    const device = ['device', 'add', 'ann', 'Phone', 'loopback:phone'];
    const added = await running.command(...device);
    assert.equal(added.code, 0, added.stderr);
    const profile = ['profile', 'put', 'ann', 'work', '--step', 'phone@5m', '--step', 'inbox'];
    assert.equal((await running.command(...profile)).code, 0);
    const shown = await json(running, 'account', 'show', 'demo');
    assert.equal(shown['hasPassword'], true);
    assert.equal('password' in shown, false);
    const unknown = await running.command('device', 'remove', 'ann', 'pager');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /ann has no device pager/);
  });
});

function configOf(running: SwitchProcess): string {
  const args = running.child.spawnargs;
  return args[args.indexOf('--config') + 1] ?? '';
}
