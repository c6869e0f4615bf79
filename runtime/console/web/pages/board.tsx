/**
 * The first page: a sentence, the board with one's own devices, the practice phone, what just
 * happened. Invariant: everything on it follows the live line; nothing needs a reload.
 */

import { useEffect, useMemo } from 'preact/hooks';
import { BoardView, createMotions } from '../parts/board.js';
import { Problem } from '../parts/loaded.js';
import { line } from '../server/live.js';
import { phone } from '../server/practice.js';
import { account, me } from '../server/session.js';
import '../style/first-page.css';
import { cordsOf, type Surroundings, waysIn, waysOut } from './board/cords.js';
import { First } from './board/first.js';
import { Happened } from './board/happened.js';
import { Phone } from './board/phone.js';
import { Plug } from './board/plug.js';
import { QuietMinute } from './board/quiet.js';
import { followRecent, held, loadRecent, recent, recentProblem } from './board/recent.js';
import { standingSentence } from './board/sayings.js';
import { quietNow } from './settings/standing.js';

export function Board() {
  const motions = useMemo(createMotions, []);
  useEffect(
    () =>
      followRecent((message, before) => {
        const around = surroundings();
        if (around === undefined) return;
        const { put, remove } = cordsOf(message, before, around);
        for (const id of remove) motions.remove(id);
        for (const motion of put) motions.put(motion);
      }),
    [],
  );
  const around = surroundings();
  const isEmpty = recent.value?.length === 0;
  return (
    <div class="first-page">
      <h1>{sentenceNow()}</h1>
      {recentProblem.value !== undefined && (
        <Problem text={recentProblem.value} again={loadRecent} />
      )}
      {isEmpty && <First />}
      <div class={`first-page-board ${phone.value === undefined ? '' : 'with-phone'}`}>
        {around !== undefined && (
          <BoardView
            ins={waysIn(around, motions.shown.value)}
            outs={waysOut(around, motions.shown.value)}
            motions={motions.shown}
            outTitle="Your devices"
            idle={isEmpty ? 'Your first message draws a cord here.' : 'Nothing moves just now.'}
          />
        )}
        <div class="row first-page-actions">
          <QuietMinute />
          <Plug />
        </div>
        {phone.value !== undefined && <Phone />}
        <Happened />
      </div>
    </div>
  );
}

function surroundings(): Surroundings | undefined {
  if (account.value === undefined || me.value === undefined) return undefined;
  return { account: account.value, channels: me.value.channels };
}

function sentenceNow(): string {
  return standingSentence({
    name: account.value?.name ?? '',
    isLost: line.value === 'lost',
    recent: recent.value,
    quietUntil: quietNow.value?.until,
    held: held.value,
  });
}
