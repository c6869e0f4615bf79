/**
 * What every channel must do: one list of checks over a registry, whatever stands in it.
 *
 * Invariant: no channel is named here; what a check asks of one follows from what the channel says
 * of itself.
 */

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Channel } from '../../actors/channel.js';
import type { Address } from '../../schemas/address.js';
import type { DeliveryPolicy, Outcome } from '../../schemas/delivery.js';
import { anyText } from '../actors/umf-arbitrary.js';
import {
  deliverContext,
  jobTo,
  LETTER,
  receiveContext,
  sectionOf,
} from './channel-surroundings.js';

/** An attempt where nobody is must not take longer: it holds a place of its lane. */
const ANSWER_MAX_MS = 10_000;
const READINGS = 200;
const READING_BYTES_MAX = 4096;

export interface Check {
  readonly name: string;
  run(): Promise<void> | void;
}

/** Every check of every channel of the list. */
export function channelChecks(channels: readonly Channel[]): Check[] {
  return [
    { name: 'no two channels have the same name', run: () => checkNames(channels) },
    ...channels.flatMap(checksOf),
  ];
}

function checkNames(channels: readonly Channel[]): void {
  const names = channels.map(({ name }) => name);
  assert.deepEqual([...new Set(names)], names);
}

function checksOf(channel: Channel): Check[] {
  const checks: (readonly [string, () => Promise<void> | void])[] = [
    ['says who it is, completely', () => checkFacts(channel)],
    ['has a default for every setting', () => checkConfig(channel)],
    ['puts an address into a normal form that stays', () => checkAddresses(channel)],
    ['reads what it has written: the text and the subject', () => checkRoundTrip(channel)],
    ['reads any bytes into something', () => checkReading(channel)],
  ];
  if (channel.deliver !== undefined) {
    checks.push(['answers an attempt where nobody is', () => checkDelivery(channel)]);
  }
  if (channel.receive !== undefined) {
    checks.push(['starts and stops receiving, and again', () => checkReceiving(channel)]);
  }
  return checks.map(([what, run]) => ({ name: `${channel.name}: ${what}`, run }));
}

function checkFacts({ name, description, facts, receive, deliver }: Channel): void {
  assert.match(name, /^[a-z][a-z0-9-]*$/);
  assert.match(description, /^[A-Z].*\.$/, 'one sentence for people');
  assert.ok(receive !== undefined || deliver !== undefined, 'it receives or delivers');
  assert.ok(!facts.keeps || deliver !== undefined, 'what keeps messages takes them by delivery');
  checkPolicy(facts.policy);
  if (facts.accountAddress !== undefined) assert.ok(facts.accountAddress.includes('{name}'));
  if (facts.device === undefined) return;
  assert.notEqual(facts.device, '');
  assert.ok(facts.accountAddress !== undefined, "an account's device needs its address");
}

function checkPolicy(policy: DeliveryPolicy): void {
  assert.ok(['accepted', 'delivered', 'read'].includes(policy.success), policy.success);
  assert.ok(['retry', 'hold'].includes(policy.onAmbiguous), policy.onAmbiguous);
  assert.ok(policy.retryMs.length > 0);
  for (const ms of [policy.expiryMs, policy.confirmWithinMs, ...policy.retryMs]) {
    assert.ok(Number.isSafeInteger(ms) && ms > 0, `${ms} ms`);
  }
  assert.ok(Number.isSafeInteger(policy.trials) && policy.trials > 0);
}

function checkConfig(channel: Channel): void {
  const section = sectionOf(channel);
  assert.ok(typeof section === 'object' && section !== null);
}

/** Addresses as people write them, and text that is none. */
const written = fc.oneof(
  anyText,
  fc.emailAddress(),
  fc.stringMatching(/^[A-Za-z0-9._@+ -]{1,40}$/),
);

function checkAddresses(channel: Channel): void {
  const sample = sampleAddress(channel);
  assert.deepEqual(channel.address(sample.value), { ok: true, address: sample });
  const stays = fc.property(written, (text) => {
    const first = channel.address(text);
    if (!first.ok) {
      assert.match(first.code, /^[A-Z_]+$/);
      assert.notEqual(first.message, '');
      return;
    }
    assert.equal(first.address.channel, channel.name);
    assert.deepEqual(channel.address(first.address.value), first);
  });
  fc.assert(stays);
}

