/**
 * The settings of a switch of the crash matrix: every channel of the registry listens on a free
 * port and repeats quickly. Validated here, once for all starts: that takes a good part of one.
 */

import { channels } from '../../actors/channels/index.js';
import { loadConfig } from '../../runtime/config.js';
import { schemaNode, settingsOf } from '../../runtime/configuration/settings.js';

export const DOMAIN = 'crash.example';
const EVERYWHERE: Readonly<Record<string, string>> = {
  domain: DOMAIN,
  'disk.reserveBytes': '0',
  'disk.lowBytes': '0',
  'disk.lowerBytes': '0',
};

export interface Pace {
  readonly retryMs: string;
  readonly trials: string;
}

/** The configuration as JSON text. */
export function configText(
  data: string,
  given: { readonly pace: Pace; readonly flags: Readonly<Record<string, string>> },
): string {
  const flags = { ...EVERYWHERE, data, ...listening(), ...repeating(given.pace), ...given.flags };
  const loaded = loadConfig({
    channels,
    directory: data,
    environment: {},
    flags: new Map(Object.entries(flags)),
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return JSON.stringify(loaded.config);
}

function listening(): Record<string, string> {
  const listens = channels.filter(({ config }) =>
    settingsOf(schemaNode(config)).some(({ path }) => path === 'listen'),
  );
  return Object.fromEntries(listens.map(({ name }) => [`${name}.listen`, '127.0.0.1:0']));
}

function repeating({ retryMs, trials }: Pace): Record<string, string> {
  const delivering = channels.filter(({ deliver, facts }) => deliver !== undefined && !facts.keeps);
  return Object.fromEntries(
    delivering.flatMap(({ name }) => [
      [`policy.${name}.retryMs`, retryMs],
      [`policy.${name}.trials`, trials],
    ]),
  );
}
