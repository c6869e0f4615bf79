/**
 * Moves over the board since they were last taken, grouped by way in and way out.
 *
 * Invariant: bounded by the number of channels, however many messages move.
 */

import type { BoardMove } from '../../schemas/console.js';
import type { Delivery } from '../../schemas/delivery.js';
import type { MessageDocument } from '../../schemas/message.js';

/** Not yet as somebody may see it: `last` is the last message that moved there. */
export type GroupedMove = Omit<BoardMove, 'message'> & { readonly last: MessageDocument };

export interface Moves {
  /** True: the step was a move. */
  note(before: MessageDocument | undefined, document: MessageDocument): boolean;
  take(): readonly GroupedMove[];
}

export function createMoves(): Moves {
  let groups = new Map<string, GroupedMove>();
  return {
    note(before, document) {
      const way = document.input.origin.channel;
      const old = before?.context.deliveries ?? [];
      let moved = false;
      for (const delivery of document.context.deliveries) {
        if (
          !isMoved(
            old.find(({ id }) => id === delivery.id),
            delivery,
          )
        )
          continue;
        moved = true;
        const out = delivery.address.channel;
        const key = `${way}\n${out}`;
        const { count = 0, failing = 0 } = groups.get(key) ?? {};
        groups.set(key, {
          in: way,
          out,
          count: count + 1,
          failing: failing + (isFailing(delivery) ? 1 : 0),
          last: document,
        });
      }
      return moved;
    },
    take() {
      const taken = [...groups.values()];
      groups = new Map();
      return taken;
    },
  };
}

/** The way was tried, and this is what came of it. */
function isMoved(before: Delivery | undefined, after: Delivery): boolean {
  if (after.last === undefined) return false;
  return before?.last?.at !== after.last.at || before.phase !== after.phase;
}

function isFailing({ phase }: Delivery): boolean {
  return phase === 'failed' || phase === 'ready';
}