/** Shapes of an address: a name, a mailbox, a number, an account's identifier. */
const SHAPES = ['anna', 'anna@example.net', '+491511234567', '0123456789abcdef'];

/** An address that the channel takes, in its normal form. */
function sampleAddress(channel: Channel): Address {
  const own = channel.facts.accountAddress?.replace('{name}', 'anna');
  const shapes = own === undefined ? SHAPES : [own.replace('{domain}', 'example.net')];
  for (const shape of shapes) {
    const parsed = channel.address(shape);
    if (parsed.ok) return parsed.address;
  }
  assert.fail(`${channel.name} takes none of ${shapes.join(', ')}`);
}

async function checkRoundTrip(channel: Channel): Promise<void> {
  const bytes = await channel.write(LETTER, sampleAddress(channel));
  const read = await channel.read(bytes, LETTER.uid);
  assert.equal(read.subject, LETTER.subject);
  assert.equal(plain(read.body.text), plain(LETTER.body.text));
}

/** A wire may have line ends of its own, and one at the end. */
function plain(text: string | undefined): string | undefined {
  return text?.replaceAll('\r\n', '\n').trimEnd();
}

async function checkReading(channel: Channel): Promise<void> {
  const letter = await channel.write(LETTER, sampleAddress(channel));
  const broken = fc
    .tuple(fc.nat({ max: letter.length }), fc.uint8Array({ maxLength: 40 }))
    .map(([at, noise]) => Buffer.concat([letter.subarray(0, at), noise, letter.subarray(at)]));
  const bytes = fc.oneof(fc.uint8Array({ maxLength: READING_BYTES_MAX }), broken);
  const reads = fc.asyncProperty(bytes, async (input) => {
    const umf = await channel.read(input, 'u1');
    assert.equal(umf.uid, 'u1');
    assert.notEqual(umf.body.mediaType, '');
  });
  await fc.assert(reads, { numRuns: READINGS });
}

const RESULTS: readonly Outcome['result'][] = [
  'confirmed',
  'accepted',
  'retry',
  'postponed',
  'failed',
];

async function checkDelivery(channel: Channel): Promise<void> {
  const address = sampleAddress(channel);
  const deliverer = channel.deliver?.(await deliverContext(channel));
  assert.ok(deliverer !== undefined);
  try {
    const { capacity, perLane } = deliverer.limits;
    for (const limit of [capacity, perLane]) assert.ok(Number.isSafeInteger(limit) && limit > 0);
    assert.ok(perLane <= capacity, 'a lane has no more places than the worker');
    const lane = deliverer.lane(address);
    assert.equal(typeof lane, 'string');
    assert.equal(deliverer.paused(lane), undefined, 'nothing has failed yet');
    assert.notEqual(deliverer.absent?.(address, 'nobody'), '', 'who is absent, is so for a reason');
    const outcome = await answered(deliverer.deliver(jobTo(channel, address)));
    assert.ok(RESULTS.includes(outcome.result), outcome.result);
    assert.match(outcome.status, /^[245]\.\d{1,3}\.\d{1,3}$/, 'RFC 3463');
    assert.notEqual(outcome.reason, '');
  } finally {
    await deliverer.stop();
  }
}

function answered<Answer>(asked: Promise<Answer>): Promise<Answer> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`no answer within ${ANSWER_MAX_MS} ms`);
    limit = setTimeout(() => reject(error), ANSWER_MAX_MS);
  });
  return Promise.race([asked, late]).finally(() => clearTimeout(limit));
}

async function checkReceiving(channel: Channel): Promise<void> {
  for (let times = 0; times < 2; times += 1) {
    const receiver = await channel.receive?.(await receiveContext(channel));
    assert.ok(receiver !== undefined);
    if (receiver.address !== undefined) assert.match(receiver.address, /:\d+$/);
    await receiver.stop();
  }
}
