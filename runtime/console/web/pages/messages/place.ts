/**
 * Where a conversation is on this page: `/messages/<conversation>`, and the same below `/sent`.
 * In place of the conversation a message may stand, by its key: `/messages/<submission>.<n>`.
 */

const KEY_PREFIX = 'msg/';
const KEY = /^(?:msg\/)?([0-9a-z]{16}\.\d+)$/;

export type BoxName = 'inbox' | 'sent' | 'held';

export function boxPath(box: BoxName): string {
  if (box === 'held') return '/messages?box=held';
  return box === 'inbox' ? '/messages' : '/sent';
}

export function conversationPath(box: BoxName, conversation: string): string {
  const base = box === 'sent' ? '/sent' : '/messages';
  const held = box === 'held' ? '?box=held' : '';
  return `${base}/${encodeURIComponent(conversation)}${held}`;
}

/** What the part of an address names: undefined where it cannot be read. */
export function readPlace(
  part: string,
): { readonly conversation: string } | { readonly key: string } | undefined {
  let text: string;
  try {
    text = decodeURIComponent(part);
  } catch {
    return undefined;
  }
  const key = KEY.exec(text)?.[1];
  return key === undefined ? { conversation: text } : { key: `${KEY_PREFIX}${key}` };
}
