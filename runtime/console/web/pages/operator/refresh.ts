/**
 * Keeps what an operator looks at fresh: when it is opened, when something moves on the board, and
 * every few seconds while the page is seen. Nothing is asked while nobody looks.
 */

import { useEffect } from 'preact/hooks';
import { after, monotonic } from '../../clock.js';
import { boardMoved, stale, watchBoard } from '../../server/live.js';

const EVERY_MS = 5_000;
/** Many moves are one refresh. */
const MOVED_MS = 1_000;

/** @param load never rejects */
export function useRefresh(load: () => Promise<void>, everyMs = EVERY_MS): void {
  useEffect(() => {
    watchBoard();
    return keepFresh(load, everyMs);
  }, []);
}

function keepFresh(load: () => Promise<void>, everyMs: number): () => void {
  let cancel: () => void = () => {};
  let dueAt = Infinity;
  let ended = false;

  function inMs(ms: number): void {
    const at = monotonic() + ms;
    if (ended || at >= dueAt) return;
    cancel();
    dueAt = at;
    cancel = after(ms, () => void run());
  }

  async function run(): Promise<void> {
    cancel();
    dueAt = Infinity;
    // Hidden: the next look is when the page is seen again.
    if (document.hidden || ended) return;
    await load();
    inMs(everyMs);
  }

  const seen = (): void => {
    if (!document.hidden) void run();
  };
  document.addEventListener('visibilitychange', seen);
  const unlisten = [
    boardMoved.listen(() => inMs(MOVED_MS)),
    stale.listen(() => inMs(0)),
    () => document.removeEventListener('visibilitychange', seen),
  ];
  void run();
  return () => {
    ended = true;
    cancel();
    for (const end of unlisten) end();
  };
}
