/**
 * A flush that fails (libfiu on fdatasync, in the real switch): nothing is acknowledged from then
 * on, the process ends with an error, and a clean start has everything that was acknowledged.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MailSource } from '../../actors/channels/email/peer.js';
import { openEmbeddedReader } from '../../runtime/store/embedded.js';
import { temporaryFolder } from '../harness/files.js';
import { readDocuments } from '../harness/ledger.js';
import { run } from '../harness/program.js';
import { serviceFor } from '../harness/services.js';
import { type SwitchProcess, startSwitch } from '../harness/switch-process.js';

const MAILS_BEFORE = 20;
/** More would have to be refused too; these are the ones that meet the failure. */
const MAILS_AFTER = 5;
const EIO = 5;
const FAULT = `enable name=posix/io/sync/fdatasync,failinfo=${EIO}`;

class Sender {
  readonly acknowledged: string[] = [];
  readonly #source: MailSource;
  readonly #to: string;
  #next = 0;

  private constructor(source: MailSource, to: string) {
    this.#source = source;
    this.#to = to;
  }

  static async connect(t: TestContext, running: SwitchProcess, to: string): Promise<Sender> {
    const address = running.addresses['email'] ?? '';
    const source = await MailSource.connect({ port: Number(address.split(':')[1]) });
    t.after(() => source.destroy());
    return new Sender(source, to);
  }

  /** The answer; empty when the line is dead. */
  async send(): Promise<string> {
    this.#next += 1;
    const token = `${this.#next}@flush.invalid`;
    const bytes = Buffer.from(`Message-ID: <${token}>\r\nSubject: flush\r\n\r\nHello\r\n`);
    const mail = { from: 'a@example.org', to: [this.#to], bytes };
    const { accepted, answer } = await this.#source.send(mail);
    if (accepted) this.acknowledged.push(token);
    return answer;
  }
}

async function processOf(running: SwitchProcess): Promise<string> {
  const status = await running.operate('status', {});
  assert.ok(typeof status === 'object' && status !== null && 'pid' in status);
  return String(status.pid);
}

test('after a failed flush nothing is acknowledged, and a clean start has it all', async (t) => {
  const fiu = await serviceFor(t, 'fiu');
  if (fiu === undefined) return;
  const control = temporaryFolder(t);
  const running = await startSwitch(t, {
    wrapper: [fiu.programs['fiu-run'], '-x', '-f', `${control}/fiu`],
  });
  assert.ok(running.demo, running.output());
  const sender = await Sender.connect(t, running, running.demo.address);
  for (let n = 0; n < MAILS_BEFORE; n += 1) assert.match(await sender.send(), /^250 /);

  const pid = await processOf(running);
  const enabled = await run(fiu.programs['fiu-ctrl'], ['-f', `${control}/fiu`, '-c', FAULT, pid]);
  assert.equal(enabled.code, 0, enabled.stderr);
  for (let n = 0; n < MAILS_AFTER; n += 1) {
    const answer = await sender.send();
    assert.ok(answer === '' || /^4\d\d /.test(answer), `answered ${answer}`);
  }
  assert.equal(sender.acknowledged.length, MAILS_BEFORE);
  const code = await running.exited();
  assert.ok(code !== 0 && code !== null, `it ended with ${code}: ${running.output()}`);
  assert.match(running.output(), /could not flush/, 'the injected failure was met');

  const again = await startSwitch(t, { data: running.data });
  const store = openEmbeddedReader({
    directory: again.data,
    clock: { monotonic: () => performance.now() },
  });
  const references = (await readDocuments(store)).map(({ input }) => input.header.reference);
  await store.close();
  for (const token of sender.acknowledged) {
    assert.equal(references.filter((one) => one === `<${token}>`).length, 1, token);
  }
  const after = await Sender.connect(t, again, running.demo.address);
  assert.match(await after.send(), /^250 /);
  assert.equal(await again.stop(), 0);
});
