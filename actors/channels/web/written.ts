/**
 * What a person wrote in the browser, from the fields of its form: pure. Everything is text or a
 * file; limits are the settings'.
 *
 * Invariants: a subject is one line; a file's name is a name, without a path or control characters;
 * its media type is a media type, or `application/octet-stream`.
 */

import type { Part, Priority } from '../../../schemas/umf.js';
import { SUBJECT_CHARACTERS_MAX } from '../../conversion/shown.js';
import type { Failure } from '../../machinery.js';
import type { WebConfig } from './config.js';

const TO_CHARACTERS_MAX = 500;
const FILENAME_CHARACTERS_MAX = 200;
const PRIORITIES: readonly Priority[] = ['low', 'normal', 'high', 'urgent'];
const REFERENCE = /^[\w.-]{1,100}$/;
const MESSAGE_KEY = /^msg\/[0-9a-hjkmnp-tv-z]{16}\.\d{1,5}$/;
const MEDIA_TYPE = /^[a-z0-9][\w!#$&^.+-]{0,100}\/[a-z0-9][\w!#$&^.+-]{0,100}$/;

export interface Written {
  /** As the person wrote them; not read where it is an answer. */
  readonly to: readonly string[];
  readonly subject: string;
  readonly body: Part;
  readonly size: number;
  readonly priority: Priority;
  /** The key of the answered message. */
  readonly inReplyTo?: string;
  /** The page's own identifier of this message. */
  readonly reference: string;
}

/** Reads the fields; a refusal says which one is wrong. */
export async function writtenFrom(
  form: FormData,
  limits: WebConfig['limits'],
): Promise<{ readonly ok: true; readonly written: Written } | Failure> {
  const text = lines(field(form, 'text'));
  const to = texts(form, 'to')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  const files = form.getAll('files').filter((one) => typeof one !== 'string');
  const subject = field(form, 'subject')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  const inReplyTo = field(form, 'inReplyTo');
  const reference = field(form, 'reference');
  const priority = PRIORITIES.find((one) => one === (field(form, 'priority') || 'normal'));
  if (!REFERENCE.test(reference)) return invalid('The message has no reference of its own.');
  if (priority === undefined) return invalid('The priority is low, normal, high or urgent.');
  if (inReplyTo !== '' && !MESSAGE_KEY.test(inReplyTo)) return invalid('inReplyTo is no message.');
  if (inReplyTo === '' && to.length === 0) return invalid('Say to whom it goes.');
  if (to.length > limits.recipients) {
    return invalid(`${to.length} recipients; ${limits.recipients} are allowed.`);
  }
  if (to.some((one) => one.length > TO_CHARACTERS_MAX)) return invalid('A recipient is too long.');
  if (Array.from(subject).length > SUBJECT_CHARACTERS_MAX) {
    return invalid(`The subject has more than ${SUBJECT_CHARACTERS_MAX} characters.`);
  }
  if (text.length > limits.textCharacters) {
    return invalid(`The text has more than ${limits.textCharacters} characters.`);
  }
  // A file field that nobody filled comes as one empty file without a name.
  const attached = files.filter(({ name, size }) => name !== '' || size > 0);
  if (attached.length > limits.files) {
    return invalid(`${attached.length} attachments; ${limits.files} are allowed.`);
  }
  const parts = await Promise.all(attached.map(partOf));
  const plain: Part = { mediaType: 'text/plain', text };
  const written: Written = {
    to,
    subject,
    priority,
    reference,
    size: Buffer.byteLength(text) + attached.reduce((sum, { size }) => sum + size, 0),
    body: parts.length === 0 ? plain : { mediaType: 'multipart/mixed', parts: [plain, ...parts] },
    ...(inReplyTo !== '' && { inReplyTo }),
  };
  return { ok: true, written };
}

/** Line ends of forms are CRLF (WHATWG HTML 4.10.21.7); a text has LF. */
function lines(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

export function field(form: FormData, name: string): string {
  return texts(form, name)[0] ?? '';
}

function texts(form: FormData, name: string): string[] {
  return form.getAll(name).filter((value) => typeof value === 'string');
}

async function partOf(file: File): Promise<Part> {
  const type = file.type.split(';')[0]?.trim().toLowerCase() ?? '';
  return {
    mediaType: MEDIA_TYPE.test(type) ? type : 'application/octet-stream',
    disposition: 'attachment',
    filename: filename(file.name),
    bytes: new Uint8Array(await file.arrayBuffer()),
  };
}

function filename(given: string): string {
  const name = given
    .replace(/^.*[/\\]/s, '')
    .replace(/\p{C}+/gu, '')
    .trim();
  return Array.from(name).slice(-FILENAME_CHARACTERS_MAX).join('') || 'attachment';
}

function invalid(message: string): Failure {
  return { ok: false, code: 'CALL_INVALID', message };
}
