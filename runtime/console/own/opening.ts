/**
 * Opening a message, and testing a device.
 *
 * Invariants: somebody else's content is opened only with the right, and written down before it is
 * read; the sender sees what it sent, the recipient what was delivered; where an answer goes names
 * no device and no endpoint of the other side.
 */

import Type from 'typebox';
import { may } from '../../../actors/authentication-manager/rights.js';
import type { Failure } from '../../../actors/machinery.js';
import { messageName } from '../../../actors/message-tracker/tracker.js';
import { explain } from '../../../actors/user-manager/explain.js';
import type { Recipient } from '../../../schemas/address.js';
import type { Opened } from '../../../schemas/console.js';
import type { MessageDocument } from '../../../schemas/message.js';
import type { Submission } from '../../../schemas/submission.js';
import type { Umf } from '../../../schemas/umf.js';
import { recipientOf } from '../../accounts.js';
import { refuse } from '../../operations/operation.js';
import { homeOf } from '../../recipients.js';
import { audit } from '../audit.js';
import { type Caller, type CallTable, type ConsoleParts, consoleCall } from '../console-call.js';
import { isHtml, leavesOf, partsOf, shownParts } from '../documents/body-parts.js';
import { harmlessLine, harmlessText } from '../harmless.js';
import { summaryOf } from '../summary.js';
import { type FoundMessage, findFor, KeySchema } from './reading.js';

const TEXT_CHARACTERS_MAX = 1_000_000;
const CUT = '\n\n… The text goes on; the original holds all of it.';
const WHY_LINES_MAX = 100;
const NAME_MAX = 256;

export interface OpenedContent extends FoundMessage {
  readonly umf: Umf;
}

/** The content of a message for who may have it; what is not theirs is audited first. */
export async function contentFor(
  parts: ConsoleParts,
  caller: Caller,
  { key, what }: { readonly key: string; readonly what: string },
): Promise<OpenedContent | Failure> {
  const found = await openable(parts, caller, { key, what });
  if (!found.ok) return found;
  try {
    const umf = await parts.running.kernel.content.umf(contentOf(found), key);
    return { ...found, umf };
  } catch (error) {
    return unreadable(key, error);
  }
}

/** The raw bytes as they came in; undefined: it was written in the switch itself. */
export async function rawFor(
  parts: ConsoleParts,
  caller: Caller,
  key: string,
): Promise<{ readonly ok: true; readonly bytes: Uint8Array | undefined } | Failure> {
  const found = await openable(parts, caller, { key, what: 'took the original of the message' });
  if (!found.ok) return found;
  try {
    const raw = await parts.running.kernel.content.raw(contentOf(found));
    return { ok: true, bytes: raw?.bytes };
  } catch (error) {
    return unreadable(key, error);
  }
}

async function openable(
  parts: ConsoleParts,
  caller: Caller,
  { key, what }: { readonly key: string; readonly what: string },
): Promise<FoundMessage | Failure> {
  const found = await findFor(parts, caller, key);
  if (!found.ok || found.direction !== 'other') return found;
  if (!may(caller.account, 'message.open')) {
    return refuse('NOT_ALLOWED', 'You may see that there is this message, not what it says.');
  }
  const to = found.document.context.recipient.via.value;
  await audit(parts, caller.account, { what, of: `${messageName(key)} to ${to}` });
  return found;
}

/** An edited message is the recipient's; its sender wrote what it wrote. */
function contentOf({ document, direction }: FoundMessage) {
  return direction === 'out' ? document.input.content : document.context.content;
}

function unreadable(key: string, error: unknown): Failure {
  const why = error instanceof Error ? error.message : String(error);
  const message = `The content of ${messageName(key)} cannot be read: ${why}.`;
  return refuse('MESSAGE_UNKNOWN', message);
}

async function open(parts: ConsoleParts, caller: Caller, key: string): Promise<Opened | Failure> {
  const opened = await contentFor(parts, caller, { key, what: 'opened the message' });
  if (!opened.ok) return opened;
  const { document, umf, direction } = opened;
  const { htmlDocument } = await import('../documents/html-document.js');
  const leaves = leavesOf(umf.body);
  const html = htmlDocument(shownParts(umf.body, 'html'), { leaves, remote: false });
  const reply = direction === 'in' ? await replyTo(parts, document) : undefined;
  return {
    message: summaryOf(document, caller),
    text: await textOf(umf),
    html: html !== undefined,
    remote: html?.remote ?? 0,
    parts: partsOf(umf.body),
    ...(reply && { reply }),
    why: direction === 'out' ? [] : await whyHere(parts, key),
  };
}

