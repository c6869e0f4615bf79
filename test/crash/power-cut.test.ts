/**
 * Power cuts: the switch's disk is an image behind a loop device. Under load the switch is stopped
 * where it stands, the image is copied (what was written and never flushed is not in it), and the
 * copy is the disk on which the switch starts again. Whatever was acknowledged must be there.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MailSource } from '../../actors/channels/email/peer.js';
import { openEmbeddedReader } from '../../runtime/store/embedded.js';
import { format, type ImageDisk, imageDisk } from '../harness/disks.js';
import { readDocuments } from '../harness/ledger.js';
import { isRootFor, serviceFor } from '../harness/services.js';
import { type SwitchProcess, startSwitch } from '../harness/switch-process.js';

const CUTS = 20;
const SENDERS = 6;
/** Acknowledged since the start, before the power is cut. */
const ACKNOWLEDGED_BEFORE_CUT = 30;
const DISK_MEBIBYTES = 128;
/** One sender sends mails that do not fit in one write. */
const LARGE = 'x'.repeat(70).concat('\r\n').repeat(1200);
const SETTINGS = { 'disk.reserveBytes': '0', 'disk.lowBytes': '0', 'disk.lowerBytes': '0' };

/** Senders that go on until the line is dead; resolves then. */
class Load {
  /** Message-IDs with their bodies' length. */
  readonly acknowledged = new Map<string, number>();
  readonly #to: string;
  #next = 0;

  constructor(to: string) {
    this.#to = to;
  }

  /** @param enough called when so many more have been acknowledged */
  async run(address: string, enough: () => void): Promise<void> {
    const port = Number(address.slice(address.lastIndexOf(':') + 1));
    const target = this.acknowledged.size + ACKNOWLEDGED_BEFORE_CUT;
    const noted = (): void => {
      if (this.acknowledged.size === target) enough();
    };
    const senders = Array.from({ length: SENDERS }, (_, n) => this.#send(port, n === 0, noted));
    await Promise.all(senders);
  }

  async #send(port: number, isLarge: boolean, noted: () => void): Promise<void> {
    const source = await MailSource.connect({ port });
    for (;;) {
      this.#next += 1;
      const token = `${this.#next}@cut.invalid`;
      const body = isLarge ? LARGE : 'Anybody there?\r\n';
      const bytes = Buffer.from(`Message-ID: <${token}>\r\nSubject: cut\r\n\r\n${body}`);
      const { accepted } = await source.send({ from: 'a@example.org', to: [this.#to], bytes });
      if (!accepted) return source.destroy();
      this.acknowledged.set(token, bytes.length);
      noted();
    }
  }
}

/** Stops every thread of it where it stands. */
async function freeze({ child }: SwitchProcess): Promise<void> {
  child.kill('SIGSTOP');
  const status = `/proc/${child.pid}/status`;
  while (!/^State:\s+T/m.test(readFileSync(status, 'utf8'))) await new Promise(setImmediate);
}

/** What is acknowledged and not in the store, or not in full. */
async function missing(data: string, acknowledged: ReadonlyMap<string, number>): Promise<string[]> {
  const clock = { monotonic: () => performance.now() };
  const store = openEmbeddedReader({ directory: data, clock });
  try {
    const sizes = new Map<string, number>();
    for (const { key, input } of await readDocuments(store)) {
      const { content, header } = input;
      if (content.kind !== 'raw') continue;
      let size = 0;
      if (content.at.in === 'own') size = (await store.getContent(key))?.length ?? 0;
      else for await (const chunk of store.getBlob(content.at.key) ?? []) size += chunk.length;
      sizes.set((header.reference ?? '').replace(/^<|>$/g, ''), size);
    }
    return [...acknowledged].flatMap(([token, size]) =>
      sizes.get(token) === size ? [] : [`${token}: ${sizes.get(token) ?? 'nothing'} of ${size}`],
    );
  } finally {
    await store.close();
  }
}

async function cutPower(
  running: SwitchProcess,
  load: Load,
  disks: { readonly from: ImageDisk; readonly to: ImageDisk },
): Promise<void> {
  const address = running.addresses['email'] ?? '';
  let loaded: Promise<void> = Promise.resolve();
  await new Promise<void>((enough, failed) => {
    loaded = load.run(address, enough);
    loaded.then(() => failed(new Error(`mail was refused: ${running.output()}`)), failed);
  });
  await freeze(running);
  await disks.from.copyTo(disks.to);
  await running.kill();
  await loaded;
  await disks.from.unmount();
  await disks.to.mount();
}

async function withDisks(t: TestContext): Promise<[ImageDisk, ImageDisk] | undefined> {
  const loop = await serviceFor(t, 'loop');
  if (loop === undefined || !isRootFor(t, 'power cuts on a loop device')) return undefined;
  const disks: [ImageDisk, ImageDisk] = [imageDisk(t, loop.programs), imageDisk(t, loop.programs)];
  await format(disks[0], loop.programs, DISK_MEBIBYTES);
  await disks[0].mount();
  return disks;
}

test(`after ${CUTS} power cuts under load every acknowledged message is there`, async (t) => {
  const disks = await withDisks(t);
  if (disks === undefined) return;
  let [from, to] = disks;
  const start = (disk: ImageDisk): Promise<SwitchProcess> =>
    startSwitch(t, { data: join(disk.folder, 'data'), settings: SETTINGS });
  let running = await start(from);
  assert.ok(running.demo, running.output());
  const load = new Load(running.demo.address);
  for (let cut = 1; cut <= CUTS; cut += 1) {
    await cutPower(running, load, { from, to });
    [from, to] = [to, from];
    running = await start(from);
    const lost = await missing(running.data, load.acknowledged);
    assert.deepEqual(lost, [], `lost at cut ${cut}`);
  }
  assert.equal(await running.stop(), 0);
  await from.unmount();
  assert.ok(load.acknowledged.size >= CUTS * ACKNOWLEDGED_BEFORE_CUT);
  t.diagnostic(`${CUTS} power cuts, ${load.acknowledged.size} acknowledged messages, 0 lost`);
});
