/** UMF in XML as a wire format, for channels that have no other. */

import type { Umf } from '../../schemas/umf.js';
import { readUmf } from './umf-reader.js';
import { writeUmf } from './umf-writer.js';

/** Never rejects: what is no UMF in XML becomes one with the bytes as its only part. */
export function readUmfWire(bytes: Uint8Array, uid: string): Promise<Umf> {
  const read = readUmf(bytes);
  if (read.ok) return Promise.resolve({ ...read.umf, uid });
  return Promise.resolve({
    uid,
    to: [],
    body: { mediaType: 'application/octet-stream', bytes },
    priority: 'normal',
    securityLevel: 'normal',
  });
}

export function writeUmfWire(umf: Umf): Promise<Uint8Array> {
  return Promise.resolve(Buffer.from(writeUmf(umf)));
}
