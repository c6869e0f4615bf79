/** Endpoints as people know them: pure. */

import type { Device, Endpoint } from '../../../../../schemas/account.js';
import type { Me, MessageSummary } from '../../../../../schemas/console.js';

export interface Way {
  readonly device: Device;
  readonly endpoint: Endpoint;
}

export function waysOf(account: Me['account']): readonly Way[] {
  return account.devices.flatMap((device) =>
    device.endpoints.map((endpoint) => ({ device, endpoint })),
  );
}

/** The device's name; with the channel where the device has several ways. */
export function wayName({ device, endpoint }: Way): string {
  const way = device.endpoints.length === 1 ? '' : ` (${endpoint.address.channel})`;
  const mark = endpoint.unverified === undefined ? '' : ', not verified';
  return `${device.name}${way}${mark}`;
}

/** An address as a person can read it; of a web address only where it leads. */
export function addressWords(value: string): string {
  if (!/^https?:\/\//.test(value)) return value;
  return URL.canParse(value) ? `by ${new URL(value).host}` : value.slice(0, 60);
}

/** The profiles that use the endpoint, by name. */
export function usedBy(account: Me['account'], endpoint: Endpoint): readonly string[] {
  return account.profiles
    .filter(({ steps }) => steps.some(({ endpoints }) => endpoints.includes(endpoint.id)))
    .map(({ name }) => name);
}

/** When something last arrived there, as far as the page's messages tell. */
export function lastArrival(
  messages: readonly MessageSummary[],
  endpoint: Endpoint,
): number | undefined {
  const times = messages.flatMap(({ outs }) =>
    outs.filter((out) => out.endpoint === endpoint.id && out.phase === 'confirmed'),
  );
  return times.reduce<number | undefined>(
    (latest, { at }) => (at === undefined || (latest ?? 0) > at ? latest : at),
    undefined,
  );
}

const SPAN_UNITS = [
  { ms: 86_400_000, name: 'day' },
  { ms: 3_600_000, name: 'hour' },
  { ms: 60_000, name: 'minute' },
  { ms: 1000, name: 'second' },
] as const;

/** "5 minutes" */
export function waitWords(ms: number): string {
  const unit = SPAN_UNITS.find((one) => ms >= one.ms && ms % one.ms === 0) ?? SPAN_UNITS[3];
  const count = Math.round(ms / unit.ms);
  return `${count} ${unit.name}${count === 1 ? '' : 's'}`;
}
