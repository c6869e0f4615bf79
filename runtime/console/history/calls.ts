/**
 * The calls of a message's page and of the visualizer: its history, the same as a test, and every
 * machine drawn.
 *
 * Invariants: who may not see a message learns no more than that there is none; a history is read,
 * replayed and shown up to limits, and what is left out is told in words.
 */

import { Type } from 'typebox';
import { may } from '../../../actors/authentication-manager/rights.js';
import type { Failure } from '../../../actors/machinery.js';
import { MESSAGE_MACHINE, machines } from '../../../actors/machines.js';
import { messageName } from '../../../actors/message-tracker/tracker.js';
import type { Account } from '../../../schemas/account.js';
import type { MessageHistory } from '../../../schemas/console.js';
import { IDENTIFIER_PATTERN, splitMessageKey } from '../../../schemas/identifier.js';
import type { MessageDocument } from '../../../schemas/message.js';
import { HISTORY_MOVED_AT_ONCE } from '../../kernel/document.js';
import { readHistory, readMessage, resolveMessages } from '../../messages.js';
import { refuse } from '../../operations/operation.js';
import { type CallTable, type ConsoleParts, consoleCall } from '../console-call.js';
import { summaryOf } from '../summary.js';
import { asTest } from './as-test.js';
import { drawMachine, exportMachine } from './drawing.js';
import { plannedSteps } from './plan.js';
import { type Told, toldEnd, toldSteps } from './steps.js';
import {
  courseSteps,
  headlineFor,
  standingFor,
  UTC,
  type View,
  viewFor,
  withoutWorkers,
} from './view.js';

/** Overflow documents that are read for one look; a longer history shows its end only. */
const OVERFLOW_READ_MAX = 128;
/** Steps that travel to the page: so many of the beginning, the others of the end. */
const STEPS_SHOWN_MAX = 240;
const STEPS_OF_BEGINNING = 40;
/** Messages of one submission that are looked at, and named. */
const READ_MAX = 1000;
const OTHERS_NAMED_MAX = 20;
const NAME_CHARACTERS_MAX = 1000;

const Name = Type.String({ maxLength: NAME_CHARACTERS_MAX });
const Nothing = Type.Object({}, { additionalProperties: false });
const ById = Type.Object({ id: Name }, { additionalProperties: false });
const ByKey = Type.Object({ key: Name }, { additionalProperties: false });
const ByName = Type.Object({ name: Name }, { additionalProperties: false });

type HistoryCalls = CallTable<
  'message.history' | 'message.asTest' | 'machines.list' | 'machines.get'
>;

export const historyCalls = {
  'message.history': consoleCall<'message.history', typeof ById>(
    'own.read',
    ById,
    async (parts, { account }, { id }) => {
      const found = await findMessage(parts, account, id);
      return found.ok ? historyOf(parts, account, found) : found;
    },
  ),
  'message.asTest': consoleCall<'message.asTest', typeof ByKey>(
    'own.read',
    ByKey,
    async (parts, { account }, { key }) => {
      const document = await readMessage(parts.store, key);
      const view = document && viewFor(document, account);
      if (document === undefined || view === undefined) return unknown(key);
      if (view === 'course') {
        const message = 'The events are its recipient’s; a sender sees the course of the states.';
        return refuse('NOT_ALLOWED', message);
      }
      if (document.historyMoved > OVERFLOW_READ_MAX) {
        return refuse('MESSAGE_STATE', `${messageName(key)} has too many steps for one test.`);
      }
      return { text: asTest(document.input, await readHistory(parts.store, document)) };
    },
  ),
  'machines.list': consoleCall<'machines.list', typeof Nothing>(
    'own.read',
    Nothing,
    async (parts) => ({ items: registry(parts).map(({ name }) => ({ name })) }),
  ),
  'machines.get': consoleCall<'machines.get', typeof ByName>(
    'own.read',
    ByName,
    async (parts, _caller, { name }) => {
      const entry = registry(parts).find((one) => one.name === name);
      if (entry === undefined) return refuse('CALL_INVALID', `There is no machine "${name}".`);
      return { drawing: drawMachine(entry), definition: exportMachine(entry.machine) };
    },
  ),
} satisfies HistoryCalls;

function registry({ machines: given }: ConsoleParts) {
  return given ?? machines;
}

