/**
 * A full disk (law 10): mail is refused for now, outcomes are still recorded on the reserve, the
 * plan can be read, and when there is space again everything goes on.
 */

import assert from 'node:assert/strict';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  MailSink,
  MailSource,
  type SinkAction,
  type SinkStage,
} from '../../actors/channels/email/peer.js';
import { openEmbeddedReader } from '../../runtime/store/embedded.js';
import { atEnd } from '../harness/at-end.js';
import { smallDisk } from '../harness/disks.js';
import { assertBalanced, readDocuments, type Submitted, tokenOf } from '../harness/ledger.js';
import { forward, PHONE } from '../harness/mail-route.js';
import { isRootFor } from '../harness/services.js';
import { type SwitchProcess, startSwitch } from '../harness/switch-process.js';

const DISK_MEBIBYTES = 40;
const WATER = { 'disk.reserveBytes': '4MiB', 'disk.lowBytes': '6MiB', 'disk.lowerBytes': '2MiB' };
const RETRY = '3s';
const QUEUED_AS = /queued as (\S+)/;
/** Space is measured once a second: what is refused must be refused within some time. */
const PATIENCE_MS = 20_000;

/** Takes all space that is left, as another program would. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  for (let piece = 1 << 20; piece >= 512; piece >>= 1) {
    const bytes = Buffer.alloc(piece, 1);
    try {
      while (writeSync(file, bytes) === piece);
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error && error.code === 'ENOSPC');
    }
  }
  closeSync(file);
}

/** A next hop that can be told to hold its answer to the dot, or to refuse for now. */
class Hop {
  readonly sink: MailSink;
  refuses = false;
  #held: Promise<void> | undefined;
  /** Resolves when a dot's answer is held. */
  #reached: () => void = () => {};

  private constructor(sink: MailSink) {
    this.sink = sink;
  }

  static async start(t: TestContext): Promise<Hop> {
    const script = (stage: SinkStage): Promise<SinkAction> => hop.#script(stage);
    const hop: Hop = new Hop(await MailSink.start({ script }));
    atEnd(t, () => hop.sink.stop());
    return hop;
  }

  hold(): { readonly reached: Promise<void>; readonly answer: () => void } {
    let answer: () => void = () => {};
    this.#held = new Promise((resolve) => {
      answer = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      this.#reached = resolve;
    });
    return { reached, answer };
  }

  async #script(stage: SinkStage): Promise<SinkAction> {
    if (stage === 'RCPT' && this.refuses) return { answer: '451 4.2.1 Not now' };
    if (stage !== 'dot' || this.#held === undefined) return undefined;
    const held = this.#held;
    this.#held = undefined;
    this.#reached();
    await held;
    return undefined;
  }
}

class Sender {
  readonly submitted: Submitted[] = [];
  readonly #port: number;
  readonly #to: string;

  constructor(port: number, to: string) {
    this.#port = port;
    this.#to = to;
  }

  async send(): Promise<{ readonly answer: string; readonly id: string | undefined }> {
    const token = `${this.submitted.length}@full.invalid`;
    const bytes = Buffer.from(`Message-ID: <${token}>\r\nSubject: full\r\n\r\nHello\r\n`);
    // A line of its own: after many refusals the switch hangs up.
    const source = await MailSource.connect({ port: this.#port });
    const mail = { from: 'a@example.org', to: [this.#to], bytes };
    const { answer } = await source.send(mail);
    source.destroy();
    const id = QUEUED_AS.exec(answer)?.[1];
    this.submitted.push({ token, recipients: [this.#to], ...(id !== undefined && { id }) });
    return { answer, id };
  }

  /** Sends until it is answered so; the answer and the identifier. */
  async until(wanted: RegExp): Promise<{ readonly answer: string; readonly id: string }> {
    const since = performance.now();
    for (;;) {
      const { answer, id = '' } = await this.send();
      assert.match(answer, /^(250|4\d\d) /, 'never a permanent error');
      if (wanted.test(answer)) return { answer, id };
      assert.ok(performance.now() - since < PATIENCE_MS, `still ${answer}`);
    }
  }
}

async function track(running: SwitchProcess, id: string, ...more: string[]): Promise<string> {
  const { code, stdout, stderr } = await running.command('track', id, ...more);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

async function checkBooks(data: string, hop: Hop, sender: Sender): Promise<void> {
  const clock = { monotonic: () => performance.now() };
  const store = openEmbeddedReader({ directory: data, clock });
  const documents = await readDocuments(store);
  await store.close();
  const arrivals = hop.sink.messages.flatMap(({ bytes, to }) =>
    to.map((address) => ({ token: tokenOf(bytes), address })),
  );
  const { submitted } = sender;
  assertBalanced({ submitted, arrivals, documents, channel: 'email' });
}

test('a full disk refuses mail for now and records outcomes; space brings all back', async (t) => {
  if (!isRootFor(t, 'a small disk')) return;
  const disk = await smallDisk(t, DISK_MEBIBYTES);
  const hop = await Hop.start(t);
  const running = await startSwitch(t, {
    data: join(disk, 'data'),
    settings: {
      ...WATER,
      'email.smartHost': `127.0.0.1:${hop.sink.port}`,
      'policy.email.retryMs': RETRY,
    },
  });
  assert.ok(running.demo, running.output());
  await forward(running, running.demo.name, PHONE);
  const port = Number(running.addresses['email']?.split(':')[1]);
  const sender = new Sender(port, running.demo.address);

  const { reached, answer } = hop.hold();
  const sent = await sender.until(/^250 /);
  await reached;
  hop.refuses = true;
  const planned = await sender.until(/^250 /);
  fill(join(disk, 'filler'));

  const refused = await sender.until(/^4/);
  assert.match(refused.answer, /^45[12] 4\.3\./);
  answer();
  const told = await track(running, sent.id, '--wait', '--within', '20s');
  assert.match(told, /^confirmed/m, 'the outcome was recorded');
  assert.match((await sender.send()).answer, /^4/, 'the disk is still full');
  const free = statfsSync(disk);
  assert.ok(free.bavail * free.bsize < 6 * 1024 * 1024, 'nobody made space');
  assert.match(await track(running, planned.id), /planned|next look/, 'the plan can be read');

  rmSync(join(disk, 'filler'));
  hop.refuses = false;
  const back = await sender.until(/^250 /);
  for (const { id } of [planned, back]) {
    assert.match(await track(running, id, '--wait', '--within', '60s'), /^confirmed/m);
  }
  await checkBooks(running.data, hop, sender);
  assert.equal(await running.stop(), 0);
});
