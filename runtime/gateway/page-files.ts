/**
 * The built page: read once at the start from beside this program, compressed at the first request
 * for each file.
 *
 * Invariants: only files that were there at the start are served, by their exact names; what has a
 * hash in its name is kept for ever by browsers, everything else is asked for anew.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { PAGE_POLICY } from './headers.js';

/** Where the build puts it. */
export const PAGE_FOLDER = join(import.meta.dirname, '../console/web');

const FILES_MAX = 500;
const COMPRESS_FROM_BYTES = 1024;
const BROTLI_QUALITY = 9;
const YEAR_SECONDS = 31_536_000;

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/x-icon',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  png: 'image/png',
  svg: 'image/svg+xml; charset=utf-8',
  webmanifest: 'application/manifest+json; charset=utf-8',
  woff2: 'font/woff2',
};
const COMPRESSED = new Set(['css', 'html', 'js', 'json', 'svg', 'webmanifest']);

export interface PageFile {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface PageFiles {
  /** The file at this path, in an encoding that the browser takes. */
  at(path: string, acceptEncoding: string): Promise<PageFile | undefined>;
  /** The page itself; undefined: it was not built. */
  index(acceptEncoding: string): Promise<PageFile | undefined>;
}

interface Entry {
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
  readonly compressed: boolean;
  readonly encoded: Map<string, Promise<Buffer>>;
}

/** Reads the folder; an absent one has no files. */
export function readPageFiles(folder: string = PAGE_FOLDER): PageFiles {
  const entries = new Map<string, Entry>();
  for (const name of existsSync(folder) ? listed(folder) : []) {
    const entry = entryOf(join(folder, name), name);
    if (entry === undefined) continue;
    const path = name.split(sep).join('/');
    entries.set(`/page/${path}`, entry);
    // A service worker's reach is its own folder, so it and its like stand at the root too.
    if (!path.includes('/')) entries.set(`/${path}`, entry);
  }
  const page = entries.get('/index.html');
  entries.delete('/index.html');
  entries.delete('/page/index.html');
  return {
    at: async (path, accept) => encoded(entries.get(path), accept),
    index: async (accept) => encoded(page, accept),
  };
}

function listed(folder: string): string[] {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => relative(folder, join(file.parentPath, file.name)))
    .filter((name) => !name.split(sep).some((part) => part.startsWith('.')));
  if (found.length > FILES_MAX) throw new Error(`${folder} has more than ${FILES_MAX} files.`);
  return found;
}

function entryOf(file: string, name: string): Entry | undefined {
  const extension = /\.([a-z0-9]+)$/.exec(name)?.[1] ?? '';
  const mediaType = MEDIA_TYPES[extension];
  if (mediaType === undefined) return undefined;
  const bytes = readFileSync(file);
  const hashed = name.startsWith(`assets${sep}`) && /-[\w-]{8,}\.[a-z0-9]+$/.test(name);
  const cache = hashed ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-store';
  const compressed = COMPRESSED.has(extension) && bytes.length >= COMPRESS_FROM_BYTES;
  const headers = {
    'content-type': mediaType,
    'cache-control': cache,
    'content-security-policy': PAGE_POLICY,
    ...(compressed ? { vary: 'Accept-Encoding' } : {}),
  };
  return { headers, bytes, compressed, encoded: new Map() };
}

async function encoded(entry: Entry | undefined, accept: string): Promise<PageFile | undefined> {
  if (entry === undefined) return undefined;
  const encoding = entry.compressed ? chosen(accept) : undefined;
  if (encoding === undefined) return { headers: entry.headers, body: entry.bytes };
  const body = entry.encoded.get(encoding) ?? ENCODERS[encoding](entry.bytes);
  entry.encoded.set(encoding, body);
  return { headers: { ...entry.headers, 'content-encoding': encoding }, body: await body };
}

const ENCODERS = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY },
    }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
};

/** RFC 9110, 12.5.3, as browsers write it; an encoding with weight 0 is refused. */
function chosen(accept: string): keyof typeof ENCODERS | undefined {
  const taken = accept
    .toLowerCase()
    .split(',')
    .filter((one) => !/;\s*q=0(\.0*)?\s*$/.test(one))
    .map((one) => one.split(';', 1)[0]?.trim());
  if (taken.includes('br')) return 'br';
  return taken.includes('gzip') ? 'gzip' : undefined;
}
