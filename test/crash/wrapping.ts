/**
 * Puts crash points around a port's changing methods and around every write to a TCP socket, from
 * outside: nothing of it stands in the production code.
 *
 * Invariants: what is not known to only read counts as changing, so that a new method of a port
 * cannot be forgotten; every protocol's every write is a point, whatever it is. A site says whose
 * socket it is and, by its first bytes, what kind of thing is written; never what differs between
 * two runs of the same load.
 */

import { Socket } from 'node:net';
import type { Bus } from '../../runtime/bus/bus.js';
import type { Store } from '../../runtime/store/store.js';
import type { Points } from './points.js';

/** Methods that change nothing outside the process, and those that open or close the port. */
const STORE_READS: ReadonlySet<string> = new Set([
  'get',
  'getContent',
  'due',
  'list',
  'getBlob',
  'unhealthy',
  'space',
  'backup',
  'close',
]);
const BUS_READS: ReadonlySet<string> = new Set([
  'work',
  'subscribe',
  'depth',
  'counts',
  'unhealthy',
  'close',
]);

/** The methods that are wrapped, as sites: "store.create", … */
export function changingSites(name: 'store' | 'bus', port: object): string[] {
  const reads = name === 'store' ? STORE_READS : BUS_READS;
  return Object.entries(port)
    .filter(([key, member]) => typeof member === 'function' && !reads.has(key))
    .map(([key]) => `${name}.${key}`);
}

export function watchStore(store: Store, points: Points): Store {
  return watch(store, { name: 'store', reads: STORE_READS, detail: stateIn }, points);
}

export function watchBus(bus: Bus, points: Points): Bus {
  return watch(bus, { name: 'bus', reads: BUS_READS, detail: String }, points);
}

interface Watching {
  readonly name: string;
  readonly reads: ReadonlySet<string>;
  /** What of the first argument belongs to the site. */
  readonly detail: (argument: unknown) => string;
}

function watch<Port extends object>(port: Port, watching: Watching, points: Points): Port {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== 'function' || watching.reads.has(String(key))) return member;
      return (...given: unknown[]) => {
        const site = `${watching.name}.${String(key)} ${watching.detail(given[0])}`.trim();
        points.visit('before', site);
        const result: unknown = Reflect.apply(member, target, given);
        if (!(result instanceof Promise)) points.visit('after', site);
        else result.then(() => points.visit('after', site)).catch(() => {});
        return result;
      };
    },
  });
}

/** The state of the message that is written, or what kind of document it is. */
function stateIn(argument: unknown): string {
  if (typeof argument !== 'object' || argument === null || !('key' in argument)) return '';
  const value: unknown = 'value' in argument ? argument.value : undefined;
  const isMessage = typeof value === 'object' && value !== null && 'state' in value;
  return isMessage ? String(value.state) : String(argument.key).replace(/\/.*/, '');
}

/** Whose port that is: a channel's, the door's, a peer's; undefined: nobody's that is known. */
export type NameOfPort = (port: number) => string | undefined;

/** Every write to a TCP socket of this process: "email-in 354", "door-in HTTP 200". */
export function watchSockets(points: Points, nameOf: NameOfPort): void {
  for (const method of ['write', 'end']) {
    const original: unknown = Reflect.get(Socket.prototype, method);
    if (typeof original !== 'function') throw new Error(`Sockets have no ${method} any more.`);
    Reflect.set(Socket.prototype, method, function (this: Socket, ...given: unknown[]): unknown {
      const place = placeOf(this, nameOf);
      if (place === undefined) return Reflect.apply(original, this, given);
      const chunk = typeof given[0] === 'function' ? undefined : given[0];
      const ends = method === 'end' && (chunk === undefined || chunk === null);
      const site = `${place} ${ends ? 'end' : kindOf(chunk)}`;
      points.visit('before', site);
      const last = given.at(-1);
      const told = (...results: unknown[]): void => {
        points.visit('after', site);
        if (typeof last === 'function') Reflect.apply(last, undefined, results);
      };
      // A caller may pass places on that it leaves empty: what is told must not come behind them.
      const asked = typeof last === 'function' ? given.slice(0, -1) : given;
      const rest = asked.filter((one) => one !== undefined && one !== null);
      return Reflect.apply(original, this, [...rest, told]);
    });
  }
}

/** Undefined: no TCP, but a pipe or a socket of this machine, which is nobody's protocol. */
function placeOf(socket: Socket, nameOf: NameOfPort): string | undefined {
  const isAccepted = 'server' in socket && socket.server !== null && socket.server !== undefined;
  const port = isAccepted ? socket.localPort : socket.remotePort;
  if (port === undefined) return undefined;
  return `${nameOf(port) ?? 'somebody'}-${isAccepted ? 'in' : 'out'}`;
}

function textOf(chunk: unknown): string {
  if (typeof chunk === 'string') return chunk;
  return chunk instanceof Uint8Array ? Buffer.from(chunk).toString('latin1') : '';
}

const FRAME_HEAD_MAX = 14;
/** A command in capital letters. */
const VERB = /^[A-Z]{4,8}(?=[ \r])/;
/** An answer that begins with a number; its last line, without its enhanced status code. */
const REPLY = /^(\d{3})[ -](?:\d\.\d+\.\d+ )?(\S+)/;

/** What kind of thing is written, as far as it is the same in every run. */
function kindOf(chunk: unknown): string {
  const text = textOf(chunk);
  if (text === '') return 'nothing';
  const [, status] = /^HTTP\/1\.\d (\d{3})/.exec(text) ?? [];
  if (status !== undefined) return `HTTP ${status}`;
  if (text.length <= FRAME_HEAD_MAX && text.charCodeAt(0) >= 0x80) return 'frame head';
  const frame = /^(?:[\x80-\xff].{1,9})?(\{"\w+":.*)$/s.exec(text)?.[1];
  if (frame !== undefined) return kindOfFrame(frame);
  if (/^(?:\r\n)?\.\r\n$/.test(text)) return 'dot';
  if (/^\d{3} .*(queued as|report taken)/.test(text)) return `${text.slice(0, 3)} after dot`;
  const [, code, word] = REPLY.exec(text.trimEnd().split('\r\n').at(-1) ?? '') ?? [];
  if (code !== undefined) return `${code} ${word}`;
  return VERB.exec(text)?.[0] ?? 'content';
}

/** What a JSON text says of its own kind: "frame channel deliver". */
function kindOfFrame(json: string): string {
  const words = [...json.matchAll(/"(?:topic|kind|ok)":"?(\w+)/g)].map(([, word]) => word);
  return ['frame', ...words.slice(0, 2)].join(' ');
}
