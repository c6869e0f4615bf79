/** Sign-in: right and wrong passwords, guessers that are slowed, victims that are not. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  createAuthenticator,
  REMEMBER_MS,
} from '../../../actors/authentication-manager/authenticator.js';
import { peerGroup } from '../../../actors/authentication-manager/failure-limit.js';
import { hashPassword, verifyPassword } from '../../../actors/authentication-manager/password.js';
import { may, mayWriteAs } from '../../../actors/authentication-manager/rights.js';
import type { Log } from '../../../actors/machinery.js';
import type { Account } from '../../../schemas/account.js';
import { manualClock } from '../../harness/manual-clock.js';
import { anAccount } from '../user-manager/an-account.js';

const RIGHT = 'correct horse';
const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
const ATTACKER = '203.0.113.9';
const HOME = '192.0.2.7';

async function setUp() {
  const clock = manualClock();
  const hash = (password: string) => hashPassword(password, clock.random);
  const accounts = new Map<string, Account>([['demo', anAccount({ password: await hash(RIGHT) })]]);
  const store = { lookups: 0, broken: false };
  const authenticator = createAuthenticator({
    clock,
    log: SILENT,
    lookup: async (name) => {
      store.lookups += 1;
      if (store.broken) throw new Error('disk');
      return accounts.get(name);
    },
  });
  const signIn = async (password: string, peer = HOME, name = 'demo') => {
    const signedIn = await authenticator.signIn(name, password, peer);
    return signedIn.ok ? signedIn.account.id : signedIn.code;
  };
  return { accounts, clock, hash, signIn, store };
}

describe('a stored password', () => {
  it('matches only itself, and names its parameters', async () => {
    const stored = await hashPassword(RIGHT, manualClock().random);
    assert.match(stored, /^scrypt\$16384\$8\$1\$[A-Za-z0-9+/=]{24}\$[A-Za-z0-9+/=]{44}$/);
    assert.equal(await verifyPassword(RIGHT, stored), true);
    assert.equal(await verifyPassword(`${RIGHT} `, stored), false);
  });

  it('is the same in either form of an accent', async () => {
    const stored = await hashPassword('caf\u00e9 au lait', manualClock().random);
    assert.equal(await verifyPassword('cafe\u0301 au lait', stored), true);
  });

  const HASH = Buffer.alloc(32).toString('base64');
  const damaged = ['', 'scrypt', `scrypt$1073741824$8$1$AA==$${HASH}`, `scrypt$3$8$1$AA==$${HASH}`];
  for (const stored of [...damaged, `scrypt$16384$8$1$AA==$AA==`, `plain$16384$8$1$AA==$${HASH}`]) {
    it(`matches nothing when it reads "${stored.slice(0, 24)}", at no cost`, async () => {
      assert.equal(await verifyPassword('', stored), false);
    });
  }
});

describe('signing in', () => {
  it('takes the right password and no other', async () => {
    const { signIn } = await setUp();
    assert.equal(await signIn(RIGHT), 'r1');
    assert.equal(await signIn('wrong'), 'SIGN_IN_FAILED');
    assert.equal(await signIn(RIGHT, HOME, 'nobody'), 'SIGN_IN_FAILED');
    assert.equal(await signIn('x'.repeat(5000)), 'SIGN_IN_FAILED');
  });

  it('never lets in an account without a password', async () => {
    const { accounts, signIn } = await setUp();
    accounts.set('demo', anAccount());
    assert.equal(await signIn(''), 'SIGN_IN_FAILED');
    assert.equal(await signIn('undefined'), 'SIGN_IN_FAILED');
  });

  it('stops the old password at once when it is changed', async () => {
    const { accounts, hash, signIn } = await setUp();
    assert.equal(await signIn(RIGHT), 'r1');
    accounts.set('demo', anAccount({ password: await hash('another one') }));
    assert.equal(await signIn(RIGHT), 'SIGN_IN_FAILED');
    assert.equal(await signIn('another one'), 'r1');
  });

  it('says that the store is at fault when it is, and holds it against nobody', async () => {
    const { signIn, store } = await setUp();
    store.broken = true;
    for (let i = 0; i < 10; i += 1) assert.equal(await signIn(RIGHT), 'STORE_UNAVAILABLE');
    store.broken = false;
    assert.equal(await signIn(RIGHT), 'r1');
  });

  it('remembers a right pair for a while, so that the next one needs no hash', async () => {
    const { clock, signIn } = await setUp();
    const cost = async () => {
      const before = process.cpuUsage();
      assert.equal(await signIn(RIGHT), 'r1');
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    const first = await cost();
    const remembered = await cost();
    clock.advance(REMEMBER_MS);
    const forgotten = await cost();
    assert.ok(remembered * 4 < first, `${remembered} µs against ${first} µs`);
    assert.ok(remembered * 4 < forgotten, `${remembered} µs against ${forgotten} µs`);
  });
});

describe('a guesser', () => {
  it('is slowed down, with the right password too; the victim elsewhere is not', async () => {
    const { clock, signIn } = await setUp();
    for (let i = 0; i < 5; i += 1)
      assert.equal(await signIn(`guess ${i}`, ATTACKER), 'SIGN_IN_FAILED');
    assert.equal(await signIn(RIGHT, ATTACKER), 'SIGN_IN_RATE');
    assert.equal(await signIn(RIGHT, HOME), 'r1');
    clock.advance(1000);
    assert.equal(await signIn('guess 6', ATTACKER), 'SIGN_IN_FAILED');
    clock.advance(1999);
    assert.equal(await signIn(RIGHT, ATTACKER), 'SIGN_IN_RATE');
    clock.advance(1);
    assert.equal(await signIn(RIGHT, ATTACKER), 'r1');
  });

  it('gains nothing by guessing many at once', async () => {
    const { signIn } = await setUp();
    const guesses = Array.from({ length: 30 }, (_, i) => signIn(`guess ${i}`, ATTACKER));
    const answers = await Promise.all(guesses);
    assert.equal(answers.filter((answer) => answer === 'SIGN_IN_FAILED').length, 5);
    assert.equal(answers.filter((answer) => answer === 'SIGN_IN_RATE').length, 25);
  });

  it('is slowed down for every name after many names', async () => {
    const { signIn } = await setUp();
    for (let i = 0; i < 50; i += 1) await signIn('guess', ATTACKER, `name${i}`);
    assert.equal(await signIn(RIGHT, ATTACKER), 'SIGN_IN_RATE');
    assert.equal(await signIn(RIGHT, HOME), 'r1');
  });

  it('is not who signs in rightly on many connections at once', async () => {
    const { signIn } = await setUp();
    const answers = await Promise.all(Array.from({ length: 40 }, () => signIn(RIGHT)));
    assert.deepEqual(new Set(answers), new Set(['r1']));
  });

  it('is one network, whichever of its addresses it uses', () => {
    assert.equal(peerGroup('2001:db8:1:2:3:4:5:6'), peerGroup('2001:db8:1:2::9'));
    assert.notEqual(peerGroup('2001:db8:1:2::9'), peerGroup('2001:db8:1:3::9'));
    assert.equal(peerGroup('::ffff:192.0.2.7'), '192.0.2.7');
    assert.equal(peerGroup('::1'), '0:0:0:0::/64');
  });
});

describe('rights', () => {
  const subscriber = anAccount();
  const operator = anAccount({ roles: ['subscriber', 'operator'] });

  it('let a subscriber send and mind its own, and an operator run the switch', () => {
    assert.equal(may(subscriber, 'message.send'), true);
    assert.equal(may(subscriber, 'account.manage'), false);
    assert.equal(may(subscriber, 'message.command'), false);
    assert.equal(may(operator, 'account.manage'), true);
    assert.equal(may(anAccount({ roles: [] }), 'message.send'), false);
  });

  it('let nobody but an operator write under another’s address', () => {
    const own = { channel: 'post', value: 'r@switch.example' };
    const other = { channel: 'post', value: 'boss@switch.example' };
    assert.equal(mayWriteAs(subscriber, own), true);
    assert.equal(mayWriteAs(subscriber, other), false);
    assert.equal(mayWriteAs(operator, other), true);
  });
});
