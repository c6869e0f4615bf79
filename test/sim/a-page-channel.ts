/**
 * A channel made in a test that speaks through the door only: what a folder of its own and a line
 * in the registry would be, in one file. With it the simulation is shown to take any such channel.
 */

import { createHash } from 'node:crypto';
import type { Channel, Deliverer, DeliveryJob, PagePeer } from '../../actors/channel.js';
import { createLoopback } from '../../actors/channels/loopback/index.js';
import type {
  Clock,
  DoorAnswer,
  DoorRequest,
  Page,
  ReceiveContext,
} from '../../actors/machinery.js';
import type { Outcome } from '../../schemas/delivery.js';

const NAME = 'pager';
const ANSWER_MS = 5_000;
const REPORT = { success: false, failure: true, delay: false } as const;
const NOT_OURS: Outcome = {
  result: 'postponed',
  afterMs: 0,
  status: '4.3.0',
  reason: 'nothing was sent',
};

/** In what order the agent records an attempt and shows it. */
export type Order = 'recorded first' | 'shown first';

/** How its pages behave. */
export const pagerPage: PagePeer = {
  answer: (frame) => frame,
  request: (sending) => ({
    method: 'POST',
    path: 'send',
    contentType: 'application/json',
    body: JSON.stringify(sending),
  }),
  submitted: ({ status, body }) => (status === 200 ? String(body) : undefined),
};

export function createPager(order: Order = 'recorded first'): Channel {
  const pages = new Set<Page>();
  const waiting = new Map<string, () => void>();
  const base = createLoopback(NAME) as Channel;
  return {
    ...base,
    facts: { ...base.facts, page: 'messenger', device: 'Pager', accountAddress: '{name}' },
    receive(context) {
      context.door?.serve((request) => take(context, request));
      context.door?.pages((page) => {
        pages.add(page);
        page.onFrame((frame) => waiting.get(String(frame))?.());
        page.onClose(() => pages.delete(page));
      });
      return Promise.resolve({ address: undefined, stop: () => Promise.resolve() });
    },
    deliver: ({ clock }) => agent({ pages, waiting, clock, order }),
  };
}

interface Parts {
  readonly pages: ReadonlySet<Page>;
  readonly waiting: Map<string, () => void>;
  readonly clock: Clock;
  readonly order: Order;
}

function agent({ pages, waiting, clock, order }: Parts): Deliverer {
  const of = (name: string) => [...pages].filter((page) => page.name === name);
  async function deliver(job: DeliveryJob): Promise<Outcome> {
    const open = of(job.delivery.address.value);
    if (open.length === 0) return { result: 'retry', status: '4.4.1', reason: 'no page is open' };
    const id = `${job.message.key} ${job.attempt}`;
    const show = () =>
      new Promise<boolean>((resolve) => {
        clock.after(ANSWER_MS, () => resolve(false));
        waiting.set(id, () => resolve(true));
        for (const page of open) page.send(id);
      });
    const record = () => job.bytesSent({ head: '', body: { bytes: Buffer.from(id) } });
    const early = order === 'shown first' ? show() : undefined;
    if (!(await record())) return NOT_OURS;
    const isShown = await (early ?? show());
    waiting.delete(id);
    return isShown
      ? { result: 'confirmed', level: 'delivered', status: '2.0.0', reason: 'a page shows it' }
      : { result: 'retry', ambiguous: true, status: '4.4.2', reason: 'no page answered' };
  }
  return {
    limits: { capacity: 100, perLane: 10 },
    deliver,
    lane: ({ value }) => value,
    paused: () => undefined,
    absent: ({ value }) => (of(value).length === 0 ? `${value} has no page open` : undefined),
    stop: () => Promise.resolve(),
  };
}

async function take(context: ReceiveContext<unknown>, request: DoorRequest): Promise<DoorAnswer> {
  const refused = { status: 503, contentType: 'text/plain', body: 'try again' };
  const body = await request.body(10_000);
  if (request.account === undefined || body === undefined) return refused;
  const { to, subject, text, reference } = JSON.parse(Buffer.from(body).toString());
  const recipient = await context.recipient(to);
  if (recipient === undefined) return refused;
  const { id: account, name } = request.account;
  const priority = 'normal' as const;
  const accepted = await context.accept({
    sender: {
      account,
      address: { channel: NAME, value: name },
      verification: { verified: true, how: 'signed in' },
    },
    header: { subject, priority, reference, size: text.length },
    origin: { channel: NAME, peer: request.peer, startedAt: context.clock.now() },
    hops: 0,
    recipients: [{ to: recipient, report: REPORT }],
    content: {
      kind: 'umf',
      umf: {
        uid: '',
        to: [],
        subject,
        body: { mediaType: 'text/plain', text },
        priority,
        securityLevel: 'normal',
      },
    },
    unique: { hash: createHash('sha256').update(reference).digest('hex'), lasts: 'always' },
  });
  if (!accepted.ok) return refused;
  accepted.proceed({ answered: true });
  return { status: 200, contentType: 'text/plain', body: accepted.id };
}
