/**
 * The chip at the top: which profile holds, or that it is quiet; opened, one tap changes it.
 *
 * Invariants: opens and closes by keyboard (Enter, Escape), and closes when the focus leaves it.
 */

import { useSignal, useSignalEffect } from '@preact/signals';
import { useId, useRef } from 'preact/hooks';
import { untilTime } from '../../clock.js';
import { Action } from '../../parts/action.js';
import { Link } from '../../router.js';
import { account } from '../../server/session.js';
import '../../style/settings.css';
import {
  endQuiet,
  inAnHour,
  MORNING_WORDS,
  profileNow,
  quietNow,
  quietUntil,
  tomorrowMorning,
  useProfile,
} from './standing.js';
import { Until } from './until.js';

function chipWords(): string {
  const quiet = quietNow.value;
  if (quiet !== undefined) return `Quiet until ${untilTime(quiet.until)}`;
  const standing = profileNow.value;
  if (standing === undefined) return 'No profile';
  const { profile, until } = standing;
  return until === undefined ? profile.name : `${profile.name} until ${untilTime(until)}`;
}

export function ProfileChip() {
  const open = useSignal(false);
  const chip = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  function close(): void {
    open.value = false;
    button.current?.focus();
  }

  useSignalEffect(() => {
    if (!open.value) return undefined;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') close();
    };
    const onElsewhere = ({ target }: Event): void => {
      if (target instanceof Node && !chip.current?.contains(target)) open.value = false;
    };
    document.addEventListener('keydown', onKey);
    document.addEventListener('focusin', onElsewhere);
    document.addEventListener('pointerdown', onElsewhere);
    return () => {
      document.removeEventListener('keydown', onKey);
      document.removeEventListener('focusin', onElsewhere);
      document.removeEventListener('pointerdown', onElsewhere);
    };
  });

  return (
    <div class="chip" ref={chip}>
      <button
        ref={button}
        type="button"
        class={`button chip-button ${quietNow.value === undefined ? '' : 'quiet'}`}
        aria-expanded={open.value}
        aria-controls={id}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        <span class="unseen">How messages reach you: </span>
        <span class="chip-words">{chipWords()}</span>
        <span aria-hidden="true">▾</span>
      </button>
      {open.value && (
        <div class="chip-panel card stack" id={id}>
          <ChipProfiles close={close} />
          <ChipQuiet close={close} />
          <Link to="/me" class="small">
            Devices & profiles
          </Link>
        </div>
      )}
    </div>
  );
}

function ChipProfiles({ close }: { close: () => void }) {
  return (
    <section class="stack">
      <h2 class="chip-title">Profile</h2>
      <ul class="stack tight">
        {account.value?.profiles.map((profile) => {
          const isActive = profile.id === profileNow.value?.profile.id;
          return (
            <li key={profile.id}>
              <Action
                kind={isActive ? 'first' : 'plain'}
                label={isActive ? `${profile.name}, in use` : `Use ${profile.name}`}
                run={() => useProfile(profile.id).then(close)}
              >
                {isActive && <span aria-hidden="true">✓ </span>}
                {profile.name}
              </Action>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function ChipQuiet({ close }: { close: () => void }) {
  const choosing = useSignal(false);
  const quiet = quietNow.value;
  const set = (until: number): Promise<void> => quietUntil(until).then(close);
  return (
    <section class="stack">
      <h2 class="chip-title">Do not disturb</h2>
      {quiet !== undefined && (
        <div class="row">
          <span class="grow">Quiet until {untilTime(quiet.until)}.</span>
          <Action run={() => endQuiet().then(close)}>End it</Action>
        </div>
      )}
      <div class="row">
        <Action run={() => set(inAnHour())}>1 hour</Action>
        <Action run={() => set(tomorrowMorning())}>{MORNING_WORDS}</Action>
        <button
          type="button"
          class="button"
          aria-expanded={choosing.value}
          onClick={() => {
            choosing.value = !choosing.value;
          }}
        >
          Until…
        </button>
      </div>
      {choosing.value && <Until label="Quiet until" button="Set" first={inAnHour()} choose={set} />}
      <p class="small soft">
        Messages wait; nothing is lost. {passWords(quiet?.exceptions.length ?? 0)}
      </p>
    </section>
  );
}

function passWords(exceptions: number): string {
  if (exceptions === 0) return 'Nobody is let through meanwhile.';
  return exceptions === 1 ? 'One rule lets through.' : `${exceptions} rules let through.`;
}
