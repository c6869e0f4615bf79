/**
 * Configuration: file, environment and flags, laid over the defaults, checked as a whole.
 *
 * Order, the later wins: default · $STATE_DIRECTORY (for `data`) · file · credentials directory ·
 * `…_FILE` · environment · flag. Invariant: with a single problem nothing is used; all problems
 * are told at once, each with its place.
 */

import Type, { type TSchema } from 'typebox';
import Value from 'typebox/value';
import { CoreConfigSchema, PolicySchema, type SwitchConfig } from '../schemas/config.js';
import {
  type SchemaNode,
  type Setting,
  schemaNode,
  settingsOf,
  withItsUnit,
} from './configuration/settings.js';
import {
  type Environment,
  findFile,
  fromEnvironment,
  fromFile,
  fromFlags,
  type Given,
  type Source,
} from './configuration/sources.js';

/** What configuration needs to know of a channel. */
export interface ConfigurableChannel {
  readonly name: string;
  readonly config: TSchema;
}

export interface ConfigOptions {
  readonly channels: readonly ConfigurableChannel[];
  /** `--config`. */
  readonly file?: string | undefined;
  /** Flags named as settings, without the dashes. */
  readonly flags: ReadonlyMap<string, string>;
  readonly environment: Environment;
  /** Where `./patchboard.yaml` is looked for. */
  readonly directory: string;
}

export interface ShownSetting {
  readonly path: string;
  /** As it would be written; secrets masked; undefined: not set. */
  readonly value: unknown;
  /** "default", "patchboard.yaml:3", "PATCHBOARD_DOMAIN", "--domain", "not set". */
  readonly origin: string;
  readonly description: string;
}

export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: SwitchConfig;
      /** The file that was read. */
      readonly file: string | undefined;
      readonly settings: readonly ShownSetting[];
      /** Paths of settings that do not have their default. */
      readonly given: ReadonlySet<string>;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly string[] };

/** The schema of the whole file: the core's settings, and a section for each channel. */
export function fileSchema(channels: readonly ConfigurableChannel[]): TSchema {
  const sections = Object.fromEntries(channels.map(({ name, config }) => [name, config]));
  const policies = Object.fromEntries(
    channels.map(({ name }) => [name, Type.Optional(PolicySchema)]),
  );
  return Type.Object(
    {
      ...CoreConfigSchema.properties,
      policy: Type.Object(policies, { additionalProperties: false }),
      ...sections,
    },
    { additionalProperties: false },
  );
}

/** Reads, lays over one another and checks every source. */
export function loadConfig(options: ConfigOptions): LoadedConfig {
  const schema = schemaNode(fileSchema(options.channels));
  const settings = settingsOf(schema);
  const found = findFile({ ...options, flag: options.file });
  const sources: Source[] = [stateDirectory(options.environment)];
  if (found.file !== undefined) sources.push(fromFile(found.file, schema, settings));
  sources.push(fromEnvironment(options.environment, settings));
  sources.push(fromFlags(options.flags, settings));

  const given = new Map<string, Given>();
  for (const source of sources) for (const one of source.given) given.set(one.path, one);
  for (const setting of settings) follow(setting, given);
  const present = settings.filter((setting) => isPresent(setting, [...given.keys()]));
  const checks = present.flatMap((setting) => problemsOf(setting, given.get(setting.path)));
  const problems = [...sources.flatMap((source) => source.problems), ...checks];
  if (problems.length > 0) return { ok: false, problems };
  const shown = settings.map((setting) => show(setting, given.get(setting.path)));
  return {
    ok: true,
    config: assemble(present, given, options.channels),
    file: found.file,
    settings: shown,
    given: new Set(given.keys()),
    warnings: sources.flatMap((source) => source.warnings),
  };
}

function stateDirectory(environment: Environment): Source {
  const directory = environment['STATE_DIRECTORY']?.split(':', 1)[0];
  const given =
    directory === undefined || directory === ''
      ? []
      : [{ path: 'data', value: directory, origin: '$STATE_DIRECTORY' }];
  return { given, problems: [], warnings: [] };
}

/** A setting that says `follows` has another one's value, unless it is set itself. */
function follow({ path, schema }: Setting, given: Map<string, Given>): void {
  const followed = schema.follows === undefined ? undefined : given.get(schema.follows);
  if (followed === undefined || given.has(path)) return;
  const value = schema.type === 'array' ? [followed.value] : followed.value;
  given.set(path, { path, value, origin: `follows ${followed.path}` });
}

function isPresent(setting: Setting, given: readonly string[]): boolean {
  return setting.sections.every((section) => given.some((path) => path.startsWith(`${section}.`)));
}

function problemsOf(setting: Setting, given: Given | undefined): string[] {
  const { path, schema } = setting;
  if (given === undefined) {
    const missing = schema.default === undefined && setting.required;
    return missing ? [`${path} is required${documentation(schema)}`] : [];
  }
  const errors = Value.Errors(schema as TSchema, given.value);
  if (errors.length === 0) return [];
  const value = setting.secret ? '(secret)' : JSON.stringify(given.value);
  return [`${given.origin}: ${path} is ${value}: ${expectation(setting, errors[0]?.message)}`];
}

function expectation(setting: Setting, fallback: string | undefined): string {
  const { schema, unit } = setting;
  const choices = schema.enum ?? schema.anyOf?.map((branch) => branch.const);
  if (choices?.every((choice) => typeof choice === 'string')) {
    return `must be one of ${choices.join(', ')}`;
  }
  if (schema.form !== undefined) return `must be ${schema.form}${documentation(schema)}`;
  if (unit !== undefined) {
    const example = unit === 'ms' ? 'a time such as 30s, 5m, 30d' : 'a size such as 64KiB, 25MiB';
    return `must be ${example}${documentation(schema)}`;
  }
  return `${fallback ?? 'is wrong'}${documentation(schema)}`;
}

function documentation(schema: SchemaNode): string {
  return schema.description === undefined ? '' : `. ${schema.description}`;
}

function show(setting: Setting, given: Given | undefined): ShownSetting {
  const value = given === undefined ? setting.schema.default : given.value;
  const unset = value === undefined ? 'not set' : 'default';
  return {
    path: setting.path,
    value: setting.secret && value !== undefined ? '********' : withItsUnit(value, setting.unit),
    origin: given?.origin ?? unset,
    description: setting.schema.description ?? '',
  };
}

/** Parsed edge: every setting has been checked against its schema. */
function assemble(
  settings: readonly Setting[],
  given: ReadonlyMap<string, Given>,
  channels: readonly ConfigurableChannel[],
): SwitchConfig {
  const whole: Record<string, unknown> = { policy: {} };
  for (const { name } of channels) whole[name] = {};
  for (const { path, schema } of settings) {
    const value = given.get(path)?.value ?? structuredClone(schema.default);
    put(whole, path.split('.'), value);
  }
  const sections = Object.fromEntries(channels.map(({ name }) => [name, whole[name]]));
  for (const { name } of channels) delete whole[name];
  return { ...whole, channels: sections } as unknown as SwitchConfig;
}

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    if (value !== undefined) target[name] = value;
    return;
  }
  const below = target[name];
  const next = typeof below === 'object' && below !== null ? below : {};
  target[name] = next;
  put(next as Record<string, unknown>, rest, value);
}
