/** Decisions: quiet, profiles by hand, plans with a last resort, for any account. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type DecisionInput,
  decide,
  decideOutside,
  HOLD_MAX_MS,
} from '../../../actors/user-manager/decision-maker.js';
import { dryRun, explain } from '../../../actors/user-manager/explain.js';
import type { Account, Quiet } from '../../../schemas/account.js';
import type { Decision } from '../../../schemas/decision.js';
import { anAccount, anInput, aProfile, NOW, POLICIES, POLICY } from './an-account.js';

/** The endpoints of each step, e.g. `chat+post, shelf`; or what else was decided. */
function ways(decision: Decision): string {
  if (decision.kind !== 'deliver') return decision.kind;
  const steps = decision.plan.steps.map((step) => step.endpoints.map((own) => own.endpoint));
  return steps.map((step) => step.join('+')).join(', ');
}

function texts(decision: Decision): string {
  return decision.reasons.map((reason) => `${reason.effect} ${reason.text}`).join('\n');
}

const quiet = (given: Partial<Quiet> = {}): Quiet => ({
  until: NOW + 1000,
  exceptions: [],
  ...given,
});

describe('a plan', () => {
  it('takes the steps of the active profile, then the place of last resort', () => {
    const profile = aProfile('work', [
      { endpoints: ['chat'], waitMs: 300_000 },
      { endpoints: ['post'] },
    ]);
    const decision = decide(anInput(anAccount({ profiles: [profile] })));
    assert.equal(ways(decision), 'chat, post, shelf');
    assert.equal(decision.kind === 'deliver' && decision.plan.steps[0]?.waitMs, 300_000);
    assert.equal(decision.accountVersion, 41);
    assert.equal(decision.kind === 'deliver' && decision.profile, 'work');
  });

  it('passes over an endpoint from which no code has come back, and says so', () => {
    const { devices, ...rest } = anAccount();
    const unverified = { codeHash: '', sentAt: NOW, triesLeft: 5, expiresAt: NOW + 1000 };
    const waiting = devices.map((device) => ({
      ...device,
      endpoints: device.endpoints.map((own) => (own.id === 'chat' ? { ...own, unverified } : own)),
    }));
    const input = anInput({ ...rest, devices: waiting });
    const present = { ...input, facts: { absent: () => 'nobody is there' } };
    assert.equal(ways(decide(input)), 'post, shelf');
    assert.match(texts(decide(present)), /blocked chat: not verified yet: no code has come back/);
  });

  it('starts the last resort on failure alone, not by the last step’s waiting time', () => {
    const profile = aProfile('work', [{ endpoints: ['chat'], waitMs: 300_000 }]);
    const decision = decide(anInput(anAccount({ profiles: [profile] })));
    assert.equal(ways(decision), 'chat, shelf');
    assert.ok(decision.kind === 'deliver');
    assert.equal(decision.plan.steps[0]?.waitMs, undefined);
  });

  it('ends with the operator where the profile says so', () => {
    const profile = aProfile('work', [{ endpoints: ['chat'] }], { lastResort: 'dead' });
    assert.equal(ways(decide(anInput(anAccount({ profiles: [profile] })))), 'chat');
  });

  it('does not try the last resort twice', () => {
    const profile = aProfile('work', [{ endpoints: ['shelf', 'chat'] }]);
    assert.equal(ways(decide(anInput(anAccount({ profiles: [profile] })))), 'shelf+chat');
  });

  it('of an empty profile is the last resort, also if it would end with the operator', () => {
    for (const lastResort of ['inbox', 'dead'] as const) {
      const account = anAccount({ profiles: [aProfile('work', [], { lastResort })] });
      assert.equal(ways(decide(anInput(account))), 'shelf');
    }
  });

  it('leaves out endpoints the account has no more and channels the switch has no more', () => {
    const profile = aProfile('work', [{ endpoints: ['gone', 'chat', 'pager'] }]);
    const { chat: _, ...channels } = POLICIES.channels;
    const policies = { ...POLICIES, channels };
    const decision = decide(anInput(anAccount({ profiles: [profile] }), { policies }));
    assert.equal(ways(decision), 'pager, shelf');
    assert.match(texts(decision), /blocked gone: the account has no such endpoint/);
    assert.match(texts(decision), /blocked chat: the switch cannot deliver by channel chat/);
  });

  it('sends one copy where two endpoints have one address', () => {
    const { devices } = anAccount();
    const address = { channel: 'chat', value: 'r@chat' };
    const twin = { id: 'twin', name: 'twin', endpoints: [{ id: 'twin', address }] };
    const profiles = [aProfile('work', [{ endpoints: ['chat', 'twin'] }])];
    const decision = decide(anInput(anAccount({ devices: [...devices, twin], profiles })));
    assert.equal(ways(decision), 'chat, shelf');
  });

  it('has each endpoint’s policy: the subscriber’s over the operator’s over the channel’s', () => {
    const policies = { ...POLICIES, operator: { chat: { trials: 2, expiryMs: 7 } } };
    const account = anAccount({ policy: { chat: { trials: 9 } } });
    const decision = decide(anInput(account, { policies }));
    assert.ok(decision.kind === 'deliver');
    const [chat, post] = decision.plan.steps[0]?.endpoints ?? [];
    assert.deepEqual(chat?.policy, { ...POLICY, trials: 9, expiryMs: 7 });
    assert.deepEqual(post?.policy, POLICY);
  });

  it('is refused, not empty, when the account has nothing at all', () => {
    const decision = decide(anInput(anAccount({ devices: [], profiles: [] })));
    assert.ok(decision.kind === 'refuse');
    assert.equal(decision.status, '5.2.1');
  });
});

