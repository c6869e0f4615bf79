/**
 * The email delivery agent: one attempt after the other, each to one recipient, over connections
 * that are shared by destination.
 *
 * Stages of an attempt: address → breaker → what to send → a connection (an idle one, or MX and
 * connect) → transaction → outcome.
 *
 * Invariants: what a peer does is an outcome, never an exception; a destination in trouble costs
 * the others nothing (own lane, own limit, own breaker); the envelope's recipient was parsed by our
 * grammar; mail never goes to our own listener.
 */

import type { Address } from '../../../schemas/address.js';
import type { Outcome } from '../../../schemas/delivery.js';
import type { Deliverer, DeliveryJob } from '../../channel.js';
import type { DeliverContext } from '../../machinery.js';
import { type Mailbox, parseMailbox } from './address.js';
import { Breaker } from './breaker.js';
import type { EmailConfig } from './config.js';
import { ConnectionPool } from './connection-pool.js';
import { readDkimKey } from './dkim.js';
import { MailExchanges, type Names } from './mail-exchange.js';
import { outcomeOf, outcomeOfTrouble } from './outcome.js';
import { type Outgoing, type OutgoingOptions, outgoingMail } from './outgoing.js';
import { type Sent, SmtpClient, type StagesMs } from './smtp-client.js';
import { type Connected, type ConnectOptions, connectSmtp, peerName } from './smtp-connect.js';

/** Addresses of one destination that are tried in one attempt. */
const ADDRESSES_MAX = 8;
/** A used connection may just have been closed by its server: so often another one is taken. */
const CONNECTIONS_MAX = 3;
/** When to come back if there is no place. */
const FULL_WAIT_MS = 5_000;
/** How long running attempts may go on when the switch stops. */
const STOP_GRACE_MS = 10_000;
const SMTP_PORT = 25;

type Got = { readonly ok: true; readonly client: SmtpClient } | Refusal;
type Refusal = { readonly ok: false; readonly outcome: Outcome };

/** Nothing was sent: the next start goes on, and it costs no trial. */
const STOPPING: Refusal = {
  ok: false,
  outcome: {
    result: 'postponed',
    afterMs: 0,
    status: '4.3.2',
    reason: 'the switch stopped before a connection was open',
  },
};

/** Makes the agent; throws if the DKIM key cannot be read. */
export function deliverMail(context: DeliverContext<EmailConfig>): Deliverer {
  return new MailDeliverer(context);
}

class MailDeliverer implements Deliverer {
  readonly limits: Deliverer['limits'];
  readonly #context: DeliverContext<EmailConfig>;
  readonly #breaker: Breaker;
  readonly #pool: ConnectionPool<SmtpClient>;
  readonly #exchanges: MailExchanges;
  readonly #outgoing: OutgoingOptions;
  readonly #active = new Set<SmtpClient>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #opening = new Set<() => void>();
  /** The grace of a stop is over: nothing is begun any more. */
  #over = false;

