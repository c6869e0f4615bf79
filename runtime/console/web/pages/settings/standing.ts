/**
 * What holds for the signed-in account at this moment (profile, quiet time), and the changes to
 * it. Invariant: after a change the page shows the account as the switch answered it.
 */

import { computed } from '@preact/signals';
import { activeProfile } from '../../../../../actors/user-manager/profile-manager.js';
import type { Exception } from '../../../../../schemas/account.js';
import { now, tomorrowAt } from '../../clock.js';
import { call } from '../../server/call.js';
import { account } from '../../server/session.js';

const HOUR_MS = 3_600_000;
const MORNING_HOUR = 7;

/** The profile in force, and until when where a setting by hand ends by itself. */
export const profileNow = computed(() => {
  const known = account.value;
  if (known === undefined) return undefined;
  const { profile, until } = activeProfile(known, now.value);
  return profile === undefined ? undefined : { profile, until };
});

/** The quiet time that holds now. */
export const quietNow = computed(() => {
  const quiet = account.value?.quiet;
  return quiet !== undefined && quiet.until > now.value ? quiet : undefined;
});

export function inAnHour(): number {
  return now.value + HOUR_MS;
}

/** "Until tomorrow 7:00" */
export const MORNING_WORDS = `Until tomorrow ${MORNING_HOUR}:00`;

export function tomorrowMorning(): number {
  return tomorrowAt(MORNING_HOUR);
}

/** The default profile needs no setting: every setting by hand ends. */
export async function useProfile(profile: string, until?: number): Promise<void> {
  if (profile === account.value?.defaultProfile && until === undefined) {
    account.value = await call('profile.default', {});
    return;
  }
  account.value = await call('profile.use', { profile, ...(until !== undefined && { until }) });
}

/** Quiet until then; whose messages pass stays as it was, unless said. */
export async function quietUntil(until: number, exceptions?: readonly Exception[]): Promise<void> {
  const before = account.value?.quiet;
  account.value = await call('quiet.set', {
    until,
    exceptions: exceptions ?? before?.exceptions ?? [],
    ...(before?.profile !== undefined && { profile: before.profile }),
  });
}

export async function endQuiet(): Promise<void> {
  account.value = await call('quiet.clear', {});
}
