/**
 * Files of many kinds to attach: binary and text, every byte, two kinds of line ends, no bytes.
 * No text has a lone CR: some programs send it as it is, and the switch refuses that.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const EVERY_BYTE = Uint8Array.from({ length: 256 * 16 }, (_, index) => index % 256);
const PICTURE = [
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ',
  'AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
].join('');
const FORWARDED = [
  'From: a@example.com',
  'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  '',
  'From the ground floor.',
  '.',
  '..',
  '--b--',
  '',
];

const FILES: Readonly<Record<string, string | Uint8Array>> = {
  'picture.png': Buffer.from(PICTURE, 'base64'),
  'paper.pdf': Buffer.concat([Buffer.from('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n', 'latin1'), EVERY_BYTE]),
  'archive.zip': Buffer.concat([Buffer.from('PK\x03\x04'), EVERY_BYTE]),
  'sound.wav': Buffer.concat([Buffer.from('RIFF'), EVERY_BYTE, EVERY_BYTE]),
  'table.csv': 'name;value\r\nLööf;0012345\r\n',
  'note.txt': 'Line\nDots:\n.\n..\nno end of line',
  'page.html': '<!doctype html><p>Grüße &amp; \u{1f600}</p>',
  'invitation.ics': 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n',
  'card.vcf': 'BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Åsa\r\nEND:VCARD\r\n',
  'forwarded.eml': FORWARDED.join('\r\n'),
  'empty.bin': '',
};

/** Writes the files; resolves to their paths. */
export function writeAttachments(folder: string): string[] {
  const below = join(folder, 'attachments');
  mkdirSync(below);
  return Object.entries(FILES).map(([name, content]) => {
    const path = join(below, name);
    writeFileSync(path, content);
    return path;
  });
}
