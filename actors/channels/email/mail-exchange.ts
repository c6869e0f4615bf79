/**
 * Where a domain's mail goes (RFC 5321 5.1): MX records by preference, equal ones in random order,
 * the domain itself without MX, nowhere with a null MX (RFC 7505); then the hosts' addresses.
 *
 * Invariants: what does not exist fails for good, what cannot be asked right now is tried again;
 * mail never goes to ourselves; answers are cached for a minute at most, in a bounded cache.
 */

import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { domainToASCII } from 'node:url';
import type { Outcome } from '../../../schemas/delivery.js';
import type { Clock } from '../../machinery.js';

/** An answer is used this long; DNS lifetimes are not told by the resolver. */
const CACHE_MS = 60_000;
const CACHE_MAX = 10_000;
/** MX records of a domain that are looked at. */
const EXCHANGES_MAX = 10;
const QUERY_TIMEOUT_MS = 5_000;
const QUERY_TRIES = 3;

/** Codes of node:dns which say that the name or the record does not exist. */
const ABSENT: readonly string[] = ['ENOTFOUND', 'ENODATA'];

export type Names =
  | { readonly ok: true; readonly names: readonly string[] }
  | { readonly ok: false; readonly outcome: Outcome };

export interface MailExchangeOptions {
  readonly clock: Clock;
  /** Empty: those of the system. */
  readonly dnsServers: readonly string[];
  /** Our own name; an MX record that carries it is ourselves. */
  readonly hostname: string;
  /** "host:port" where we listen; undefined: nowhere. */
  readonly listen: string | undefined;
}

export class MailExchanges {
  readonly #options: MailExchangeOptions;
  readonly #resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
  readonly #cache = new Map<string, { readonly until: number; readonly answer: Promise<Names> }>();

  constructor(options: MailExchangeOptions) {
    this.#options = options;
    if (options.dnsServers.length > 0) this.#resolver.setServers(options.dnsServers);
  }

  /** The domain's mail hosts, best first. `domain` may be an address literal, "[192.0.2.1]". */
  hosts(domain: string): Promise<Names> {
    const literal = addressOfLiteral(domain);
    if (literal !== undefined) return Promise.resolve({ ok: true, names: [literal] });
    return this.#cached(`mx ${domain}`, () => this.#askHosts(domain));
  }

  /** The addresses of a mail host, in random order. */
  addresses(host: string): Promise<Names> {
    if (isIP(host) !== 0) return Promise.resolve({ ok: true, names: [host] });
    return this.#cached(`a ${host}`, () => this.#askAddresses(host));
  }

  /** The addresses of a host an operator configured: the system's own way, with its hosts file. */
  configuredHost(host: string): Promise<Names> {
    return this.#cached(`host ${host}`, async () => {
      try {
        const found = await lookup(host, { all: true });
        return { ok: true, names: found.map((entry) => entry.address) };
      } catch (error) {
        const reason = `the smart host ${host} cannot be found (${codeOf(error)}); check its name`;
        return { ok: false, outcome: { result: 'retry', status: '4.4.3', reason } };
      }
    });
  }

  /** Would a connection to this address and port reach our own listener? */
  isOurs(address: string, port: number): boolean {
    const { listen } = this.#options;
    if (listen === undefined) return false;
    const cut = listen.lastIndexOf(':');
    if (Number(listen.slice(cut + 1)) !== port) return false;
    const host = listen.slice(0, cut).replace(/^\[|\]$/g, '');
    if (host === address) return true;
    const everywhere = host === '' || host === '0.0.0.0' || host === '::';
    const loopback = host === 'localhost' && (address === '127.0.0.1' || address === '::1');
    return loopback || (everywhere && isLocalAddress(address));
  }

  async #askHosts(domain: string): Promise<Names> {
    try {
      const records = await this.#resolver.resolveMx(domainToASCII(domain) || domain);
      if (records.every((record) => record.exchange === '' || record.exchange === '.')) {
        return fail('5.1.10', `${domain} accepts no mail (null MX, RFC 7505)`);
      }
      return this.#order(domain, records);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENODATA') return this.#order(domain, [{ exchange: domain, priority: 0 }]);
      if (code === 'ENOTFOUND') return fail('5.1.2', `the domain ${domain} does not exist`);
      return again(`the mail hosts of ${domain} cannot be looked up now (${code})`);
    }
  }

  #order(domain: string, records: readonly { exchange: string; priority: number }[]): Names {
    const own = this.#options.hostname.toLowerCase();
    const ours = records.filter((record) => record.exchange.toLowerCase() === own);
    const limit = Math.min(...ours.map((record) => record.priority));
    const usable = records.filter((record) => record.exchange !== '' && record.priority < limit);
    if (usable.length === 0) return fail('5.4.6', `mail for ${domain} loops back to ourselves`);
    const names = this.#shuffled(usable)
      .sort((one, other) => one.priority - other.priority)
      .slice(0, EXCHANGES_MAX)
      .map((record) => record.exchange);
    return { ok: true, names };
  }

  async #askAddresses(host: string): Promise<Names> {
    const answers = await Promise.allSettled([
      this.#resolver.resolve4(host),
      this.#resolver.resolve6(host),
    ]);
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (found.length > 0) return { ok: true, names: this.#shuffled(found) };
    const codes = answers.map((answer) =>
      answer.status === 'rejected' ? codeOf(answer.reason) : 'ENODATA',
    );
    if (codes.every((code) => ABSENT.includes(code))) {
      return fail('5.4.4', `the mail host ${host} has no address`);
    }
    return again(`the address of the mail host ${host} cannot be looked up now (${codes[0]})`);
  }

  #shuffled<Item>(items: readonly Item[]): Item[] {
    const keys = this.#options.clock.random(items.length * 4);
    const view = new DataView(keys.buffer, keys.byteOffset, keys.byteLength);
    return items
      .map((item, index) => ({ item, key: view.getUint32(index * 4) }))
      .sort((one, other) => one.key - other.key)
      .map((entry) => entry.item);
  }

  #cached(key: string, ask: () => Promise<Names>): Promise<Names> {
    const now = this.#options.clock.monotonic();
    const known = this.#cache.get(key);
    if (known !== undefined && known.until > now) return known.answer;
    const answer = ask();
    this.#cache.delete(key);
    this.#cache.set(key, { until: now + CACHE_MS, answer });
    if (this.#cache.size > CACHE_MAX) {
      const oldest = this.#cache.keys().next();
      if (!oldest.done) this.#cache.delete(oldest.value);
    }
    // A failure is asked again by the next attempt: attempts have their own back-off.
    void answer.then((names) => {
      if (!names.ok && this.#cache.get(key)?.answer === answer) this.#cache.delete(key);
    });
    return answer;
  }
}

/** The address in an address literal (RFC 5321 4.1.3); undefined: it is a name. */
export function addressOfLiteral(domain: string): string | undefined {
  const inner = /^\[(?:IPv6:)?([^\]]+)\]$/i.exec(domain)?.[1];
  return inner !== undefined && isIP(inner) !== 0 ? inner : undefined;
}

function isLocalAddress(address: string): boolean {
  return Object.values(networkInterfaces()).some((list) =>
    (list ?? []).some((entry) => entry.address === address),
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function fail(status: string, reason: string): Names {
  return { ok: false, outcome: { result: 'failed', status, reason } };
}

function again(reason: string): Names {
  return { ok: false, outcome: { result: 'retry', status: '4.4.3', reason } };
}
