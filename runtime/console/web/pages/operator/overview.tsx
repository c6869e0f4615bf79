/**
 * The overview: one sentence, what needs somebody, five tiles, the board, rates. On a phone in the
 * order of need; on a desk around the board.
 */

import { spanText } from '../../../../../actors/message-tracker/words.js';
import type { Need, Overview, Tile } from '../../../../../schemas/console.js';
import { countWords } from '../../language.js';
import { later } from '../../parts/later.js';
import { Loaded, loading } from '../../parts/loaded.js';
import { Link } from '../../router.js';
import { OperatorBoard } from './board.js';
import { useRefresh } from './refresh.js';
import { SearchField } from './search.js';

const Rates = later(() => import('./rates.js').then((part) => part.Rates));

/** One for all visits: what was there stands while it is asked anew. */
const overview = loading('overview', () => ({}));

export function OverviewPart() {
  useRefresh(overview.load);
  return <Loaded of={overview}>{(value) => <Shown overview={value} />}</Loaded>;
}

function Shown({ overview: value }: { overview: Overview }) {
  return (
    <div class="op-overview">
      <div class={`op-sentence ${value.well ? 'well' : 'needy'}`} role="status">
        <h1>{value.sentence}</h1>
      </div>
      <section class="op-needs" aria-labelledby="op-needs">
        <h2 id="op-needs">Needs you</h2>
        {value.needs.length === 0 && <p class="soft">Nothing. Everything goes on by itself.</p>}
        <ul class="stack">
          {value.needs.map((need) => (
            <NeedLine key={`${need.kind} ${need.title}`} need={need} />
          ))}
        </ul>
      </section>
      <ul class="op-tiles" aria-label="Messages that have not ended well, or not yet">
        {value.tiles.map((tile) => (
          <TileLink key={tile.name} tile={tile} />
        ))}
      </ul>
      <div class="op-search">
        <SearchField />
      </div>
      <div class="op-board">
        <OperatorBoard jacks={value.jacks} />
      </div>
      <section class="op-rates" aria-label="Rates">
        <Rates />
      </section>
    </div>
  );
}

function NeedLine({ need }: { need: Need }) {
  const { kind, title, cause, oldestMs, action } = need;
  const tone = kind === 'dead' || kind === 'trouble' ? 'bad' : 'warn';
  return (
    <li class={`note ${tone} op-need`}>
      <div class="grow">
        <strong>{title}</strong>
        <p class="small">
          <bdi>{cause}</bdi>
          {oldestMs > 0 && <span class="soft"> · oldest {spanText(oldestMs)}</span>}
        </p>
      </div>
      {action !== undefined && (
        <Link to={action.link} class="button" label={`${action.label}: ${title}`}>
          {action.label}
        </Link>
      )}
    </li>
  );
}

const LINKS: Readonly<Record<string, string>> = {
  moving: '/operator/queues',
  held: '/operator/queues?what=held',
  retry: '/operator/queues?what=retry',
  'no receipt': `/operator/queues?what=${encodeURIComponent('no receipt')}`,
  dead: '/operator/dead',
};

function TileLink({ tile }: { tile: Tile }) {
  const { name, label, count, oldestMs, partial } = tile;
  const isBad = name === 'dead' && count > 0;
  return (
    <li class={`op-tile ${isBad ? 'bad' : ''} ${count === 0 ? 'none' : ''}`}>
      <Link to={LINKS[name] ?? '/operator/queues'}>
        <span class="op-tile-label">{label}</span>
        <span class="op-tile-count">
          {countWords(count)}
          {partial && <span title="At least so many: counting stopped at a limit">+</span>}
        </span>
        <span class="small soft">{count === 0 ? 'none' : `oldest ${spanText(oldestMs)}`}</span>
      </Link>
    </li>
  );
}
