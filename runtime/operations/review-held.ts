/** Has the held messages of an account decided anew, because what holds them was changed. */

import { commandIdentifier, type Operated } from './operation.js';

const PAGE = 256;

/** The number of messages that are no longer held for the old reason. */
export async function reviewHeld(operated: Operated, accountId: string): Promise<number> {
  const { core, store, clock } = operated;
  let reviewed = 0;
  let after: string | undefined;
  for (;;) {
    const from = after === undefined ? {} : { after };
    const keys = await store.list('state/routed', { ...from, limit: PAGE, order: 'ascending' });
    for (const key of keys) {
      const document = await core.kernel.read(key);
      const recipient = document?.context.recipient;
      if (recipient?.kind !== 'subscriber' || recipient.account !== accountId) continue;
      const id = commandIdentifier(clock);
      const by = 'a changed quiet time';
      const event = { type: 'REVIEW', at: clock.now(), id, by } as const;
      if ((await core.kernel.observe(key, event)).ok) reviewed += 1;
    }
    if (keys.length < PAGE) return reviewed;
    after = keys.at(-1);
  }
}
