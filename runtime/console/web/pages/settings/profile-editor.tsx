/** A profile being written: ordered steps, each with the devices that are tried together. */

import { type Signal, useSignal } from '@preact/signals';
import type { Profile, ProfileStep } from '../../../../../schemas/account.js';
import type { Me } from '../../../../../schemas/console.js';
import { Action } from '../../parts/action.js';
import { call } from '../../server/call.js';
import { account as accountNow } from '../../server/session.js';
import { type Way, wayName, waysOf } from './endpoints.js';

const MINUTE_MS = 60_000;
const ID_CHARACTERS_MAX = 40;

interface EditorProps {
  readonly profile: Profile;
  readonly account: Me['account'];
  readonly done: () => void;
}

/** An id from the name, not yet used by another profile. */
function freshId(name: string, account: Me['account']): string {
  const base = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, ID_CHARACTERS_MAX);
  const used = new Set(account.profiles.map(({ id }) => id));
  const start = base === '' ? 'profile' : base;
  let id = start;
  for (let count = 2; used.has(id); count += 1) id = `${start}-${count}`;
  return id;
}

/** The place of last resort is not a step, unless it was made one. */
function choicesFor({ steps }: Profile, account: Me['account']): readonly Way[] {
  const chosen = new Set(steps.flatMap(({ endpoints }) => endpoints));
  return waysOf(account).filter(
    ({ endpoint }) => endpoint.lastResort !== true || chosen.has(endpoint.id),
  );
}

export function ProfileEditor({ profile, account, done }: EditorProps) {
  const draft = useSignal<Profile>(
    profile.steps.length === 0 ? { ...profile, steps: [{ endpoints: [] }] } : profile,
  );
  const change = (part: Partial<Profile>): void => {
    draft.value = { ...draft.value, ...part };
  };
  async function save(): Promise<void> {
    const { id, name } = draft.value;
    if (name.trim() === '') throw new Error('Give the profile a name.');
    const steps = draft.value.steps.filter(({ endpoints }) => endpoints.length > 0);
    const whole = { ...draft.value, id: id === '' ? freshId(name, account) : id, steps };
    accountNow.value = await call('profile.put', { profile: whole });
    done();
  }
  return (
    <div class="stack">
      <label>
        Name
        <input
          value={draft.value.name}
          maxLength={200}
          placeholder="Meeting, night, holiday"
          onInput={(event) => change({ name: event.currentTarget.value })}
        />
      </label>
      <Steps draft={draft} ways={choicesFor(profile, account)} />
      <label>
        Where a step has several devices
        <select
          value={draft.value.confirms}
          onChange={(event) =>
            change({ confirms: event.currentTarget.value === 'all' ? 'all' : 'any' })
          }
        >
          <option value="any">one of them confirming is enough</option>
          <option value="all">each of them must confirm</option>
        </select>
      </label>
      <label>
        When every way has failed
        <select
          value={draft.value.lastResort}
          onChange={(event) =>
            change({ lastResort: event.currentTarget.value === 'dead' ? 'dead' : 'inbox' })
          }
        >
          <option value="inbox">keep the message in my inbox</option>
          <option value="dead">give it to the operator, as a dead message</option>
        </select>
      </label>
      <div class="row">
        <Action kind="first" run={save}>
          Save
        </Action>
      </div>
    </div>
  );
}

function Steps({ draft, ways }: { draft: Signal<Profile>; ways: readonly Way[] }) {
  const { steps } = draft.value;
  const put = (changed: readonly ProfileStep[]): void => {
    draft.value = { ...draft.value, steps: changed };
  };
  return (
    <div class="stack">
      {steps.map((step, index) => (
        <Step
          key={String(index)}
          number={index + 1}
          step={step}
          ways={ways}
          isLast={index === steps.length - 1}
          change={(next) => put(steps.map((old, at) => (at === index ? next : old)))}
          remove={() => put(steps.filter((_, at) => at !== index))}
          up={
            index === 0
              ? undefined
              : () => put(steps.toSpliced(index - 1, 2, step, ...steps.slice(index - 1, index)))
          }
        />
      ))}
      <div>
        <button type="button" class="button" onClick={() => put([...steps, { endpoints: [] }])}>
          One more step
        </button>
      </div>
    </div>
  );
}

interface StepProps {
  readonly number: number;
  readonly step: ProfileStep;
  readonly ways: readonly Way[];
  readonly isLast: boolean;
  readonly change: (step: ProfileStep) => void;
  readonly remove: () => void;
  readonly up: (() => void) | undefined;
}

function Step({ number, step, ways, isLast, change, remove, up }: StepProps) {
  return (
    <fieldset class="step stack tight">
      <legend>Step {number}</legend>
      {ways.map((way) => {
        const { id } = way.endpoint;
        const isIn = step.endpoints.includes(id);
        return (
          <label key={id} class="check">
            <input
              type="checkbox"
              checked={isIn}
              onChange={() => {
                const rest = step.endpoints.filter((other) => other !== id);
                change({ ...step, endpoints: isIn ? rest : [...rest, id] });
              }}
            />{' '}
            {wayName(way)} <span class="small soft">{way.endpoint.address.channel}</span>
          </label>
        );
      })}
      {!isLast && <Wait number={number} step={step} change={change} />}
      <div class="row">
        {up !== undefined && (
          <button type="button" class="button plain small-button" onClick={up}>
            Earlier
          </button>
        )}
        <button type="button" class="button plain small-button" onClick={remove}>
          Remove step {number}
        </button>
      </div>
    </fieldset>
  );
}

type WaitProps = Pick<StepProps, 'number' | 'step' | 'change'>;

function Wait({ number, step, change }: WaitProps) {
  return (
    <label class="small">
      Minutes without confirmation until step {number + 1} starts too; empty: only if this fails
      <input
        type="number"
        min={0}
        max={43_200}
        step="any"
        value={step.waitMs === undefined ? '' : step.waitMs / MINUTE_MS}
        onInput={(event) => {
          const { endpoints } = step;
          const minutes = event.currentTarget.valueAsNumber;
          const waits = Number.isFinite(minutes) && minutes >= 0;
          change(waits ? { endpoints, waitMs: Math.round(minutes * MINUTE_MS) } : { endpoints });
        }}
      />
    </label>
  );
}
