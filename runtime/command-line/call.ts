/**
 * One call of a command: its words, flags and surroundings, and how it speaks. Commands return
 * their exit code; nothing below a command ends the process.
 */

import type { ParseArgsConfig } from 'node:util';
import { parseArgs } from 'node:util';
import type { Clock } from '../../actors/machinery.js';
import { nearest } from '../configuration/nearest.js';
import type { Environment } from '../configuration/sources.js';

/** Exit codes; 69 and 75 are those of sysexits.h. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notRunning: 69, unfinished: 75 } as const;

export interface Surroundings {
  readonly environment: Environment;
  readonly directory: string;
  readonly clock: Clock;
  /** A line on standard output. */
  out(line: string): void;
  /** A line on standard error. */
  err(line: string): void;
}

export interface Call extends Surroundings {
  readonly words: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  /** Settings given as flags: `--email.listen` without the dashes. */
  readonly settings: ReadonlyMap<string, string>;
  readonly configFile: string | undefined;
  readonly json: boolean;
}

export interface Command {
  /** Below "patchboard NAME": the words and flags, then what it does. */
  readonly help: string;
  readonly options?: NonNullable<ParseArgsConfig['options']>;
  run(call: Call): Promise<number>;
}

/** What a person typed cannot be meant: exit 2. */
export class UsageError extends Error {}

/** Settings at the top of the configuration: their flags have no dot. */
const TOP_SETTINGS = new Set(['data', 'domain', 'operator', 'drainMs']);

const COMMON = {
  json: { type: 'boolean' },
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Splits a command's arguments into settings, its own flags and words; throws UsageError. */
export function parseCall(
  command: Command,
  args: readonly string[],
  surroundings: Surroundings,
): Call & { readonly help: boolean } {
  const { settings, rest } = takeSettings(args, command.options ?? {});
  const options = { ...COMMON, ...command.options };
  try {
    const parsed = parseArgs({ args: rest, options, allowPositionals: true, strict: true });
    const values: Call['values'] = parsed.values;
    return {
      ...surroundings,
      words: parsed.positionals,
      values,
      settings,
      configFile: typeof values['config'] === 'string' ? values['config'] : undefined,
      json: values['json'] === true,
      help: values['help'] === true,
    };
  } catch (error) {
    throw new UsageError(unknownFlag(String((error as Error).message), Object.keys(options)));
  }
}

function unknownFlag(message: string, known: readonly string[]): string {
  const flag = /'--([^' =]+)/.exec(message)?.[1];
  const [first = message] = message.split('. ');
  const near = flag === undefined ? undefined : nearest(flag, known);
  return near === undefined || near === flag ? first : `${first}; did you mean --${near}?`;
}

function takeSettings(
  args: readonly string[],
  own: NonNullable<ParseArgsConfig['options']>,
): { settings: Map<string, string>; rest: string[] } {
  const settings = new Map<string, string>();
  const rest: string[] = [];
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    if (arg === '--') {
      rest.push(...args.slice(i));
      break;
    }
    const match = /^--([A-Za-z][\w.-]*)(?:=([\s\S]*))?$/.exec(arg);
    const name = match?.[1] ?? '';
    const isSetting = name.includes('.') || (TOP_SETTINGS.has(name) && !Object.hasOwn(own, name));
    if (match === null || !isSetting) {
      rest.push(arg);
      continue;
    }
    const next = args[i + 1];
    const isFlag = match[2] === undefined && (next === undefined || next.startsWith('--'));
    settings.set(name, match[2] ?? (isFlag ? 'true' : (next ?? '')));
    if (match[2] === undefined && !isFlag) i += 1;
  }
  return { settings, rest };
}

/** A flag's text. */
export function text(call: Call, name: string): string | undefined {
  const value = call.values[name];
  return typeof value === 'string' ? value : undefined;
}

/** The texts of a flag that may be given several times. */
export function texts(call: Call, name: string): readonly string[] {
  const value = call.values[name];
  return Array.isArray(value) ? value.map(String) : [];
}

/** A word of the command line that must be there. */
export function word(call: Call, index: number, what: string): string {
  const found = call.words[index];
  if (found === undefined || found === '') throw new UsageError(`${what} is missing`);
  return found;
}

/** Prints one JSON document, or lines for people. */
export function print(call: Call, document: unknown, lines: readonly string[]): void {
  if (call.json) call.out(JSON.stringify(document));
  else for (const line of lines) call.out(line);
}

/** Prints a failure; the exit code for it. */
export function fail(call: Call, failure: { code: string; message: string }): number {
  const { code, message } = failure;
  if (call.json) call.out(JSON.stringify({ ok: false, code, message }));
  else call.err(message);
  return code === 'NOT_RUNNING' ? EXIT.notRunning : EXIT.failed;
}
