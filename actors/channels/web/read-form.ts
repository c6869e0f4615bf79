/**
 * The fields of a form that a browser posted, in either of the two encodings (WHATWG HTML 4.10.21).
 *
 * Stages: its bytes → counted, as cheaply as bytes can be → read by the platform's own parser.
 * Invariant: the parser runs without a pause, so nothing comes to it that could keep it: not more
 * fields than a form of ours has, no head of a part without an end, no long text of codes.
 */

import type { DoorRequest, Failure } from '../../machinery.js';

/** Beside attachments and recipients: text, subject, reference and the like. */
const FIELDS_MAX = 50;
/** Of each part: its name, its file's name and its type. */
const PART_HEAD_BYTES_MAX = 4 * 1024;
/** The page posts in parts; the other encoding is for programs and for forms without files. */
const ENCODED_BYTES_MAX = 4 * 1024 * 1024;
const ENCODED = 'application/x-www-form-urlencoded';
/** RFC 2046, 5.1.1, without the space. */
const PARTS = /^multipart\/form-data\s*;\s*boundary=("?)([\w'()+,./:=?-]{1,70})\1\s*$/i;
const AND = 38;
const CARRIAGE_RETURN = 13;

export type ReadForm =
  | { readonly ok: true; readonly form: FormData }
  | (Failure & { readonly status: number });

export interface FormLimits {
  readonly bytesMax: number;
  /** Attachments and recipients, all together. */
  readonly entriesMax: number;
}

/** Reads the fields; a refusal says why it is not read. */
export async function readForm(
  request: Pick<DoorRequest, 'body' | 'contentType'>,
  { bytesMax, entriesMax }: FormLimits,
): Promise<ReadForm> {
  const bytes = await request.body(bytesMax);
  if (bytes === undefined) return tooLarge(bytesMax);
  const type = typeOf(request.contentType);
  if (type === undefined) return invalid('This is no form that can be read.');
  const { boundary, contentType } = type;
  if (boundary === undefined && bytes.byteLength > ENCODED_BYTES_MAX) {
    return tooLarge(ENCODED_BYTES_MAX);
  }
  const fieldsMax = entriesMax + FIELDS_MAX;
  const isBounded =
    boundary === undefined
      ? areFieldsBounded(bytes, fieldsMax)
      : arePartsBounded(bytes, boundary, fieldsMax);
  if (!isBounded) return invalid(`This is no form of ours: it has at most ${fieldsMax} fields.`);
  try {
    const headers = { 'content-type': contentType };
    return { ok: true, form: await new Response(bytes, { headers }).formData() };
  } catch {
    return invalid('This is no form that can be read.');
  }
}

/** The encoding, and as the parser is told of it: it must not read another boundary than we do. */
function typeOf(given: string): { boundary?: string; contentType: string } | undefined {
  const [bare = ''] = given.split(';', 1);
  if (bare.trim().toLowerCase() === ENCODED) return { contentType: ENCODED };
  const boundary = PARTS.exec(given.trim())?.[2];
  if (boundary === undefined) return undefined;
  return { boundary, contentType: `multipart/form-data; boundary="${boundary}"` };
}

/** Whether there are so many fields at most, `a=b&c=d`. */
function areFieldsBounded(bytes: Uint8Array, fieldsMax: number): boolean {
  let fields = 1;
  for (let at = bytes.indexOf(AND); at !== -1; at = bytes.indexOf(AND, at + 1)) {
    fields += 1;
    if (fields > fieldsMax) return false;
  }
  return true;
}

/** Whether there are so many parts at most, and each head ends soon. */
function arePartsBounded(bytes: Uint8Array, boundary: string, partsMax: number): boolean {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  let parts = 0;
  for (let at = body.indexOf(delimiter); at !== -1; at = body.indexOf(delimiter, at)) {
    at += delimiter.length;
    // What only looks like a delimiter, within a file, has no head: it counts as a part only.
    parts += 1;
    if (parts > partsMax + 1) return false;
    const head = body.subarray(at, at + PART_HEAD_BYTES_MAX);
    if (head[0] === CARRIAGE_RETURN && !head.includes('\r\n\r\n')) return false;
  }
  return true;
}

function tooLarge(bytesMax: number): ReadForm {
  const message = `More than ${bytesMax} bytes: send less, or fewer attachments.`;
  return { ok: false, code: 'SUBMISSION_INVALID', message, status: 413 };
}

function invalid(message: string): ReadForm {
  return { ok: false, code: 'CALL_INVALID', message, status: 400 };
}