  constructor(context: DeliverContext<EmailConfig>) {
    const { clock, config, tokens } = context;
    const { deliver, dkim, hostname, listen } = config;
    this.#context = context;
    this.limits = { capacity: deliver.capacity, perLane: deliver.perDestination };
    this.#breaker = new Breaker(clock);
    this.#pool = new ConnectionPool({
      clock,
      perLane: deliver.perDestination,
      capacity: deliver.capacity,
      idleMs: deliver.idleMs,
    });
    this.#exchanges = new MailExchanges({
      clock,
      dnsServers: config.dnsServers,
      hostname,
      listen,
    });
    this.#outgoing = {
      clock,
      tokens,
      hostname,
      domain: config.bounceDomain ?? config.domains[0] ?? hostname,
      ...(dkim !== undefined && { dkim: readDkimKey(dkim) }),
    };
  }

  lane(address: Address): string {
    const { smartHost } = this.#context.config;
    return smartHost ?? address.value.slice(address.value.lastIndexOf('@') + 1).toLowerCase();
  }

  paused(lane: string): { readonly until: number; readonly reason: string } | undefined {
    return this.#breaker.paused(lane);
  }

  deliver(job: DeliveryJob): Promise<Outcome> {
    const running = this.#attempt(job).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  async stop(): Promise<void> {
    this.#pool.stop();
    const timer = this.#context.clock.after(STOP_GRACE_MS, () => {
      this.#over = true;
      for (const giveUp of [...this.#opening]) giveUp();
      for (const client of this.#active) client.close();
    });
    await Promise.allSettled([...this.#running]);
    timer.cancel();
  }

  async #attempt(job: DeliveryJob): Promise<Outcome> {
    const to = parseMailbox(job.delivery.address.value, 'allow');
    if (!to.ok) return { result: 'failed', status: '5.1.3', reason: to.message };
    if (cameFor(job, to)) return loop(to.value).outcome;
    const lane = this.lane(job.delivery.address);
    const paused = this.#breaker.enter(lane);
    if (paused !== undefined) {
      const afterMs = Math.max(0, paused.until - this.#context.clock.now());
      return { result: 'postponed', afterMs, status: '4.4.1', reason: paused.reason };
    }
    try {
      return await this.#send(job, to, lane);
    } finally {
      this.#breaker.leave(lane);
    }
  }

  async #send(job: DeliveryJob, to: Mailbox, lane: string): Promise<Outcome> {
    const outgoing = await outgoingMail(job, to, this.#outgoing);
    for (let connections = 1; ; connections += 1) {
      const place = await this.#pool.take(lane);
      if (place.kind === 'full') {
        const reason = 'all connections are in use; see email.deliver.capacity';
        return { result: 'postponed', afterMs: FULL_WAIT_MS, status: '4.3.2', reason };
      }
      const stagesMs: StagesMs = {};
      const reused = place.kind === 'connection';
      let client = reused ? place.connection : undefined;
      let sent: Sent;
      try {
        if (client === undefined) {
          const got = await this.#connect(to.domain, lane, stagesMs);
          if (!got.ok) return got.outcome;
          client = got.client;
        }
        sent = await this.#transact(job, outgoing, client, stagesMs);
      } finally {
        this.#giveBack(lane, client);
      }
      const stale = reused && connections < CONNECTIONS_MAX && wasStale(sent);
      if (!stale) {
        this.#judge(lane, sent);
        return outcomeOf(sent, { peer: client.peer, stagesMs });
      }
    }
  }

  async #transact(
    job: DeliveryJob,
    { mail, copy }: Outgoing,
    client: SmtpClient,
    stagesMs: StagesMs,
  ): Promise<Sent> {
    if (mail.utf8 && !client.offers('SMTPUTF8')) {
      const reason = `${client.peer} does not take addresses or fields in UTF-8 (SMTPUTF8)`;
      return { kind: 'unfit', status: '5.6.7', reason };
    }
    if (mail.eightBit && !client.offers('8BITMIME')) {
      const reason = `${client.peer} does not take 8-bit content (8BITMIME)`;
      return { kind: 'unfit', status: '5.6.3', reason };
    }
    this.#active.add(client);
    try {
      return await client.send(mail, stagesMs, () => job.bytesSent(copy));
    } finally {
      this.#active.delete(client);
    }
  }

  #giveBack(lane: string, client: SmtpClient | undefined): void {
    const worn = (client?.messages ?? 0) >= this.#context.config.deliver.messagesPerConnection;
    if (worn) client?.quit();
    this.#pool.release(lane, worn ? undefined : client);
  }

  #judge(lane: string, sent: Sent): void {
    if (sent.kind === 'lost') this.#breaker.failed(lane, sent.reason);
    else if (sent.kind !== 'withheld') this.#breaker.succeeded(lane);
  }

  async #connect(domain: string, lane: string, stagesMs: StagesMs): Promise<Got> {
    const { clock, log } = this.#context;
    const since = clock.monotonic();
    const got = await this.#connectAny(domain);
    stagesMs['connect'] = Math.round(clock.monotonic() - since);
    if (!got.ok && this.#over) return STOPPING;
    if (got.ok || got.outcome.result !== 'retry' || got.outcome.status === '4.4.3') return got;
    this.#breaker.failed(lane, got.outcome.reason);
    const paused = this.#breaker.paused(lane);
    if (paused !== undefined) log.warn('email.destination.paused', { lane, ...paused });
    return got;
  }

  /** The hosts of the destination in turn, each with its addresses, until one takes us. */
  async #connectAny(domain: string): Promise<Got> {
    const route = await this.#route(domain);
    if (!route.hosts.ok) return route.hosts;
    let refusal: Refusal | undefined;
    let tried = 0;
    for (const name of route.hosts.names) {
      const addresses = await route.addresses(name);
      if (!addresses.ok) {
        refusal = worse(refusal, addresses);
        continue;
      }
      for (const address of addresses.names) {
        if (this.#exchanges.isOurs(address, route.port)) return loop(domain);
        if (tried >= ADDRESSES_MAX || this.#over) break;
        tried += 1;
        const options = this.#connectOptions(name, address, route.port);
        const connected: Connected = await connectSmtp(options);
        if (connected.ok) {
          return { ok: true, client: new SmtpClient(connected.connection, options) };
        }
        const peer = peerName({ name, address });
        refusal = { ok: false, outcome: outcomeOfTrouble(connected, { peer }) };
      }
    }
    return refusal ?? loop(domain);
  }

  async #route(domain: string): Promise<{
    readonly hosts: Names;
    readonly port: number;
    readonly addresses: (name: string) => Promise<Names>;
  }> {
    const { deliver, smartHost } = this.#context.config;
    if (smartHost === undefined) {
      const hosts = await this.#exchanges.hosts(domain);
      return { hosts, port: deliver.port, addresses: (name) => this.#exchanges.addresses(name) };
    }
    const { host, port } = splitHost(smartHost);
    return {
      hosts: { ok: true, names: [host] },
      port,
      addresses: (name) => this.#exchanges.configuredHost(name),
    };
  }

  #connectOptions(name: string, address: string, port: number): ConnectOptions {
    const { clock, config } = this.#context;
    const { smartHost, smartHostAuth } = config;
    return {
      clock,
      name,
      address,
      port,
      hostname: config.hostname,
      opening: this.#opening,
      tls: config.deliver.tls,
      timeouts: config.deliver.timeouts,
      ...(smartHost !== undefined && smartHostAuth !== undefined && { auth: smartHostAuth }),
    };
  }
}