describe('the active profile', () => {
  const profiles = [
    aProfile('work', [{ endpoints: ['chat'] }]),
    aProfile('home', [{ endpoints: ['post'] }]),
    aProfile('away', [{ endpoints: ['pager'] }]),
  ];

  it('is the one set by hand within [from, until), else the default', () => {
    const active = [{ profile: 'home', from: NOW, until: NOW + 10 }];
    const at = (now: number) => ways(decide(anInput(anAccount({ profiles, active }), { now })));
    assert.equal(at(NOW - 1), 'chat, shelf');
    assert.equal(at(NOW), 'post, shelf');
    assert.equal(at(NOW + 9), 'post, shelf');
    assert.equal(at(NOW + 10), 'chat, shelf');
  });

  it('is the one set last where two windows hold', () => {
    const active = [{ profile: 'home' }, { profile: 'away', until: NOW + 10 }];
    const at = (now: number) => ways(decide(anInput(anAccount({ profiles, active }), { now })));
    assert.equal(at(NOW), 'pager, shelf');
    assert.equal(at(NOW + 10), 'post, shelf');
  });

  it('is never one that was removed', () => {
    const active = [{ profile: 'home' }, { profile: 'gone' }];
    const decision = decide(anInput(anAccount({ profiles, active })));
    assert.equal(ways(decision), 'post, shelf');
    assert.match(texts(decision), /"gone" is set by hand, but the account has it no more/);
  });
});

describe('do not disturb', () => {
  it('holds until its end, which no longer belongs to it', () => {
    const account = anAccount({ quiet: quiet() });
    const held = decide(anInput(account));
    assert.ok(held.kind === 'hold');
    assert.equal(held.until, NOW + 1000);
    assert.match(held.because, /^do not disturb until 2023-11-14 22:13:21 UTC$/);
    assert.equal(ways(decide(anInput(account, { now: NOW + 1000 }))), 'chat+post, shelf');
  });

  it('lets pass what an exception names, by the channels of its own profile', () => {
    const profiles = [
      aProfile('work', [{ endpoints: ['chat'] }]),
      aProfile('quiet', [{ endpoints: ['pager'] }]),
    ];
    const exceptions = [{ sender: 'Boss@Example.org' }];
    const account = anAccount({ profiles, quiet: quiet({ exceptions, profile: 'quiet' }) });
    assert.equal(ways(decide(anInput(account))), 'pager, shelf');
  });

  it('lets nobody pass who is not verified, and says so', () => {
    const account = anAccount({ quiet: quiet({ exceptions: [{ sender: 'boss@example.org' }] }) });
    const sender = {
      address: { channel: 'post', value: 'boss@example.org' },
      verification: { verified: false, how: 'SPF fail' },
    };
    const decision = decide(anInput(account, { sender }));
    assert.equal(decision.kind, 'hold');
    assert.match(texts(decision), /would match, but the sender is not verified/);
  });

  const cases = [
    { exception: { sender: '@example.org' }, passes: true },
    { exception: { sender: '@ample.org' }, passes: false },
    { exception: { subject: 'SERVER' }, passes: true },
    { exception: { subject: 'Lunch' }, passes: false },
    { exception: { priority: 'high' }, passes: false },
    { exception: { destination: 'r@switch.example' }, passes: true },
    { exception: { sender: 'boss@example.org', subject: 'Lunch' }, passes: false },
    { exception: {}, passes: false },
  ] as const;
  for (const { exception, passes } of cases) {
    it(`exception ${JSON.stringify(exception)} ${passes ? 'lets pass' : 'does not match'}`, () => {
      const account = anAccount({ quiet: quiet({ exceptions: [exception] }) });
      assert.equal(decide(anInput(account)).kind, passes ? 'deliver' : 'hold');
    });
  }

  it('takes urgent for high, and not the other way', () => {
    const kind = (wanted: 'high' | 'urgent', priority: 'high' | 'urgent') => {
      const account = anAccount({ quiet: quiet({ exceptions: [{ priority: wanted }] }) });
      return decide(anInput(account, { header: { priority, size: 1 } })).kind;
    };
    assert.equal(kind('high', 'urgent'), 'deliver');
    assert.equal(kind('urgent', 'high'), 'hold');
  });

  it('does not hold what a person released', () => {
    const header = { priority: 'normal', size: 1, desiredTime: NOW + 5 } as const;
    const facts = { releasedBy: 'demo' };
    const decision = decide(anInput(anAccount({ quiet: quiet() }), { facts, header }));
    assert.equal(ways(decision), 'chat+post, shelf');
    assert.match(texts(decision), /demo released it/);
  });
});

