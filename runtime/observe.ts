/**
 * Logs: short lines for a person on a terminal, JSON for everything else (pino).
 *
 * JSON lines have time (RFC 3339), level (a word), event ("delivery.confirmed") and the facts.
 * Invariant: with `addresses: hashed` no address leaves in clear, neither in a fact that names one
 * nor inside a text such as a peer's answer. The hash is keyed, so that it cannot be guessed back.
 */

import { createHmac } from 'node:crypto';
import { type DestinationStream, pino } from 'pino';
import type { Clock, Log } from '../actors/machinery.js';
import { timeOfDay, utcTime } from './clock.js';

type Facts = Readonly<Record<string, unknown>>;
type Level = 'debug' | 'info' | 'warn' | 'error';

const HASH_CHARACTERS = 12;
/** Hashed addresses that are remembered: the same few come again and again. */
const HASHED_MAX = 4096;
/** Facts whose value is an address of some channel, whatever it looks like. */
const ADDRESS_FACTS: ReadonlySet<string> = new Set([
  'address',
  'from',
  'recipient',
  'sender',
  'to',
  'via',
]);
/** What people wrote: it goes to a terminal only. */
const CONTENT_FACTS: ReadonlySet<string> = new Set(['subject']);
const MAIL_ADDRESS = /[^\s<>"'(),;:@[\]]+@[^\s<>"'(),;@]+/g;

export interface LogOptions {
  readonly level: Level | 'silent';
  /** How each line is written: see `jsonLines` and `prettyLines`. */
  readonly write: (level: Level, event: string, facts: Facts) => void;
}

const RANK: Readonly<Record<LogOptions['level'], number>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
  silent: 4,
};

/** A log that lets lines of `level` and above through. */
export function createLog(options: LogOptions): Log {
  const at =
    (level: Level): Log['info'] =>
    (event, facts = {}) => {
      if (RANK[level] >= RANK[options.level]) options.write(level, event, facts);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** JSON lines; `hashKey` undefined leaves addresses as they are. */
export function jsonLines(options: {
  readonly clock: Clock;
  readonly destination: DestinationStream;
  readonly hashKey: string | undefined;
}): LogOptions['write'] {
  const { clock, hashKey } = options;
  const logger = pino(
    {
      level: 'debug',
      base: null,
      messageKey: 'event',
      timestamp: () => `,"time":"${utcTime(clock.now())}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.destination,
  );
  return (level, event, facts) => {
    logger[level](
      hashKey === undefined ? plainErrors(facts) : hashAddresses(facts, hashKey),
      event,
    );
  };
}

const hashed = { key: '', words: new Map<string, string>() };

/** An address as it stands in logs: the same address, the same word, under one key. */
export function hashAddress(address: string, hashKey: string): string {
  if (hashed.key !== hashKey || hashed.words.size >= HASHED_MAX) {
    hashed.key = hashKey;
    hashed.words.clear();
  }
  const known = hashed.words.get(address);
  if (known !== undefined) return known;
  const digest = createHmac('sha256', hashKey).update(address).digest('hex');
  const word = `h:${digest.slice(0, HASH_CHARACTERS)}`;
  hashed.words.set(address, word);
  return word;
}

/** The facts with every address in them hashed. */
export function hashAddresses(facts: Facts, hashKey: string): Facts {
  return Object.fromEntries(
    Object.entries(facts)
      .filter(([name]) => !CONTENT_FACTS.has(name))
      .map(([name, value]) => [name, hashValue(name, value, hashKey)]),
  );
}

function hashValue(name: string, value: unknown, hashKey: string): unknown {
  if (typeof value === 'string') {
    if (ADDRESS_FACTS.has(name)) return value === '' ? '' : hashAddress(value, hashKey);
    if (!value.includes('@')) return value;
    return value.replace(MAIL_ADDRESS, (address) => hashAddress(address, hashKey));
  }
  if (value instanceof Error) return hashValue('error', value.stack ?? value.message, hashKey);
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  if (Array.isArray(value)) return value.map((item) => hashValue(name, item, hashKey));
  if (typeof value === 'object' && value !== null) {
    const hashed = Object.entries(value).map(([key, item]) => {
      const isAddress = key === 'value' && 'channel' in value;
      return [key, hashValue(isAddress ? 'address' : key, item, hashKey)];
    });
    return Object.fromEntries(hashed);
  }
  return value;
}

function plainErrors(facts: Facts): Facts {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      value instanceof Error ? (value.stack ?? value.message) : value,
    ]),
  );
}

/** One short line for a person: time, what, facts. Traffic gets arrows. */
export function prettyLines(options: {
  readonly clock: Clock;
  readonly print: (line: string) => void;
}): LogOptions['write'] {
  return (level, event, facts) => {
    options.print(prettyLine({ at: options.clock.now(), level, event, facts }));
  };
}

/** The text of one line for a terminal. */
export function prettyLine(line: {
  readonly at: number;
  readonly level: Level;
  readonly event: string;
  readonly facts: Facts;
}): string {
  const time = timeOfDay(line.at, 'seconds');
  const traffic = trafficText(line.event, line.facts);
  if (traffic !== undefined) return `${time}  ${traffic}`;
  const mark = { debug: '·', info: ' ', warn: '!', error: '✗' }[line.level];
  const facts = Object.entries(plainErrors(line.facts)).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [`${time}  ${mark} ${line.event}`, ...facts].join('  ').trimEnd();
}

function trafficText(event: string, facts: Facts): string | undefined {
  const text = (name: string): string => (typeof facts[name] === 'string' ? facts[name] : '');
  const id = text('messageId');
  if (event === 'message.accepted') {
    const subject = text('subject') === '' ? '(no subject)' : `"${text('subject')}"`;
    return `← ${text('channel')}  ${text('from') || '(no sender)'}  ${subject}   ${id}`;
  }
  if (!event.startsWith('delivery.')) return undefined;
  const word = text('confirmation') || event.slice('delivery.'.length);
  const since = facts['sinceAcceptMs'];
  const took = typeof since === 'number' ? `, ${Math.round(since)} ms` : '';
  const reason =
    text('reason') !== '' && event !== 'delivery.confirmed' ? `: ${text('reason')}` : '';
  const what = `→ ${text('channel')}  ${text('to')}  ${word}${took}${reason}`;
  return `${what.padEnd(42)}  npx patchboard track ${id}`;
}
