/** Draws a machine as a Mermaid state diagram, from its definition alone: any machine of XState. */

import type { AnyStateMachine, AnyStateNode } from 'xstate';

const INDENT = '  ';

/** A name without the machine's own: `message.routed.held` → `routed.held`. */
function nameOf(node: AnyStateNode): string {
  return node.path.join('.').replaceAll('.', '_');
}

function guardName(guard: unknown): string {
  return typeof guard === 'string' ? ` [${guard}]` : '';
}

function edgesOf(node: AnyStateNode): string[] {
  const taken = [...node.transitions.values()].flat();
  return [...taken, ...(node.always ?? [])].flatMap(({ eventType, guard, target }) =>
    (target ?? []).map((to) => {
      const label = `${eventType === '' ? 'at once' : eventType}${guardName(guard)}`;
      return `${nameOf(node)} --> ${nameOf(to)}: ${label}`;
    }),
  );
}

function statesOf(node: AnyStateNode, depth: number): string[] {
  const space = INDENT.repeat(depth);
  const children = Object.values(node.states);
  const initial = node.initial.target[0];
  const lines = initial === undefined ? [] : [`${space}[*] --> ${nameOf(initial)}`];
  for (const child of children) {
    if (Object.keys(child.states).length === 0) {
      lines.push(`${space}state "${child.key}" as ${nameOf(child)}`);
      continue;
    }
    lines.push(`${space}state "${child.key}" as ${nameOf(child)} {`);
    lines.push(...statesOf(child, depth + 1), `${space}}`);
  }
  return lines;
}

function everyNode(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(everyNode)];
}

/** The lines of a `stateDiagram-v2`; events that change no state are left out. */
export function mermaidOf(machine: AnyStateMachine): string {
  const edges = everyNode(machine.root).flatMap(edgesOf);
  const lines = ['stateDiagram-v2', ...statesOf(machine.root, 1)];
  return [...lines, ...edges.map((edge) => `${INDENT}${edge}`)].join('\n');
}
