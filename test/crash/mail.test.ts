/**
 * The crash matrix, mail: at every generated crash point kill -9, start again,
 * drain, balance the ledger. See matrix.ts for how it runs, mail-scenarios.ts for the load,
 * wrapping.ts for where points come from.
 */

import { test } from 'node:test';
import { assertPoints, strikeAll } from './judge.js';
import { MAIL_LOAD } from './mail-scenarios.js';

/** What is written to a mail server's socket, by stage; a new stage is found by the recording. */
const MAIL_SITES = [
  'email-in 220',
  'email-in 250 SIZE',
  'email-in 250 Accepted',
  'email-in 354',
  'email-in 250 after dot',
  'email-in 221',
  'email-in 421',
  'email-out EHLO',
  'email-out MAIL',
  'email-out RCPT',
  'email-out DATA',
  'email-out content',
  'email-out dot',
  'email-out QUIT',
];
test('mail, at every crash point: killed, started again, drained, balanced', async (t) => {
  const results = await strikeAll(t, MAIL_LOAD);
  const sites = [...results.changingSites, ...MAIL_SITES, 'flush'];
  assertPoints(results, { load: 'mail', sites });
});
