/**
 * Any machine of XState as nodes and edges, from its definition alone, and as the JSON that
 * XState's own tools read.
 *
 * Invariants: ids follow from the definition (a node's dotted path; an edge's source, event and
 * number among those), so that they are the same in every process and every release in which the
 * machine is; a transition without a target is an edge from its state to itself; one with several
 * targets is one edge for each.
 */

import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import type { MachineEntry } from '../../../actors/machines.js';
import type { MachineDrawing, MachineEdge, MachineNode } from '../../../schemas/console.js';

const AFTER = /^xstate\.after\.([^.]+)\./;
const DONE_STATE = /^xstate\.done\.state\./;
const DONE_ACTOR = /^xstate\.done\.actor\.(.+)$/;
const ERROR_ACTOR = /^xstate\.error\.actor\.(.+)$/;

/** An edge, and the transition of the machine that it draws. */
export interface DrawnEdge extends MachineEdge {
  readonly transition: AnyTransitionDefinition;
}

/** The whole machine. */
export function drawMachine({ name, machine, version }: MachineEntry): MachineDrawing {
  const edges = drawEdges(machine).map(({ transition: _, ...edge }) => edge);
  // The root is a box of its own only where something begins at it, or everything runs at once.
  const showsRoot = machine.root.type !== 'compound' || edges.some(({ from }) => from === '');
  const nodes = everyNode(machine.root).filter((node) => showsRoot || node !== machine.root);
  const { initial } = machine.root;
  return {
    name,
    ...(version === undefined ? {} : { version }),
    initial: initial.target[0] === undefined ? '' : nodeId(initial.target[0]),
    nodes: nodes.map((node) => drawNode(node, showsRoot)),
    edges,
  };
}

/** Every edge with its transition, in the order in which the machine would try them. */
export function drawEdges(machine: AnyStateMachine): readonly DrawnEdge[] {
  return everyNode(machine.root).flatMap((node) => {
    const taken = new Map<string, number>();
    const own = [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
    return [...new Set(own)].flatMap((transition) => {
      const event = transition.eventType;
      const index = taken.get(event) ?? 0;
      taken.set(event, index + 1);
      return edgesOf(node, transition, `${nodeId(node)} ${event} #${index}`);
    });
  });
}

/** A state's dotted path; '' is the machine itself. */
export function nodeId(node: AnyStateNode): string {
  return node.path.join('.');
}

function edgesOf(node: AnyStateNode, transition: AnyTransitionDefinition, id: string): DrawnEdge[] {
  const guard = guardText(transition.guard);
  const targets = transition.target ?? [node];
  return targets.map((target, k) => ({
    id: targets.length === 1 ? id : `${id}.${k}`,
    from: nodeId(node),
    to: nodeId(target),
    event: eventText(transition.eventType),
    ...(guard === undefined ? {} : { guard }),
    transition,
  }));
}

function drawNode(node: AnyStateNode, showsRoot: boolean): MachineNode {
  const { parent } = node;
  const hasParent = parent !== undefined && (showsRoot || parent.parent !== undefined);
  return {
    id: nodeId(node),
    label: node.key,
    ...(hasParent ? { parent: nodeId(parent) } : {}),
    kind: node.type,
    initial: parent === undefined || parent.initial?.target.includes(node) === true,
  };
}

function everyNode(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(everyNode)];
}

/** XState's own events in words; others by their names. */
function eventText(type: string): string {
  const after = AFTER.exec(type)?.[1];
  if (after !== undefined) return /^\d+$/.test(after) ? `after ${after} ms` : `after ${after}`;
  if (DONE_STATE.test(type)) return 'done';
  const done = DONE_ACTOR.exec(type)?.[1];
  if (done !== undefined) return `${done} is done`;
  const failed = ERROR_ACTOR.exec(type)?.[1];
  if (failed !== undefined) return `${failed} failed`;
  return type === '*' ? 'any event' : type;
}

/** A guard's name; of `not`, `and` and `or` with what they are about. */
function guardText(guard: unknown): string | undefined {
  if (guard === undefined) return undefined;
  if (typeof guard === 'string') return guard;
  if (typeof guard === 'object' && guard !== null && 'type' in guard) return String(guard.type);
  if (typeof guard !== 'function') return 'a condition';
  const inner = 'guards' in guard && Array.isArray(guard.guards) ? guard.guards : [];
  if (inner.length > 0) return `${guard.name}(${inner.map(guardText).join(', ')})`;
  if ('stateValue' in guard) return `in ${JSON.stringify(guard.stateValue).replaceAll('"', '')}`;
  return guard.name === '' || guard.name === 'guard' ? 'a condition' : guard.name;
}

/** What only runs, and is not the machine's shape. */
const LEFT_OUT = new Set(['context', 'types', 'schemas', 'input', 'output']);
/** Below these stand names that the machine's author gave. */
const NAMED_BY_AUTHOR = new Set(['states', 'on', 'after']);

/**
 * The machine as JSON, in the form that `createMachine` takes and XState's tools read: states,
 * transitions, guards and actions by their names; functions are named, never contained.
 */
export function exportMachine(machine: AnyStateMachine): unknown {
  const exported = plain(machine.config, LEFT_OUT);
  return typeof exported === 'object' ? { ...exported, id: machine.id } : exported;
}

const NOTHING: ReadonlySet<string> = new Set();

function plain(value: unknown, without: ReadonlySet<string>): unknown {
  if (typeof value === 'function') return guardText(value) ?? 'inline';
  if (Array.isArray(value)) return value.map((inner) => plain(inner, without));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !without.has(name));
  return Object.fromEntries(
    kept.map(([name, inner]) => {
      const isNames = without === LEFT_OUT && NAMED_BY_AUTHOR.has(name);
      return [name, plain(inner, isNames ? NOTHING : LEFT_OUT)];
    }),
  );
}