/** "relay.example.net:587" or "[2001:db8::1]:25"; without a port it is SMTP's own. */
function splitHost(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text);
  return { host: match?.[1] ?? match?.[2] ?? text, port: Number(match?.[3] ?? SMTP_PORT) };
}

/** The server had closed the connection meanwhile, before it heard anything of this mail. */
function wasStale(sent: Sent): boolean {
  if (sent.kind === 'lost') return sent.stage === 'mail' && !/^no answer/.test(sent.reason);
  return sent.kind === 'refused' && sent.reply.startsWith('421');
}

/** A trouble that may pass outweighs one that will not. */
function worse(before: Refusal | undefined, now: Refusal): Refusal {
  return before?.outcome.result === 'retry' ? before : now;
}

/** Sent to the very address it came to, it would only come again. */
function cameFor(job: DeliveryJob, to: Mailbox): boolean {
  const { via } = job.message.recipient;
  if (via.channel !== job.delivery.address.channel) return false;
  const came = parseMailbox(via.value, 'allow');
  return job.message.recipient.kind === 'subscriber' && came.ok && came.key === to.key;
}

function loop(domain: string): Refusal {
  const reason = `mail for ${domain} would come back to this switch: it is not sent in a circle`;
  return { ok: false, outcome: { result: 'failed', status: '5.4.6', reason } };
}