describe('a desired time', () => {
  const desired = (desiredTime: number) =>
    decide(anInput(anAccount(), { header: { priority: 'normal', size: 1, desiredTime } }));

  it('holds while it is in the future', () => {
    const held = desired(NOW + 7);
    assert.ok(held.kind === 'hold');
    assert.equal(held.until, NOW + 7);
    assert.equal(desired(NOW).kind, 'deliver');
  });

  it('beyond all calendars is decided anew within the limit, and not a number is no time', () => {
    const held = desired(1e300);
    assert.ok(held.kind === 'hold');
    assert.equal(held.until, NOW + HOLD_MAX_MS);
    assert.equal(desired(Number.NaN).kind, 'deliver');
  });
});

describe('somebody outside', () => {
  const via = { channel: 'post', value: 'x@elsewhere.example' };
  const recipient = { kind: 'outside', via } as const;

  it('gets a plan of one step without an endpoint', () => {
    const decision = decideOutside({ recipient, policies: POLICIES, now: NOW });
    assert.ok(decision.kind === 'deliver');
    const steps = [{ endpoints: [{ address: via, policy: POLICY }] }];
    assert.deepEqual(decision.plan, { confirms: 'any', steps });
  });

  it('is refused by a channel which the switch cannot deliver by, whatever its name', () => {
    for (const channel of ['smoke', 'constructor', '__proto__']) {
      const to = { kind: 'outside', via: { channel, value: 'x' } } as const;
      assert.equal(decideOutside({ recipient: to, policies: POLICIES, now: NOW }).kind, 'refuse');
    }
  });
});

describe('an explanation', () => {
  it('says what happens, from which version, and each thing considered', () => {
    const { decision, lines } = dryRun(anInput(anAccount()));
    assert.deepEqual(lines, explain(decision));
    assert.equal(lines[0], 'goes by chat and post, else shelf');
    assert.equal(lines[1], "decided from the account's version 41");
    assert.ok(lines.includes('✓ profile: profile work, the default'));
  });

  it('of a hold names the time and the cause', () => {
    const { lines } = dryRun(anInput(anAccount({ quiet: quiet() })));
    assert.match(lines[0] ?? '', /^held until 2023-11-14 22:13:21 UTC: do not disturb/);
  });
});

describe('any account and message', () => {
  const id = fc.constantFrom('chat', 'post', 'pager', 'shelf', 'gone');
  const time = fc.option(fc.integer({ min: NOW - 5, max: NOW + 5 }), { nil: undefined });
  const profile = fc
    .record({
      id: fc.constantFrom('a', 'b', 'c'),
      steps: fc.array(fc.record({ endpoints: fc.array(id, { maxLength: 4 }) }), { maxLength: 4 }),
      confirms: fc.constantFrom('any' as const, 'all' as const),
      lastResort: fc.constantFrom('inbox' as const, 'dead' as const),
    })
    .map((given) => ({ ...given, name: given.id }));
  const accounts: fc.Arbitrary<Account> = fc
    .record({
      profiles: fc.array(profile, { maxLength: 3 }),
      devices: fc.subarray([...anAccount().devices]),
      defaultProfile: fc.constantFrom('a', 'b', 'missing'),
      settings: fc.array(fc.tuple(fc.constantFrom('a', 'c', 'missing'), time, time)),
      quietUntil: time,
    })
    .map(({ settings, quietUntil, ...rest }) =>
      anAccount({
        ...rest,
        active: settings.map(([name, from, until]) => ({
          profile: name,
          ...(from !== undefined && { from }),
          ...(until !== undefined && { until }),
        })),
        ...(quietUntil !== undefined && { quiet: quiet({ until: quietUntil }) }),
      }),
    );

  function freeze<T>(value: T): T {
    if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
      Object.freeze(value);
      Object.values(value).forEach(freeze);
    }
    return value;
  }

  it('gives a plan that is never empty and names only what the account has, each once', () => {
    fc.assert(
      fc.property(accounts, (account) => {
        const decision = decide(anInput(account));
        assert.ok(decision.reasons.length > 0);
        if (decision.kind !== 'deliver') return;
        assert.ok(decision.plan.steps.length > 0);
        const own = new Map(account.devices.flatMap((d) => d.endpoints.map((e) => [e.id, e])));
        const used = decision.plan.steps.flatMap((step) => {
          assert.ok(step.endpoints.length > 0);
          return step.endpoints;
        });
        for (const { endpoint = '', address } of used) {
          assert.deepEqual(own.get(endpoint)?.address, address);
        }
        assert.equal(new Set(used.map((planned) => planned.endpoint)).size, used.length);
      }),
    );
  });

  it('is decided alike twice, and changes nothing it was given', () => {
    fc.assert(
      fc.property(accounts, (account) => {
        const input: DecisionInput = freeze(anInput(account));
        assert.deepEqual(decide(input), decide(structuredClone(input)));
      }),
    );
  });
});