function unknown(id: string): Failure {
  return refuse('MESSAGE_UNKNOWN', `There is no message ${id} that you may see.`);
}

interface Found {
  readonly ok: true;
  readonly document: MessageDocument;
  readonly view: View;
  readonly others: readonly string[];
}

/** The first message of that name that the account may see, and how the others are named. */
async function findMessage(
  { store }: ConsoleParts,
  account: Account,
  id: string,
): Promise<Found | Failure> {
  // Endings and references are looked for among everybody's messages: operators only.
  const [named = ''] = id.split('.');
  if (!IDENTIFIER_PATTERN.test(named) && !may(account, 'message.track')) return unknown(id);
  const resolved = await resolveMessages(store, id);
  if (!resolved.ok) return resolved.code === 'MESSAGE_UNKNOWN' ? unknown(id) : resolved;
  const [found] = await readVisible(store, account, resolved.keys, 1);
  if (found === undefined) return unknown(id);
  const { submission } = splitMessageKey(found.document.key);
  const siblings = await resolveMessages(store, submission);
  const keys = siblings.ok ? siblings.keys.filter((key) => key !== found.document.key) : [];
  const others = await readVisible(store, account, keys, OTHERS_NAMED_MAX);
  return { ok: true, ...found, others: others.map(({ document }) => nameInLinks(document.key)) };
}

async function readVisible(
  store: ConsoleParts['store'],
  account: Account,
  keys: readonly string[],
  limit: number,
): Promise<Pick<Found, 'document' | 'view'>[]> {
  const visible: Pick<Found, 'document' | 'view'>[] = [];
  for (const key of keys.slice(0, READ_MAX)) {
    const document = await readMessage(store, key);
    const view = document && viewFor(document, account);
    if (document !== undefined && view !== undefined) visible.push({ document, view });
    if (visible.length >= limit) break;
  }
  return visible;
}

/** With its number also for the first one, which would else stand for all of them. */
function nameInLinks(key: string): string {
  const name = messageName(key);
  return name.includes('.') ? name : `${name}.0`;
}

async function historyOf(
  parts: ConsoleParts,
  account: Account,
  { document, view, others }: Found,
): Promise<MessageHistory> {
  const now = parts.clock.now();
  const base = {
    message: summaryOf(document, { account }),
    headline: headlineFor(document, view),
    standing: standingFor(document, view),
    machine: MESSAGE_MACHINE.name,
    others,
  };
  const told = await readSteps(parts, document);
  if (view === 'course') {
    const steps = courseSteps(told.history);
    return { ...base, ...bounded(steps), shows: 'course', planned: [] };
  }
  const seen = view === 'operator' ? told.steps : told.steps.map(withoutWorkers);
  return {
    ...base,
    ...bounded(seen),
    ...(told.birth === undefined ? {} : { birth: told.birth }),
    ...(told.differs === undefined ? {} : { differs: told.differs }),
    ...(told.omitted === undefined ? {} : { omitted: told.omitted }),
    shows: 'whole',
    planned: plannedSteps(document, now),
  };
}

async function readSteps(
  { store }: ConsoleParts,
  document: MessageDocument,
): Promise<Told & { readonly history: MessageDocument['history']; readonly omitted?: string }> {
  if (document.historyMoved <= OVERFLOW_READ_MAX) {
    const history = await readHistory(store, document);
    return { history, ...toldSteps({ document, history, time: UTC }, MESSAGE_MACHINE) };
  }
  const { history } = document;
  const moved = document.historyMoved * HISTORY_MOVED_AT_ONCE;
  const omitted = `The first ${moved} steps are not shown, nor contexts: there are too many.`;
  return { history, omitted, ...toldEnd({ document, history, time: UTC }, moved) };
}

function bounded(steps: MessageHistory['steps']): Pick<MessageHistory, 'steps' | 'omitted'> {
  if (steps.length <= STEPS_SHOWN_MAX) return { steps };
  const end = steps.length - (STEPS_SHOWN_MAX - STEPS_OF_BEGINNING);
  return {
    steps: [...steps.slice(0, STEPS_OF_BEGINNING), ...steps.slice(end)],
    omitted: `Steps ${STEPS_OF_BEGINNING + 1} to ${end} of ${steps.length} are not shown.`,
  };
}
