/**
 * Decision maker: who, when, where (C4, C7, C8, D3), for one message and one recipient.
 *
 * Stages: desired time → quiet time and its exceptions → active profile → its steps with
 * addresses and policies → the place of last resort as the last step.
 * Invariants: pure over its input; one version of one account (C9); a plan is never empty and
 * names only endpoints that the account has; every thing considered leaves a reason.
 */

import type { Account, Exception, Profile, Quiet } from '../../schemas/account.js';
import type { Recipient } from '../../schemas/address.js';
import { type Address, addressKey } from '../../schemas/address.js';
import type { Decision, PlannedEndpoint, PlanStep, Reason } from '../../schemas/decision.js';
import { instantText } from '../../schemas/instant.js';
import type { Header, Sender } from '../../schemas/submission.js';
import { type Policies, policyFor } from './policies.js';
import { activeProfile, endpointsOf, lastResortOf, profileById } from './profile-manager.js';

/** A hold is decided anew after this time at the latest; a wish for the year 9999 ends there. */
export const HOLD_MAX_MS = 366 * 24 * 3_600_000;

/** What happened to the message that a decision must know. */
export interface DecisionFacts {
  /** The person who said "deliver now": neither quiet nor a desired time holds it again. */
  readonly releasedBy?: string;
  /** Why nobody can be reached at an address now; such an endpoint is passed over. */
  readonly absent?: (address: Address, account: string) => string | undefined;
}

export interface DecisionInput {
  readonly account: Account;
  readonly recipient: Recipient;
  readonly sender: Sender;
  readonly header: Header;
  readonly facts: DecisionFacts;
  readonly now: number;
  readonly policies: Policies;
}

interface Hold {
  readonly until: number;
  readonly because: string;
}

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

function senderMatches(wanted: string, value: string | undefined): boolean {
  if (value === undefined) return false;
  return wanted.startsWith('@') ? fold(value).endsWith(fold(wanted)) : fold(value) === fold(wanted);
}

/** Whether every feature which the exception gives matches; one that gives none matches nothing. */
function exceptionMatches(exception: Exception, input: DecisionInput): boolean {
  const { header, recipient, sender } = input;
  const tests: boolean[] = [];
  if (exception.sender !== undefined) {
    tests.push(senderMatches(exception.sender, sender.address?.value));
  }
  if (exception.subject !== undefined) {
    tests.push(fold(header.subject ?? '').includes(fold(exception.subject)));
  }
  if (exception.priority !== undefined) {
    tests.push(header.priority === 'urgent' || header.priority === exception.priority);
  }
  if (exception.destination !== undefined) {
    tests.push(fold(recipient.via.value) === fold(exception.destination));
  }
  return tests.length > 0 && tests.every(Boolean);
}