async function textOf(umf: Umf): Promise<string> {
  const { textOfHtml } = await import('../documents/html-document.js');
  const texts = shownParts(umf.body, 'text').map((part) =>
    isHtml(part) ? textOfHtml(part.text ?? '') : (part.text ?? ''),
  );
  const text = harmlessText(texts.join('\n\n'));
  return text.length > TEXT_CHARACTERS_MAX ? `${text.slice(0, TEXT_CHARACTERS_MAX)}${CUT}` : text;
}

/** What the decisions about it said, the oldest first. */
async function whyHere({ running }: ConsoleParts, key: string): Promise<readonly string[]> {
  const history = await running.kernel.history(key);
  const lines = history.flatMap(({ event }) =>
    event.type === 'ROUTED' ? explain(event.decision) : [],
  );
  return lines.slice(-WHY_LINES_MAX).map(harmlessLine);
}

async function replyTo(
  { running, channels }: ConsoleParts,
  document: MessageDocument,
): Promise<Opened['reply']> {
  const { accounts, directory } = running;
  const home = await homeOf({ accounts, directory, channels }, document);
  if (home === undefined) return undefined;
  // As it was written: the account behind may have other addresses, which are its own business.
  const via = document.input.sender.address ?? home.to.via;
  const to = harmlessLine(via.value);
  if (home.to.kind === 'subscriber') {
    return { to, how: `to ${to}, a subscriber here: their profile chooses the device` };
  }
  const channel = channels.find(({ name }) => name === via.channel);
  return { to, how: `as ${channel?.facts.invitation?.label ?? via.channel} to ${to}` };
}

/**
 * A message from its owner to one endpoint alone. On a channel to signed-in pages it goes by the
 * profile: a page is reached as its subscriber's, not by an address.
 */
async function testDevice(
  parts: ConsoleParts,
  { account, peer }: Caller,
  wanted: string,
): Promise<{ readonly id: string } | Failure> {
  const device = account.devices.find((one) => one.endpoints.some(({ id }) => id === wanted));
  const endpoint = device?.endpoints.find(({ id }) => id === wanted);
  if (device === undefined || endpoint === undefined) {
    return refuse('DEVICE_UNKNOWN', 'You have no such device.');
  }
  if (endpoint.lastResort === true) {
    const message = `${device.name} keeps what reaches nothing else: there is nothing to test.`;
    return refuse('ACCOUNT_INVALID', message);
  }
  if (endpoint.unverified !== undefined) {
    const message = `${device.name} is not verified yet: type the code that was sent there first.`;
    return refuse('ACCOUNT_INVALID', message);
  }
  const channel = parts.channels.find(({ name }) => name === endpoint.address.channel);
  const own = channel?.facts.page === undefined ? undefined : recipientOf(account);
  const to = own ?? ({ kind: 'outside', via: endpoint.address } as const);
  const submission = testOf(parts, { account, peer, to, name: device.name });
  const accepted = await parts.running.kernel.accept(submission);
  if (!accepted.ok) return accepted;
  accepted.proceed({ answered: true });
  return { id: accepted.id };
}

interface Test extends Pick<Caller, 'account' | 'peer'> {
  readonly to: Recipient;
  readonly name: string;
}

function testOf({ clock }: ConsoleParts, { account, peer, to, name }: Test): Submission {
  const [own] = account.addresses;
  const { via } = to;
  const now = clock.now();
  const subject = `Test of ${name}`;
  const asked = `This is a test of "${name}", which ${account.name} asked for.`;
  const way = to.kind === 'subscriber' ? 'It went the way the profile chooses.' : 'It arrived.';
  const text = `${asked} ${way}\n`;
  const report = { success: false, failure: true, delay: false };
  return {
    sender: {
      ...(own && { address: own }),
      name: account.name,
      account: account.id,
      verification: { verified: true, how: 'signed in' },
    },
    header: { subject, priority: 'normal', size: Buffer.byteLength(text) },
    origin: { channel: own?.channel ?? via.channel, peer, startedAt: now },
    hops: 0,
    recipients: [{ to, report }],
    content: {
      kind: 'umf',
      umf: {
        uid: '',
        ...(own && { from: { channel: own.channel, address: own.value, name: account.name } }),
        to: [{ channel: via.channel, address: via.value }],
        subject,
        body: { mediaType: 'text/plain', parameters: { charset: 'utf-8' }, text },
        priority: 'normal',
        securityLevel: 'normal',
        sentAt: now,
      },
    },
  };
}

export const openingCalls: CallTable<'message.open' | 'device.test'> = {
  'message.open': consoleCall(
    'own.read',
    Type.Object({ key: KeySchema }),
    (parts, caller, { key }) => open(parts, caller, key),
  ),
  'device.test': consoleCall(
    'own.change',
    Type.Object({ endpoint: Type.String({ minLength: 1, maxLength: NAME_MAX }) }),
    (parts, caller, { endpoint }) => testDevice(parts, caller, endpoint),
  ),
};
