/**
 * The settings that a schema describes, one by one: their path, type, default and documentation;
 * and how a text (a flag, an environment variable, a YAML scalar) becomes a setting's value.
 *
 * A setting is whatever is not an object with named properties. Invariant: a value that cannot be
 * understood is handed on as it came, so that validation names it in the operator's own words.
 */

import type { TSchema } from 'typebox';

export interface Setting {
  /** "email.listen". */
  readonly path: string;
  readonly schema: SchemaNode;
  readonly unit: 'ms' | 'bytes' | undefined;
  readonly secret: boolean;
  readonly required: boolean;
  /** The optional sections it lies in, outermost first: absent unless something in them is set. */
  readonly sections: readonly string[];
}

/** What we read of a JSON Schema. */
export interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly default?: unknown;
  readonly description?: string;
  readonly unit?: 'ms' | 'bytes';
  readonly secret?: boolean;
  readonly pattern?: string;
  /** What `pattern` demands, for people: "host:port". */
  readonly form?: string;
  /** Path of the setting whose value this one has unless it is set itself. */
  readonly follows?: string;
}

const SECRET_NAME = /(password|privateKey|secret)$/i;

/** A typebox schema is a JSON Schema: the one place where it is read as such. */
export function schemaNode(schema: TSchema): SchemaNode {
  return schema as SchemaNode;
}

/** Every setting below a schema, in the schema's order. */
export function settingsOf(schema: SchemaNode): Setting[] {
  return collect(schema, '', { required: true, sections: [] });
}

function collect(
  schema: SchemaNode,
  path: string,
  place: Pick<Setting, 'required' | 'sections'>,
): Setting[] {
  if (schema.properties === undefined) {
    return [{ path, schema, unit: unitOf(path, schema), secret: isSecret(path, schema), ...place }];
  }
  const needed = new Set(schema.required ?? []);
  const sections = place.required ? place.sections : [...place.sections, path];
  return Object.entries(schema.properties).flatMap(([name, child]) =>
    collect(child, path === '' ? name : `${path}.${name}`, {
      required: needed.has(name),
      sections,
    }),
  );
}

function unitOf(path: string, schema: SchemaNode): Setting['unit'] {
  if (schema.unit !== undefined) return schema.unit;
  if (schema.items?.unit !== undefined) return schema.items.unit;
  if (path.endsWith('Ms')) return 'ms';
  return path.endsWith('Bytes') ? 'bytes' : undefined;
}

function isSecret(path: string, schema: SchemaNode): boolean {
  return schema.secret ?? SECRET_NAME.test(path);
}

/** "email.smartHost.port" → "PATCHBOARD_EMAIL_SMART_HOST_PORT". */
export function environmentName(path: string): string {
  const words = path.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[.-]/g, '_');
  return `PATCHBOARD_${words.toUpperCase()}`;
}

const SPAN_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};

const SIZE_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** "30d" → milliseconds; undefined: not a time span. */
export function parseSpan(text: string): number | undefined {
  return withUnit(text, SPAN_MS);
}

/** "64KiB" → bytes; undefined: not a size. */
export function parseSize(text: string): number | undefined {
  return withUnit(text, SIZE_BYTES);
}

function withUnit(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text.trim());
  const factor = units[(match?.[2] ?? '').toLowerCase()];
  if (match === null || factor === undefined) return undefined;
  return Math.round(Number(match[1]) * factor);
}

/** A number as a person writes it with its unit: the largest one that divides it. */
export function withItsUnit(value: unknown, unit: Setting['unit']): unknown {
  if (Array.isArray(value)) return value.map((item) => withItsUnit(item, unit));
  if (typeof value !== 'number' || unit === undefined || value === 0) return value;
  const names =
    unit === 'ms'
      ? (['y', 'w', 'd', 'h', 'm', 's', 'ms'] as const).filter((name) => name !== 'w')
      : (['gib', 'mib', 'kib', 'b'] as const);
  const table = unit === 'ms' ? SPAN_MS : SIZE_BYTES;
  const name = names.find((candidate) => value % (table[candidate] ?? 1) === 0) ?? 'b';
  const shown = { gib: 'GiB', mib: 'MiB', kib: 'KiB', b: 'B' }[name as string] ?? name;
  return `${value / (table[name] ?? 1)}${shown}`;
}

/** The value that a setting's text means; the text itself where it means nothing. */
export function fromText(text: string, setting: Setting): unknown {
  return textToValue(text.trim(), setting.schema, setting.unit);
}

function textToValue(text: string, schema: SchemaNode, unit: Setting['unit']): unknown {
  if (schema.anyOf !== undefined) {
    const tried = schema.anyOf.map((branch) => textToValue(text, branch, unit));
    return tried.find((value) => typeof value !== 'string') ?? text;
  }
  if (schema.type === 'array') {
    const items = text === '' ? [] : text.split(',').map((item) => item.trim());
    return items.map((item) => textToValue(item, schema.items ?? {}, unit));
  }
  if (schema.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (schema.type === 'integer' || schema.type === 'number') return numberFrom(text, unit);
  return text;
}

function numberFrom(text: string, unit: Setting['unit']): unknown {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  const parsed = unit === 'ms' ? parseSpan(text) : unit === 'bytes' ? parseSize(text) : undefined;
  return parsed ?? text;
}

/** What stands in YAML or comes as JSON: texts with units become numbers, the rest stays. */
export function fromDocument(value: unknown, setting: Setting): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => unitOnly(item, setting.unit));
  }
  return unitOnly(value, setting.unit);
}

function unitOnly(value: unknown, unit: Setting['unit']): unknown {
  return typeof value === 'string' && unit !== undefined ? numberFrom(value, unit) : value;
}