function exceptionText(exception: Exception): string {
  const parts = [
    exception.sender === undefined ? '' : `sender ${exception.sender}`,
    exception.subject === undefined ? '' : `subject with "${exception.subject}"`,
    exception.priority === undefined ? '' : `priority ${exception.priority}`,
    exception.destination === undefined ? '' : `to ${exception.destination}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** The sender's wish for a later delivery (D3). */
function desiredHold(
  header: Header | undefined,
  facts: DecisionFacts,
  now: number,
  reasons: Reason[],
): Hold | undefined {
  const desired = header?.desiredTime;
  if (desired === undefined || !(desired > now)) return undefined;
  const because = `the sender asked for ${instantText(desired)}`;
  if (facts.releasedBy !== undefined) {
    const text = `${because}, but ${facts.releasedBy} released it`;
    reasons.push({ rule: 'desired time', effect: 'noted', text });
    return undefined;
  }
  reasons.push({ rule: 'desired time', effect: 'blocked', text: because });
  return { until: Math.min(desired, now + HOLD_MAX_MS), because };
}

/** Whether a quiet time lets this message pass, with the exception that says so. */
function passes(quiet: Quiet, input: DecisionInput, reasons: Reason[]): boolean {
  const note = (text: string, effect: Reason['effect'] = 'noted') =>
    reasons.push({ rule: 'do not disturb', effect, text });
  if (input.facts.releasedBy !== undefined) {
    note(`${input.facts.releasedBy} released it`);
    return true;
  }
  const match = quiet.exceptions.find((exception) => exceptionMatches(exception, input));
  if (match === undefined) return false;
  const name = exceptionText(match);
  // A name that anybody can write must open no door.
  if (!input.sender.verification.verified) {
    note(`exception (${name}) would match, but the sender is not verified`, 'blocked');
    return false;
  }
  note(`exception (${name}) lets it pass`, 'chose');
  return true;
}

/** The profile that decides: the active one, or what quiet names for messages that pass it. */
function chooseProfile(
  input: DecisionInput,
  quiet: Quiet | undefined,
  reasons: Reason[],
): Profile | undefined {
  const named = quiet?.profile;
  if (named !== undefined && input.facts.releasedBy === undefined) {
    const profile = profileById(input.account, named);
    const text =
      profile === undefined
        ? `do not disturb names profile "${named}", which the account has no more`
        : `profile ${profile.name}, named by do not disturb`;
    reasons.push({ rule: 'profile', effect: profile === undefined ? 'noted' : 'chose', text });
    if (profile !== undefined) return profile;
  }
  const active = activeProfile(input.account, input.now);
  reasons.push(...active.reasons);
  return active.profile;
}

/** Turns endpoint names into addresses with policies; each endpoint and address once. */
class StepResolver {
  readonly #input: DecisionInput;
  readonly #reasons: Reason[];
  readonly #seen = new Set<string>();

  constructor(input: DecisionInput, reasons: Reason[]) {
    this.#input = input;
    this.#reasons = reasons;
  }

  has(id: string): boolean {
    return this.#seen.has(id);
  }

  resolve(id: string): PlannedEndpoint | undefined {
    const { account, policies } = this.#input;
    const endpoint = endpointsOf(account).find((candidate) => candidate.id === id);
    if (endpoint === undefined) return this.#skip(id, 'the account has no such endpoint');
    const key = addressKey(endpoint.address);
    if (this.#seen.has(id) || this.#seen.has(key)) {
      return this.#skip(id, 'an earlier endpoint has the same address: one copy is enough');
    }
    if (endpoint.unverified !== undefined) {
      return this.#skip(id, 'not verified yet: no code has come back');
    }
    const { channel } = endpoint.address;
    const policy = policyFor(channel, policies, account);
    if (policy === undefined) {
      return this.#skip(id, `the switch cannot deliver by channel ${channel}`);
    }
    const absent = this.#input.facts.absent?.(endpoint.address, account.id);
    if (absent !== undefined) return this.#skip(id, absent);
    this.#seen.add(id).add(key);
    return { endpoint: id, address: endpoint.address, policy };
  }

  #skip(id: string, why: string): undefined {
    this.#reasons.push({ rule: 'endpoint', effect: 'blocked', text: `${id}: ${why}` });
  }
}

function waitText(waitMs: number | undefined): string {
  return waitMs === undefined ? 'on failure' : `after ${Math.round(waitMs / 1000)} s or on failure`;
}

/** The steps that have at least one endpoint which can be used. */
function planSteps(profile: Profile, resolver: StepResolver, reasons: Reason[]): PlanStep[] {
  const steps: PlanStep[] = [];
  for (const step of profile.steps) {
    const endpoints = step.endpoints.flatMap((id) => resolver.resolve(id) ?? []);
    if (endpoints.length === 0) continue;
    const names = endpoints.map((planned) => `${planned.endpoint} (${planned.address.channel})`);
    const before = steps.at(-1);
    const when = before === undefined ? 'first' : `then, ${waitText(before.waitMs)}`;
    reasons.push({ rule: 'step', effect: 'chose', text: `${when}: ${names.join(' and ')}` });
    steps.push({ endpoints, ...(step.waitMs !== undefined && { waitMs: step.waitMs }) });
  }
  // A waiting time leads to the next step of the profile; the last resort is for failure alone.
  return steps.map((step, i) => (i < steps.length - 1 ? step : { endpoints: step.endpoints }));
}

/** Adds the place of last resort, where the profile wants it or nothing else is left. */
function withLastResort(
  steps: readonly PlanStep[],
  input: DecisionInput,
  profile: Profile | undefined,
  resolver: StepResolver,
  reasons: Reason[],
): readonly PlanStep[] {
  if (steps.length > 0 && profile?.lastResort === 'dead') {
    const text = 'when every way has failed: to the operator as a dead message';
    reasons.push({ rule: 'last resort', effect: 'noted', text });
    return steps;
  }
  const endpoint = lastResortOf(input.account);
  if (endpoint === undefined || resolver.has(endpoint.id)) return steps;
  const planned = resolver.resolve(endpoint.id);
  if (planned === undefined) return steps;
  const text = steps.length === 0 ? 'no other way is there now' : 'when every way has failed';
  reasons.push({
    rule: 'last resort',
    effect: 'chose',
    text: `${text}: kept at the place of last resort`,
  });
  return [...steps, { endpoints: [planned] }];
}

/**
 * Decides what happens to a message for a subscriber. The same function answers "what would
 * happen to a message from X at time T": give it that sender and that time.
 */
export function decide(input: DecisionInput): Decision {
  const { account, now } = input;
  const reasons: Reason[] = [];
  const hold = desiredHold(input.header, input.facts, now, reasons);
  const quiet =
    account.quiet !== undefined && account.quiet.until > now ? account.quiet : undefined;
  if (hold !== undefined) {
    return { kind: 'hold', ...hold, accountVersion: account.version, reasons };
  }
  if (quiet !== undefined && !passes(quiet, input, reasons)) {
    const because = `do not disturb until ${instantText(quiet.until)}`;
    reasons.push({ rule: 'do not disturb', effect: 'blocked', text: because });
    const until = Math.min(quiet.until, now + HOLD_MAX_MS);
    return { kind: 'hold', until, because, accountVersion: account.version, reasons };
  }
  const profile = chooseProfile(input, quiet, reasons);
  const resolver = new StepResolver(input, reasons);
  const ways = profile === undefined ? [] : planSteps(profile, resolver, reasons);
  const steps = withLastResort(ways, input, profile, resolver, reasons);
  const decided = {
    accountVersion: account.version,
    ...(profile !== undefined && { profile: profile.id }),
    reasons,
  };
  if (steps.length === 0) {
    const because = 'the subscriber has no endpoint by which the switch can deliver';
    reasons.push({ rule: 'last resort', effect: 'blocked', text: because });
    return { kind: 'refuse', status: '5.2.1', because, ...decided };
  }
  return { kind: 'deliver', plan: { confirms: profile?.confirms ?? 'any', steps }, ...decided };
}

export interface OutsideInput {
  readonly recipient: Recipient;
  readonly header?: Header;
  readonly facts?: DecisionFacts;
  readonly policies: Policies;
  readonly now: number;
}

/** Decides for somebody outside, who has no account (A13): their address and nothing else. */
export function decideOutside(input: OutsideInput): Decision {
  const { policies, recipient, now } = input;
  const reasons: Reason[] = [];
  const hold = desiredHold(input.header, input.facts ?? {}, now, reasons);
  if (hold !== undefined) return { kind: 'hold', ...hold, reasons };
  const address = recipient.via;
  const policy = policyFor(address.channel, policies);
  if (policy === undefined) {
    const because = `the switch cannot deliver by channel ${address.channel}`;
    reasons.push({ rule: 'outside', effect: 'blocked', text: because });
    return { kind: 'refuse', status: '5.3.3', because, reasons };
  }
  const text = `not a subscriber: to ${address.value} by ${address.channel}`;
  reasons.push({ rule: 'outside', effect: 'chose', text });
  const plan = { confirms: 'any', steps: [{ endpoints: [{ address, policy }] }] } as const;
  return { kind: 'deliver', plan, reasons };
}
