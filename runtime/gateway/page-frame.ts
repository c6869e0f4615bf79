/** A frame that a page sent, checked: the edge of the live line. */

import type { PageFrame } from '../../schemas/console.js';

const NAME_CHARACTERS_MAX = 64;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined: it is none of the frames that a page sends. */
export function pageFrame(given: unknown): PageFrame | undefined {
  if (!isObject(given)) return undefined;
  const topic = given['topic'];
  if (topic === 'since') return since(given);
  return topic === 'channel' ? ofChannel(given) : undefined;
}

function ofChannel(given: Readonly<Record<string, unknown>>): PageFrame | undefined {
  const channel = given['channel'];
  if (typeof channel !== 'string' || channel.length > NAME_CHARACTERS_MAX) return undefined;
  return { topic: 'channel', channel, frame: given['frame'] };
}

function since(given: Readonly<Record<string, unknown>>): PageFrame | undefined {
  const { epoch, seq, board } = { epoch: given['epoch'], seq: given['seq'], board: given['board'] };
  if (epoch !== undefined && typeof epoch !== 'string') return undefined;
  if (seq !== undefined && !Number.isSafeInteger(seq)) return undefined;
  if (board !== undefined && typeof board !== 'boolean') return undefined;
  return {
    topic: 'since',
    ...(epoch !== undefined && { epoch: epoch.slice(0, NAME_CHARACTERS_MAX) }),
    ...(typeof seq === 'number' && { seq }),
    ...(board !== undefined && { board }),
  };
}
