/**
 * What a board shows: its jacks, and the motions between them. Motions are put in or changed by
 * id, and gone again a while after they ended; what runs or waits stays for as long as it does.
 */

import { type ReadonlySignal, signal } from '@preact/signals';
import { after } from '../clock.js';

export interface Jack {
  /** Of both sides together no two are alike. */
  readonly id: string;
  readonly label: string;
  readonly sub?: string;
}

export interface Motion {
  readonly id: string;
  /** Jacks, of either side. */
  readonly from: string;
  readonly to: string;
  readonly state: 'running' | 'done' | 'failing' | 'waiting';
  /** Stands on the cord: "9 ms". */
  readonly label: string;
  /** So many messages at once: the cord is thicker. */
  readonly count: number;
  /** For who does not see the cord; without it: from where to where, and the label. */
  readonly text?: string;
}

/** How long the cord of a finished motion stays; style/board.css fades it within this time. */
const STAY_MS = 16_000;
/** More at once nobody can follow: the oldest leave. */
const MOTIONS_MAX = 24;

export interface Motions {
  readonly shown: ReadonlySignal<readonly Motion[]>;
  /** Puts a motion on the board, or changes the one of this id. */
  put(motion: Motion): void;
  remove(id: string): void;
  clear(): void;
}

export function createMotions(): Motions {
  const shown = signal<readonly Motion[]>([]);
  const leaving = new Map<string, () => void>();
  function remove(id: string): void {
    leaving.get(id)?.();
    leaving.delete(id);
    shown.value = shown.value.filter((motion) => motion.id !== id);
  }
  return {
    shown,
    remove,
    put(motion) {
      const known = shown.value.some(({ id }) => id === motion.id);
      shown.value = known
        ? shown.value.map((old) => (old.id === motion.id ? motion : old))
        : [...shown.value, motion];
      for (const old of shown.value.slice(0, -MOTIONS_MAX)) remove(old.id);
      leaving.get(motion.id)?.();
      leaving.delete(motion.id);
      if (motion.state === 'running' || motion.state === 'waiting') return;
      leaving.set(
        motion.id,
        after(STAY_MS, () => remove(motion.id)),
      );
    },
    clear() {
      for (const { id } of shown.value) remove(id);
    },
  };
}
