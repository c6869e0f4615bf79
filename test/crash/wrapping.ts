/**
 * Puts crash points around a port's changing methods and around every write to an SMTP socket, from
 * outside: nothing of it stands in the production code.
 *
 * Invariants: what is not known to only read counts as changing, so that a new method of a port
 * cannot be forgotten; sockets that do not speak SMTP (none of ours listens or connects elsewhere)
 * are left alone.
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

/** Where in its protocol a socket stands. */
interface Stand {
  inContent: boolean;
}

/** @param sinkPort the next hop's port: what is written there is `smtp-out` */
export function watchSockets(points: Points, sinkPort: number): void {
  const stands = new WeakMap<Socket, Stand>();
  const site = (socket: Socket, chunk: unknown): string | undefined => {
    if ('server' in socket && socket.server !== null && socket.server !== undefined) {
      return inSite(chunk);
    }
    if (socket.remotePort !== sinkPort) return undefined;
    const stand = stands.get(socket) ?? { inContent: false };
    stands.set(socket, stand);
    return outSite(stand, chunk);
  };
  for (const method of ['write', 'end']) {
    const original: unknown = Reflect.get(Socket.prototype, method);
    if (typeof original !== 'function') throw new Error(`Sockets have no ${method} any more.`);
    Reflect.set(Socket.prototype, method, function (this: Socket, ...given: unknown[]): unknown {
      const chunk = typeof given[0] === 'function' ? undefined : given[0];
      const name =
        method === 'end' && chunk === undefined ? endSite(this, site) : site(this, chunk);
      if (name === undefined) return Reflect.apply(original, this, given);
      points.visit('before', name);
      const last = given.at(-1);
      const told = (...results: unknown[]): void => {
        points.visit('after', name);
        if (typeof last === 'function') Reflect.apply(last, undefined, results);
      };
      const rest = typeof last === 'function' ? given.slice(0, -1) : given;
      return Reflect.apply(original, this, [...rest, told]);
    });
  }
}

function endSite(
  socket: Socket,
  site: (socket: Socket, chunk: unknown) => string | undefined,
): string | undefined {
  return site(socket, '')?.replace(/ .*/, ' end');
}

function textOf(chunk: unknown): string {
  if (typeof chunk === 'string') return chunk;
  return chunk instanceof Uint8Array ? Buffer.from(chunk).toString('latin1') : '';
}

/** A reply of the receiving agent: "smtp-in 250 after dot". */
function inSite(chunk: unknown): string {
  const text = textOf(chunk);
  if (text === '') return 'smtp-in nothing';
  if (/^250 .*(queued as|report taken)/.test(text)) return 'smtp-in 250 after dot';
  const last = text.trimEnd().split('\r\n').at(-1) ?? '';
  return `smtp-in ${last.replace(/^(\d{3})[ -](?:\d\.\d+\.\d+ )?(\S+).*$/, '$1 $2')}`;
}

/** A command, content or the dot of the delivery agent: "smtp-out dot". */
function outSite(stand: Stand, chunk: unknown): string {
  const text = textOf(chunk);
  if (text === '') return 'smtp-out nothing';
  const [verb = ''] = /^[A-Z]+(?=[ \r])/.exec(text) ?? [];
  if (stand.inContent && !['RSET', 'QUIT'].includes(verb)) {
    const isDot = /^(?:\r\n)?\.\r\n$/.test(text);
    if (isDot) stand.inContent = false;
    return isDot ? 'smtp-out dot' : 'smtp-out content';
  }
  stand.inContent = verb === 'DATA';
  return `smtp-out ${verb}`;
}
