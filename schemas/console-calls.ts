/**
 * The calls of the console's page: what goes in, what comes back. One POST of JSON to
 * `/api/<call>` each; the shapes that travel are those of console.ts.
 */

import type { Account, ActiveSetting, Profile, Quiet } from './account.js';
import type {
  AccountSummary,
  AuditEntry,
  Listed,
  MachineDrawing,
  Me,
  MessageHistory,
  MessageSummary,
  Opened,
  Overview,
  QueueGroup,
  RatePoint,
  SessionSummary,
} from './console.js';

type Nothing = Readonly<Record<string, never>>;
type Done = { readonly done: number };
type Pick1<Key extends string> = Readonly<Record<Key, string>>;

/** Every call: what goes in, what comes back. Refusals are `Failure`s. */
export interface ConsoleCalls {
  me: { in: Nothing; out: Me };
  signOut: { in: Nothing; out: Done };
  'sessions.list': { in: Nothing; out: Listed<SessionSummary> };
  'sessions.revoke': { in: Pick1<'id'>; out: Done };
  'password.set': { in: Pick1<'password'>; out: Done };
  /** Own messages, in and out, the newest first; `search` looks in subject, people and id. */
  'messages.list': {
    in: {
      readonly box: 'inbox' | 'sent' | 'held';
      readonly before?: string;
      readonly search?: string;
    };
    out: Listed<MessageSummary> & { readonly held: number; readonly heldUntil?: number };
  };
  'messages.conversation': { in: Pick1<'conversation'>; out: Listed<MessageSummary> };
  /** Opens a body: one's own, or with the right somebody else's, which is audited. */
  'message.open': { in: Pick1<'key'>; out: Opened };
  /** One's own message has been read: everywhere. */
  'message.read': { in: Pick1<'key'>; out: Done };
  'message.deliverNow': { in: { readonly key?: string }; out: Done };
  'message.history': { in: Pick1<'id'>; out: MessageHistory };
  /** A test with the recorded events, redacted, as text. */
  'message.asTest': { in: Pick1<'key'>; out: { readonly text: string } };
  'machines.list': { in: Nothing; out: Listed<{ readonly name: string }> };
  'machines.get': {
    in: Pick1<'name'>;
    out: { readonly drawing: MachineDrawing; readonly definition: unknown };
  };
  'device.add': {
    in: {
      readonly name: string;
      readonly channel: string;
      readonly address: string;
      /** Also put it into the default profile, before the last resort. */
      readonly use: boolean;
    };
    out: Omit<Account, 'password'>;
  };
  /** Sends a new code to an endpoint that is not verified yet. */
  'device.code': { in: Pick1<'endpoint'>; out: Omit<Account, 'password'> };
  /** The code has come back: the endpoint is used from now on. */
  'device.verify': {
    in: { readonly endpoint: string; readonly code: string };
    out: Omit<Account, 'password'>;
  };
  'device.remove': { in: Pick1<'device'>; out: Omit<Account, 'password'> };
  'device.test': { in: Pick1<'endpoint'>; out: { readonly id: string } };
  'profile.put': { in: { readonly profile: Profile }; out: Omit<Account, 'password'> };
  'profile.remove': { in: Pick1<'profile'>; out: Omit<Account, 'password'> };
  'profile.use': { in: ActiveSetting; out: Omit<Account, 'password'> };
  'profile.default': { in: Nothing; out: Omit<Account, 'password'> };
  'quiet.set': { in: Quiet; out: Omit<Account, 'password'> };
  'quiet.clear': { in: Nothing; out: Omit<Account, 'password'> };
  /* Operators. */
  overview: { in: Nothing; out: Overview };
  rates: {
    /** How far back: an hour, unless said otherwise. */
    in: { readonly spanMs?: number };
    out: { readonly everyMs: number; readonly points: readonly RatePoint[] };
  };
  /**
   * By id, ending, address, subject or Message-ID. Words are looked for among the newest messages;
   * `partial`: older ones were not looked at, `next` goes on there.
   */
  search: {
    in: { readonly text: string; readonly before?: string };
    out: Listed<MessageSummary> & { readonly partial: boolean };
  };
  'queue.groups': { in: Nothing; out: Listed<QueueGroup> & { readonly partial: boolean } };
  'queue.messages': {
    in: { readonly what: string; readonly cause?: string; readonly before?: string };
    out: Listed<MessageSummary>;
  };
  /** Without `confirm` a preview: how many, and a few of them; nothing changes. */
  'queue.bulk': {
    in: {
      readonly command: 'retry' | 'release' | 'resend';
      readonly what: string;
      readonly cause?: string;
      readonly confirm?: number;
    };
    out: { readonly matching: number; readonly done: number; readonly examples: readonly string[] };
  };
  'message.command': {
    in: { readonly key: string; readonly command: 'retry' | 'release' | 'resend' };
    out: Done;
  };
  'message.redirect': { in: { readonly key: string; readonly to: string }; out: Done };
  'message.edit': {
    in: { readonly key: string; readonly subject?: string; readonly text: string };
    out: Done;
  };
  'accounts.list': {
    in: { readonly after?: string; readonly search?: string };
    out: Listed<AccountSummary>;
  };
  'accounts.create': {
    in: { readonly name: string; readonly password?: string; readonly operator: boolean };
    out: AccountSummary;
  };
  'accounts.password': { in: { readonly name: string; readonly password: string }; out: Done };
  /** A link that signs in once, within 15 minutes; audited. */
  'accounts.link': { in: Pick1<'name'>; out: { readonly url: string } };
  'accounts.remove': { in: Pick1<'name'>; out: Done };
  audit: { in: { readonly before?: string }; out: Listed<AuditEntry> };
}

export type ConsoleCall = keyof ConsoleCalls;
