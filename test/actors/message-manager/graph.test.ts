/**
 * The message machine walked whole by xstate/graph over a bounded domain: two deliveries, two
 * trials, three times. Every edge is hit; whatever a state does not take changes nothing.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyMachineSnapshot, getMicrosteps, getNextTransitions } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';
import { messageMachine } from '../../../actors/message-manager/machine.js';
import { dotted, transit } from '../../../runtime/kernel/logic.js';
import type { Decision, Plan } from '../../../schemas/decision.js';
import type { Delivery } from '../../../schemas/delivery.js';
import type { MessageContext, MessageEvent, MessageInput } from '../../../schemas/message.js';
import { makeInput, makePlan, OUTCOMES } from '../../harness/messages.js';

type Snapshot = ReturnType<typeof messageMachine.getInitialSnapshot>;

const HOLD_UNTIL = 50;
const EXPIRY = 200;
const OUTSIDE = { kind: 'outside', via: { channel: 'loopback', value: 'o' } } as const;

const policy = { trials: 2, retryMs: [10], expiryMs: 1000, confirmWithinMs: 20 };
const PLANS: readonly Plan[] = [
  makePlan([['a', 'b']], { policy: { ...policy, success: 'accepted' } }),
  makePlan([['a'], ['b']], { policy: { ...policy, success: 'delivered' }, waitMs: 30 }),
  makePlan([['a', 'b']], { confirms: 'all', policy: { ...policy, onAmbiguous: 'hold' } }),
];

const decisions = (plan: Plan): Decision[] => [
  { kind: 'deliver', plan, reasons: [] },
  { kind: 'hold', until: HOLD_UNTIL, because: 'quiet', reasons: [] },
  { kind: 'refuse', status: '5.7.1', because: 'rule', reasons: [] },
];

/** Every event that could come, whatever the state, at the times that mean something to it. */
function eventsAt(context: MessageContext, plan: Plan): MessageEvent[] {
  const at = 0;
  const id = `c${context.round}`;
  const events: MessageEvent[] = [
    { type: 'STORED', at },
    ...decisions(plan).map((decision) => ({ type: 'ROUTED', at, decision }) as const),
    { type: 'DISPATCHED', at },
    { type: 'RELEASE', at, id, by: 'p' },
    { type: 'REVIEW', at, id, by: 'p' },
    { type: 'RETRY', at, id: `${id}r`, by: 'p' },
    { type: 'RESEND', at, id, by: 'p' },
    { type: 'REDIRECT', at, id, by: 'p', to: OUTSIDE },
    { type: 'EDIT', at, id: `${id}e`, by: 'p', content: context.content },
    { type: 'STUCK', at, looks: 20 },
    { type: 'DUE', at: context.dueAt ?? 0 },
    { type: 'DUE', at: EXPIRY },
  ];
  for (const { id: delivery, trials, attempt } of context.deliveries) {
    const next = `${delivery}.${trials + 1}.w`;
    const now = attempt?.id ?? next;
    for (const phase of ['claimed', 'bytesSent'] as const) {
      for (const name of new Set([next, now])) {
        events.push({ type: 'SENDING', at, delivery, attempt: name, phase, worker: 'w' });
      }
    }
    for (const [kind, outcome] of Object.entries(OUTCOMES)) {
      for (const name of new Set([next, now, ''])) {
        const seen = `${name}:${kind}:${delivery}`;
        events.push({ type: 'OUTCOME', at, id: seen, delivery, attempt: name, outcome });
      }
    }
    events.push({ type: 'ATTEMPT_LOST', at, id: `${now}:l`, delivery, attempt: now });
  }
  return events;
}

function shownDelivery(one: Delivery): unknown {
  if (one.phase === 'ready') return ['ready', one.trials, one.dueAt > 0];
  if (one.phase === 'sending') return ['sending', one.trials, one.attempt?.phase];
  return one.phase === 'confirmed' ? ['confirmed', one.level] : one.phase;
}

