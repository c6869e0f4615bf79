/** The control socket: private, bounded, honest about who listens. */

import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import Type from 'typebox';
import {
  type Answer,
  CONTROL_BODY_MAX_BYTES,
  callControl,
  controlPath,
  serveControl,
} from '../../runtime/control.js';
import { operation } from '../../runtime/operations/operation.js';
import { temporaryFolder } from '../harness/files.js';

async function serving(t: TestContext, data = temporaryFolder(t)): Promise<string> {
  const control = await serveControl({
    data,
    operate: async (name, argument): Promise<Answer> => {
      if (name === 'fail') return { ok: false, code: 'ACCOUNT_UNKNOWN', message: 'nobody' };
      return { ok: true, value: { name, argument, bytes: new Uint8Array(3) } };
    },
  });
  t.after(() => control.stop());
  return data;
}

describe('the control socket', () => {
  it('is open to its owner alone', async (t) => {
    const data = await serving(t);
    assert.equal(statSync(controlPath(data)).mode & 0o777, 0o600);
  });

  it('carries an operation and its answer', async (t) => {
    const data = await serving(t);
    assert.deepEqual(await callControl(data, 'queue.retry', { id: 'x' }), {
      ok: true,
      value: { name: 'queue.retry', argument: { id: 'x' }, bytes: '<3 bytes>' },
    });
    const failed = await callControl(data, 'fail', {});
    assert.deepEqual(failed, { ok: false, code: 'ACCOUNT_UNKNOWN', message: 'nobody' });
  });

  it('says undefined where no switch runs, also when a dead one left its socket', async (t) => {
    const data = temporaryFolder(t);
    assert.equal(await callControl(data, 'status', {}), undefined);
    const control = await serveControl({ data, operate: async () => ({ ok: true, value: 1 }) });
    await control.stop();
    writeFileSync(join(data, 'control.sock'), '');
    assert.equal(await callControl(data, 'status', {}), undefined);
    await serving(t, data);
    assert.equal((await callControl(data, 'status', {}))?.ok, true);
  });

  it('refuses a request that is too large', async (t) => {
    const data = await serving(t);
    const text = 'x'.repeat(CONTROL_BODY_MAX_BYTES);
    await assert.rejects(callControl(data, 'send', { text }), /the request is too large/);
  });

  it('works in a directory whose name is too long for a socket', async (t) => {
    const data = join(temporaryFolder(t), 'd'.repeat(60), 'e'.repeat(60));
    mkdirSync(data, { recursive: true });
    const folder = process.cwd();
    process.chdir(data);
    t.after(() => process.chdir(folder));
    await serving(t, data);
    assert.equal((await callControl(data, 'status', {}))?.ok, true);
  });
});

describe('an operation', () => {
  it('does not run with a wrong argument', async () => {
    const run = operation(Type.Object({ id: Type.String() }), async () => {
      throw new Error('it ran');
    }).run as (operated: unknown, argument: unknown) => Promise<Answer>;
    const answer = await run(undefined, { id: 1 });
    assert.deepEqual(answer, { ok: false, code: 'CONFIG_INVALID', message: '/id must be string' });
  });
});
