/** Limits per peer, with a clock in hand. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PeerLimits } from '../../../../actors/channels/email/receive-limits.js';
import { systemClock } from '../../../../runtime/clock.js';
import { emailConfig } from '../../../harness/receive-context.js';

function limits() {
  let now = 0;
  const clock = { ...systemClock(), monotonic: () => now };
  const config = emailConfig({ limits: { connectionsPerPeer: 1, ratePerPeerPerMinute: 1 } });
  const advance = (ms: number): void => {
    now += ms;
  };
  return { peers: new PeerLimits(config.limits, clock), advance };
}

describe('limits per peer', () => {
  it('count an IPv6 /64 as one peer, however it is written, and the next one as another', () => {
    const { peers } = limits();
    assert.equal(peers.connect('2001:db8:0:1::1'), true);
    assert.equal(peers.connect('2001:db8:0:1:2:3:4:5'), false);
    assert.equal(peers.connect('2001:db8:0:2::1'), true);
    assert.equal(peers.connect('2001:db8::1'), true);
    assert.equal(peers.connect('2001:db8::ffff'), false);
    peers.disconnect('2001:db8:0:1::1');
    assert.equal(peers.connect('2001:db8:0:1::9'), true);
  });

  it('start anew each minute', () => {
    const { peers, advance } = limits();
    assert.equal(peers.mail('192.0.2.1'), true);
    assert.equal(peers.mail('192.0.2.1'), false);
    assert.equal(peers.mail('192.0.2.2'), true);
    advance(60_000);
    assert.equal(peers.mail('192.0.2.1'), true);
  });

  it('do not hold for clients on this computer unless set', () => {
    const { peers } = limits();
    for (let i = 0; i < 3; i += 1) {
      assert.equal(peers.connect('127.0.0.1'), true);
      assert.equal(peers.mail('::1'), true);
    }
  });
});
