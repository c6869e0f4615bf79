/**
 * Profile manager: which profile is active (C2, C3; here: set by hand), and where endpoints are.
 *
 * Invariants: pure; a window is [from, until), so that two windows that touch never overlap; of
 * several windows that hold, the one set last wins; none: the account's default.
 */

import type { Account, ActiveSetting, Endpoint, Profile } from '../../schemas/account.js';
import type { Reason } from '../../schemas/decision.js';
import { instantText } from '../../schemas/instant.js';

export interface ActiveProfile {
  /** Absent: the account has no usable profile at all. */
  readonly profile?: Profile;
  /** When the setting that chose it ends by itself. */
  readonly until?: number;
  readonly reasons: readonly Reason[];
}

function holds(setting: ActiveSetting, now: number): boolean {
  return now >= (setting.from ?? -Infinity) && now < (setting.until ?? Infinity);
}

export function profileById(account: Account, id: string): Profile | undefined {
  return account.profiles.find((profile) => profile.id === id);
}

/** Every endpoint of every device of the account. */
export function endpointsOf(account: Account): readonly Endpoint[] {
  return account.devices.flatMap((device) => device.endpoints);
}

/** The endpoint that keeps what no other way took; made with the account. */
export function lastResortOf(account: Account): Endpoint | undefined {
  return endpointsOf(account).find((endpoint) => endpoint.lastResort === true);
}

/** The profile active at `now`, and why it is that one. */
export function activeProfile(account: Account, now: number): ActiveProfile {
  const reasons: Reason[] = [];
  for (const setting of account.active.toReversed()) {
    if (!holds(setting, now)) continue;
    const profile = profileById(account, setting.profile);
    if (profile === undefined) {
      const text = `profile "${setting.profile}" is set by hand, but the account has it no more`;
      reasons.push({ rule: 'profile', effect: 'noted', text });
      continue;
    }
    const end = setting.until === undefined ? '' : ` until ${instantText(setting.until)}`;
    const text = `profile ${profile.name}, set by hand${end}`;
    reasons.push({ rule: 'profile', effect: 'chose', text });
    return { profile, reasons, ...(setting.until !== undefined && { until: setting.until }) };
  }
  const profile = profileById(account, account.defaultProfile);
  if (profile === undefined) {
    const text = `the default profile "${account.defaultProfile}" does not exist`;
    return { reasons: [...reasons, { rule: 'profile', effect: 'noted', text }] };
  }
  const text = `profile ${profile.name}, the default`;
  return { profile, reasons: [...reasons, { rule: 'profile', effect: 'chose', text }] };
}
