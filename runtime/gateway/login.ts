/**
 * POST /login: a link's key, or name and password, for a session's cookie.
 *
 * Invariants: a session that the browser already had ends with the new one; a wrong key and a used
 * one are told alike; passwords go through the authenticator of all channels, whose limits slow a
 * guesser by where he sits, never the account.
 */

import type { Authenticator, Clock, Failure, Log, SignedIn } from '../../actors/machinery.js';
import { refuse } from '../operations/operation.js';
import type { Sessions } from '../sessions.js';
import { type GatewayAnswer, json, refusal } from './answer.js';
import { cookieFor } from './cookie.js';
import type { Place } from './place.js';

export interface LoginParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessions: Sessions;
  readonly authenticator: Authenticator;
  /** Counts what was refused, and why. */
  refused(reason: string): void;
}

export interface LoginRequest {
  readonly given: unknown;
  readonly place: Place;
  readonly program: string;
  /** Of the session that the browser has now. */
  readonly token: string | undefined;
}

type Credentials =
  | { readonly by: 'link'; readonly key: string }
  | { readonly by: 'password'; readonly name: string; readonly password: string };

const USED_LINK: Failure = {
  ok: false,
  code: 'SIGN_IN_FAILED',
  message:
    'This link does not sign in: it works once, for 15 minutes. ' +
    'A new one: patchboard account link NAME.',
};

/** The answer with the cookie, or why not. */
export async function login(parts: LoginParts, asked: LoginRequest): Promise<GatewayAnswer> {
  const credentials = credentialsIn(asked.given);
  if (credentials === undefined) {
    return refusal('CALL_INVALID', 'Signing in takes a key, or a name and a password.');
  }
  const { sessions, clock, log } = parts;
  const { place, program, token } = asked;
  const signedIn = await signIn(parts, credentials, place.peer);
  if (!signedIn.ok) return json(signedIn);
  const { id, name } = signedIn.account;
  const before = token === undefined ? undefined : await sessions.find(token);
  const opened = await sessions.open(id, { peer: place.peer, program }, signedIn.account);
  if (before !== undefined) await sessions.revoke(before.account.id, before.session.id);
  log.info('signIn.session', { account: id, by: credentials.by, peer: place.peer });
  const lastsMs = opened.session.expiresAt - clock.now();
  const cookie = cookieFor(place, opened.token, lastsMs);
  return json({ ok: true, value: { name } }, { 'set-cookie': cookie });
}

async function signIn(parts: LoginParts, given: Credentials, peer: string): Promise<SignedIn> {
  if (given.by === 'password') {
    return parts.authenticator.signIn(given.name, given.password, peer);
  }
  const account = await parts.sessions.useLink(given.key);
  if (account !== undefined) return { ok: true, account };
  parts.log.debug('signIn.linkRefused', { peer });
  parts.refused('link');
  return refuse(USED_LINK.code, USED_LINK.message);
}

function credentialsIn(given: unknown): Credentials | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  if ('key' in given && typeof given.key === 'string') return { by: 'link', key: given.key };
  if (!('name' in given && 'password' in given)) return undefined;
  const { name, password } = given;
  if (typeof name !== 'string' || typeof password !== 'string') return undefined;
  return { by: 'password', name, password };
}
