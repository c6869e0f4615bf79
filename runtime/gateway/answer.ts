/** Answers of the web door, before they are written: what every part of it returns. */

import type { ErrorCode } from '../../schemas/errors.js';
import type { Answer as Answered } from '../control.js';

export interface GatewayAnswer {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** The connection ends with it: something of the request was left unread. */
  readonly last?: boolean;
}

const STATUS: Readonly<Partial<Record<string, number>>> = {
  SIGN_IN_NEEDED: 401,
  SIGN_IN_FAILED: 401,
  SIGN_IN_RATE: 429,
  CALL_INVALID: 400,
  NOT_ALLOWED: 403,
  ACCOUNT_UNKNOWN: 404,
  MESSAGE_UNKNOWN: 404,
  STORE_UNAVAILABLE: 503,
  STORE_FULL: 503,
  STOPPING: 503,
} satisfies Partial<Record<ErrorCode, number>>;
/** What was asked is understood and allowed, and cannot be done as things are. */
const OTHER_STATUS = 409;

/** Words for a person. */
export function plain(status: number, text: string): GatewayAnswer {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  return { status, body: `${text}\n`, headers };
}

/** The answer of a call or a sign-in, as the page reads it. */
export function json(
  answered: Answered,
  headers: Readonly<Record<string, string>> = {},
): GatewayAnswer {
  const status = answered.ok ? 200 : (STATUS[answered.code] ?? OTHER_STATUS);
  const type = { 'content-type': 'application/json; charset=utf-8' };
  return { status, body: JSON.stringify(answered), headers: { ...type, ...headers } };
}

export function refusal(code: ErrorCode, message: string): GatewayAnswer {
  return json({ ok: false, code, message });
}

/** A method that this path does not have (RFC 9110, 15.5.6). */
export function wrongMethod(allow: string): GatewayAnswer {
  const { status, body, headers } = plain(405, `Only ${allow}.`);
  return { status, body, headers: { ...headers, allow } };
}