/** What guards look at, and nothing else: times only by what they would make due. */
function serializeState(snapshot: Snapshot): string {
  const { deliveries, stepsStarted, nextStepAt, heldUntil, round } = snapshot.context;
  const times = [nextStepAt !== null, heldUntil !== null];
  const value = dotted(snapshot.value);
  return JSON.stringify([value, deliveries.map(shownDelivery), stepsStarted, times, round]);
}

function edgeName(source: string, event: string, index: number): string {
  return `${source} ${event} #${index}`;
}

type Edge = ReturnType<typeof getNextTransitions>[number];

function nameOf(edge: Edge): string {
  const config = edge.source.config;
  const own = edge.eventType === '' ? config.always : config.on?.[edge.eventType];
  const list = Array.isArray(own) ? own : [own];
  const index = list.findIndex(
    (one) => typeof one !== 'object' || (one.guard ?? null) === (edge.guard ?? null),
  );
  return edgeName(edge.source.id, edge.eventType, index);
}

interface Walked {
  readonly state: Snapshot;
  readonly transitions: Readonly<Record<string, { readonly event: MessageEvent }>>;
}

type Node = typeof messageMachine.root;

function allNodes(node: Node): Node[] {
  return [node, ...Object.values(node.states).flatMap((child) => allNodes(child as Node))];
}

/** Every edge of the machine, from its definition. */
function allEdges(): Set<string> {
  const names = new Set<string>();
  for (const node of allNodes(messageMachine.root)) {
    for (const edges of node.transitions.values())
      for (const edge of edges) names.add(nameOf(edge));
    for (const edge of node.always ?? []) names.add(nameOf(edge));
  }
  return names;
}

function passes(edge: Edge, context: MessageContext, event: MessageEvent): boolean {
  const guards = messageMachine.implementations.guards as Record<
    string,
    (args: { context: MessageContext; event: MessageEvent }) => boolean
  >;
  return edge.guard === undefined || guards[String(edge.guard)]?.({ context, event }) === true;
}

/** The edges that one event runs through, the eventless ones behind it too. */
function edgesTaken(from: Snapshot, event: MessageEvent): string[] {
  const chosen = (snapshot: Snapshot, type: string) =>
    getNextTransitions(snapshot as AnyMachineSnapshot).find(
      (edge) => edge.eventType === type && passes(edge, snapshot.context, event),
    );
  const taken: string[] = [];
  const first = chosen(from, event.type);
  if (first === undefined) return taken;
  taken.push(nameOf(first));
  const steps = getMicrosteps(messageMachine, from, event);
  for (const [snapshot] of steps.slice(0, -1)) {
    const edge = chosen(snapshot as Snapshot, '');
    if (edge !== undefined) taken.push(nameOf(edge));
  }
  return taken;
}

function inputs(): MessageInput[] {
  const header = { priority: 'normal', size: 1, expiry: EXPIRY } as const;
  const verification = { verified: false, how: 'unknown' };
  const sender = { ...makeInput().sender, verification };
  return [makeInput({ header }), makeInput({ header, sender }), makeInput({ recipient: OUTSIDE })];
}

test('every edge of the machine is reached, and what is not taken changes nothing', () => {
  const hit = new Set<string>();
  let states = 0;
  let refused = 0;
  for (const plan of PLANS) {
    for (const input of inputs()) {
      const map = getAdjacencyMap(messageMachine, {
        input,
        serializeState: (snapshot) => serializeState(snapshot as Snapshot),
        events: (snapshot) => eventsAt(snapshot.context, plan),
        stopWhen: (snapshot) => snapshot.context.round > 0,
      });
      for (const { state, transitions } of Object.values(map) as Walked[]) {
        states += 1;
        const standing = { state: dotted(state.value), context: state.context };
        for (const { event } of Object.values(transitions)) {
          const taken = edgesTaken(state, event);
          for (const edge of taken) hit.add(edge);
          if (taken.length > 0) continue;
          refused += 1;
          assert.equal(transit(standing, event), undefined, `${standing.state} ${event.type}`);
        }
      }
    }
  }
  const missed = [...allEdges()].filter((edge) => !hit.has(edge));
  assert.deepEqual(missed, [], `edges never taken, of ${hit.size} in ${states} states`);
  assert.ok(refused > 1000, `only ${refused} refusals were seen`);
});
