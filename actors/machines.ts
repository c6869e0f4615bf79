/**
 * THE REGISTRY OF MACHINES, one line each: what the visualizer draws, `patchboard machines` lists
 * and exports. A machine that stands here needs no code of its own anywhere else.
 */

import type { AnyStateMachine } from 'xstate';
import { MACHINE_VERSION, messageMachine } from './message-manager/machine.js';

export interface MachineEntry {
  readonly name: string;
  readonly machine: AnyStateMachine;
  /** As stored with what the machine runs; absent where nothing of it is stored. */
  readonly version?: number;
}

/** The machine whose events every message's history records. */
export const MESSAGE_MACHINE: MachineEntry = {
  name: 'message',
  machine: messageMachine,
  version: MACHINE_VERSION,
};

export const machines: readonly MachineEntry[] = [MESSAGE_MACHINE];
