/**
 * People as the page names them. Invariant: what a stranger wrote cannot turn the reading
 * direction of anything beside it, nor pass a name off as an address.
 */

import type { PartySummary } from '../../../../../schemas/console.js';

// Marks that turn or hide text (Unicode TR9 and zero-width ones): they have no place in a name.
const TURNING = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu;

/** A stranger's words without the marks that turn or hide text. */
export function plain(text: string): string {
  return text.replace(TURNING, '');
}

/** The shortest honest name: the one given, else the address. */
export function nameOf(party: PartySummary): string {
  const name = plain(party.name ?? '').trim();
  const looksLikeAnother = name.includes('@') && name !== party.address;
  if (name !== '' && !looksLikeAnother) return name;
  return addressOf(party) ?? 'nobody (a report)';
}

export function addressOf(party: PartySummary): string | undefined {
  return party.address === undefined ? undefined : plain(party.address);
}

/** How sure the switch is of the sender, in words. */
export function verifiedWords(party: PartySummary): string {
  const how = party.how === undefined || party.how === '' ? '' : ` (${party.how})`;
  if (party.verified === true) return `verified${how}`;
  return `not verified${how}: anybody can write this name`;
}

/** The subject as shown; a message without one says so. */
export function subjectOf(subject: string): string {
  const shown = plain(subject).trim();
  return shown === '' ? '(no subject)' : shown;
}
