/**
 * A receiving agent's surroundings in memory, for tests: accounts, accepted submissions, observed
 * facts and streamed content are kept where a test can look; nothing is pretended to be stored.
 */

import Value from 'typebox/value';
import { type EmailConfig, EmailConfigSchema } from '../../actors/channels/email/config.js';
import type { Accepted, Found, Home, Log, ReceiveContext } from '../../actors/machinery.js';
import { systemClock } from '../../runtime/clock.js';
import type { Account } from '../../schemas/account.js';
import type { Recipient } from '../../schemas/address.js';
import { makeIdentifier } from '../../schemas/identifier.js';
import type { Submission } from '../../schemas/submission.js';

export interface Taken {
  readonly id: string;
  readonly submission: Submission;
  /** What `proceed` was told, each time it was called. */
  readonly answers: boolean[];
}

export function account(id: string, addresses: readonly string[]): Account {
  return {
    id,
    name: id,
    version: 1,
    roles: ['subscriber'],
    addresses: addresses.map((value) => ({ channel: 'email', value })),
    devices: [],
    profiles: [],
    defaultProfile: 'default',
    active: [],
    createdAt: 0,
  };
}

/** Every setting at its default, then `changes`; sections are merged one level deep. */
export function emailConfig(changes: Record<string, unknown> = {}): EmailConfig {
  const given = {
    listen: '127.0.0.1:0',
    hostname: 'mx.example.com',
    domains: ['example.com'],
    ...changes,
  };
  return Value.Parse(EmailConfigSchema, Value.Default(EmailConfigSchema, given)) as EmailConfig;
}

type Fact = Parameters<ReceiveContext<EmailConfig>['observe']>[0];

export class MemoryReceiveContext implements ReceiveContext<EmailConfig> {
  readonly config: EmailConfig;
  readonly clock = systemClock();
  readonly accounts: Account[] = [
    account('anna', ['anna@example.com']),
    account('ben', ['ben@example.com', 'b@example.com']),
  ];
  readonly taken: Taken[] = [];
  readonly facts: Fact[] = [];
  readonly blobs = new Map<string, Buffer>();
  readonly logged: { readonly event: string; readonly facts: unknown }[] = [];
  /** Set by a test to change how the surroundings behave. */
  refusal: string | undefined;
  acceptWith: ((submission: Submission) => Promise<Accepted>) | undefined;
  findWith: (() => Promise<Found>) | undefined;
  homeWith: (() => Promise<Home | undefined>) | undefined;
  putWith:
    | ((chunks: AsyncIterable<Uint8Array>) => Promise<{ key: string; size: number }>)
    | undefined;
  observeWith: (() => Promise<void>) | undefined;
  #waiting: { readonly ready: () => boolean; readonly resolve: () => void }[] = [];

  constructor(changes: Record<string, unknown> = {}) {
    this.config = emailConfig(changes);
  }

  readonly log: Log = {
    debug: (event, facts) => this.#note(event, facts),
    info: (event, facts) => this.#note(event, facts),
    warn: (event, facts) => this.#note(event, facts),
    error: (event, facts) => this.#note(event, facts),
  };

  readonly directory: ReceiveContext<EmailConfig>['directory'] = {
    find: async (address) => {
      if (this.findWith !== undefined) return this.findWith();
      const found = this.accounts.find((one) =>
        one.addresses.some((own) => own.value === address.value),
      );
      return found === undefined ? { kind: 'nobody' } : { kind: 'subscriber', account: found };
    },
    account: (id) => Promise.resolve(this.accounts.find((one) => one.id === id)),
  };

  operators(): Promise<readonly Recipient[]> {
    const all = this.accounts.filter(({ roles }) => roles.includes('operator'));
    const via = { channel: 'inbox', value: 'kept' };
    return Promise.resolve(all.map(({ id }) => ({ kind: 'subscriber', account: id, via })));
  }

  /** The password of every account is `secret`. */
  readonly authenticator: ReceiveContext<EmailConfig>['authenticator'] = {
    signIn: async (name, password) => {
      const found = this.accounts.find((one) => one.id === name);
      if (found !== undefined && password === 'secret') return { ok: true, account: found };
      return { ok: false, code: 'SIGN_IN_FAILED', message: 'Name or password is wrong.' };
    },
  };

  /** `valid1` brings bounces of delivery 1 of msg/x.0 home, `reply1` answers to it. */
  readonly tokens: ReceiveContext<EmailConfig>['tokens'] = {
    sign: () => 'valid1',
    verify: (purpose, token) =>
      (purpose === 'bounce' && token === 'valid1') || (purpose === 'reply' && token === 'reply1')
        ? { messageKey: 'msg/x.0', delivery: 1 }
        : undefined,
  };

  readonly accept = async (submission: Submission): Promise<Accepted> => {
    if (this.acceptWith !== undefined) return this.acceptWith(submission);
    return this.keep(submission);
  };

  /** What `accept` does unless a test says otherwise. */
  keep(submission: Submission): Accepted {
    const id = makeIdentifier(this.clock.now(), this.clock.random(7));
    const answers: boolean[] = [];
    this.taken.push({ id, submission, answers });
    this.#changed();
    return {
      ok: true,
      id,
      again: false,
      proceed: ({ answered }) => {
        answers.push(answered);
        this.#changed();
      },
    };
  }

  readonly putContent = async (chunks: AsyncIterable<Uint8Array>) => {
    if (this.putWith !== undefined) return this.putWith(chunks);
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    const key = `blob/${this.blobs.size}`;
    const bytes = Buffer.concat(parts);
    this.blobs.set(key, bytes);
    return { key, size: bytes.length };
  };

  readonly observe = async (fact: Fact): Promise<void> => {
    await this.observeWith?.();
    this.facts.push(fact);
    this.#changed();
  };

  refusing(): string | undefined {
    return this.refusal;
  }

  readonly door = undefined;

  recipient(): Promise<Recipient | undefined> {
    return Promise.resolve(undefined);
  }

  /** The answer to msg/x.0 goes home to anna. */
  home(messageKey: string): Promise<Home | undefined> {
    if (this.homeWith !== undefined) return this.homeWith();
    if (messageKey !== 'msg/x.0') return Promise.resolve(undefined);
    const via = { channel: 'email', value: 'anna@example.com' };
    const to = { kind: 'subscriber', account: this.accounts[0]?.id ?? '', via } as const;
    return Promise.resolve({ to, of: { recipient: to } });
  }

  secret(_name: string, bytes: number): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(bytes));
  }

  /** Resolves when `ready` holds; asked again after everything that happens here. */
  async until(ready: () => boolean): Promise<void> {
    if (ready()) return;
    await new Promise<void>((resolve) => this.#waiting.push({ ready, resolve }));
  }

  #note(event: string, facts: unknown): void {
    this.logged.push({ event, facts });
    this.#changed();
  }

  #changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) {
      if (one.ready()) one.resolve();
      else this.#waiting.push(one);
    }
  }
}
