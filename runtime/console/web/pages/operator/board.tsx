/** The board live: every channel's jacks, and a cord for all that moved between two of them. */

import { useEffect, useMemo } from 'preact/hooks';
import type { BoardMove, JackSummary } from '../../../../../schemas/console.js';
import { monotonic, untilTime } from '../../clock.js';
import { BoardView, createMotions, type Jack, type Motion } from '../../parts/board.js';
import { boardMoved } from '../../server/live.js';
import { titled } from '../board/sayings.js';

/** Moves between the same two jacks within this time are one cord that grows. */
const GATHER_MS = 4_000;

export function OperatorBoard({ jacks }: { jacks: readonly JackSummary[] }) {
  const motions = useMemo(createMotions, []);
  useEffect(() => {
    const gathered = gather();
    return boardMoved.listen((moves) => {
      for (const move of moves) motions.put(gathered(move));
    });
  }, []);
  return (
    <BoardView
      ins={jacks.filter(({ side }) => side === 'in').map(jackOf)}
      outs={jacks.filter(({ side }) => side === 'out').map(jackOf)}
      motions={motions.shown}
      idle="Nothing moves just now."
    />
  );
}

function jackId(side: 'in' | 'out', channel: string): string {
  return `${side}:${channel}`;
}

function jackOf({ channel, side, address, paused }: JackSummary): Jack {
  const said = paused === undefined ? address : `paused until ${untilTime(paused.until)}`;
  const label = titled(channel);
  return { id: jackId(side, channel), label, ...(said !== undefined && { sub: said }) };
}

/** A cord for each pair of jacks; after a quiet moment the next move draws a new one. */
function gather(): (move: BoardMove) => Motion {
  const cords = new Map<string, { id: string; at: number; count: number; failing: number }>();
  let drawn = 0;
  return (move) => {
    const pair = `${move.in}\n${move.out}`;
    const at = monotonic();
    const known = cords.get(pair);
    const isNew = known === undefined || at - known.at > GATHER_MS;
    if (isNew) drawn += 1;
    const cord = {
      id: isNew ? `${pair}\n${drawn}` : known.id,
      at,
      count: (isNew ? 0 : known.count) + move.count,
      failing: (isNew ? 0 : known.failing) + move.failing,
    };
    cords.set(pair, cord);
    return {
      id: cord.id,
      from: jackId('in', move.in),
      to: jackId('out', move.out),
      state: cord.failing > 0 ? 'failing' : 'done',
      label: labelOf(cord),
      count: cord.count,
    };
  };
}

function labelOf({ count, failing }: { count: number; failing: number }): string {
  if (failing > 0) return failing === 1 ? 'failing' : `${failing} failing`;
  return count === 1 ? '' : String(count);
}
