/** `patchboard profile`: which devices get messages, in which order, and when it is quiet. */

import { parseSpan } from '../configuration/settings.js';
import { describe, done, withAccount } from './account.js';
import { type Call, type Command, print, text, texts, UsageError, word } from './call.js';
import { timeFlag } from './time-flag.js';

export const command: Command = {
  help: `profile list ACCOUNT [--json]
patchboard profile put ACCOUNT ID --step ENDPOINT[+ENDPOINT...][@WAIT]... [--name NAME]
                                  [--all] [--dead]
patchboard profile use ACCOUNT ID [--from TIME] [--until TIME]
patchboard profile default ACCOUNT
patchboard profile quiet ACCOUNT --until TIME [--except-sender WHO]... [--profile ID]
patchboard profile loud ACCOUNT
patchboard profile remove ACCOUNT ID

Steps are tried in order: the next one when all ways of a step failed, or after WAIT (5m) without
confirmation. --all: each endpoint of a step must confirm. --dead: when every way fails the message
goes to the operator, else it is kept. TIME is "2026-11-24T07:00", or a span from now ("1h").`,
  options: {
    step: { type: 'string', multiple: true },
    name: { type: 'string' },
    all: { type: 'boolean' },
    dead: { type: 'boolean' },
    from: { type: 'string' },
    until: { type: 'string' },
    'except-sender': { type: 'string', multiple: true },
    profile: { type: 'string' },
  },
  async run(call) {
    const what = call.words[0] ?? 'list';
    const account = word(call, 1, 'the account');
    switch (what) {
      case 'list':
        return withAccount(call, account, (found) => {
          const { profiles, defaultProfile, active, quiet } = found;
          const lines = describe(found).filter((line) => line.startsWith('  profile'));
          print(call, { profiles, defaultProfile, active, quiet }, lines);
        });
      case 'put':
        return done(call, 'profile.put', { account, profile: profileFrom(call) });
      case 'use': {
        const from = timeFlag(call, 'from');
        const until = timeFlag(call, 'until');
        const limits = { ...(from && { from }), ...(until && { until }) };
        return done(call, 'profile.use', {
          account,
          profile: word(call, 2, 'the profile'),
          ...limits,
        });
      }
      case 'quiet':
        return done(call, 'profile.quiet', quietFrom(call, account));
      case 'default':
      case 'loud':
        return done(call, `profile.${what}`, { account });
      case 'remove':
        return done(call, 'profile.remove', { account, profile: word(call, 2, 'the profile') });
      default:
        throw new UsageError(`profile has no "${what}"`);
    }
  },
};

function quietFrom(call: Call, account: string): Readonly<Record<string, unknown>> {
  const until = timeFlag(call, 'until');
  if (until === undefined) throw new UsageError('--until is missing');
  const exceptions = texts(call, 'except-sender').map((sender) => ({ sender }));
  const profile = text(call, 'profile');
  return { account, until, exceptions, ...(profile === undefined ? {} : { profile }) };
}

function profileFrom(call: Call): Readonly<Record<string, unknown>> {
  const id = word(call, 2, 'the profile');
  return {
    id,
    name: text(call, 'name') ?? id,
    steps: texts(call, 'step').map(stepFrom),
    confirms: call.values['all'] === true ? 'all' : 'any',
    lastResort: call.values['dead'] === true ? 'dead' : 'inbox',
  };
}

function stepFrom(written: string): { endpoints: string[]; waitMs?: number } {
  const [ways = '', wait] = written.split('@');
  const endpoints = ways.split('+').filter((way) => way !== '');
  if (wait === undefined) return { endpoints };
  const waitMs = parseSpan(wait);
  if (waitMs === undefined) throw new UsageError(`"${wait}" is not a time span such as 5m`);
  return { endpoints, waitMs };
}
