/**
 * The disk's reserve (law 10): a file that takes up room until outcomes need it.
 *
 * Stages: kept while there is room; given up at lower water, or when a write found the disk full;
 * filled again when the water is normal.
 *
 * Invariants: `usable` counts the reserve as taken whether it is there or not, so that giving it
 * up does not look like room made.
 */

import { closeSync, fstatSync, ftruncateSync, openSync, statfsSync, truncateSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../actors/machinery.js';
import type { Space } from './store.js';

export interface ReserveLimits {
  /** Room kept for outcomes when the disk is full. */
  readonly reserveBytes: number;
  /** Below this accepting stops. */
  readonly lowBytes: number;
  /** Below this claiming stops too. */
  readonly lowerBytes: number;
}

export interface Reserve {
  space(): Space;
  /** Gives the reserve up at once: a write found the disk full. */
  giveUp(): void;
  /** Resolves when no refill runs. */
  close(): Promise<void>;
}

const MEBIBYTE = 1024 * 1024;
const RESERVE_FILE = 'reserve';
const CACHED_MS = 1000;
const PIECE_BYTES = MEBIBYTE;

export const RESERVE_DEFAULTS: ReserveLimits = {
  reserveBytes: 64 * MEBIBYTE,
  lowBytes: 512 * MEBIBYTE,
  lowerBytes: 128 * MEBIBYTE,
};

export function openReserve(
  directory: string,
  limits: ReserveLimits,
  clock: Pick<Clock, 'monotonic'>,
): Reserve {
  const path = join(directory, RESERVE_FILE);
  let has = openFile(path, limits.reserveBytes);
  let space: Space | undefined;
  let measuredAt = 0;
  let refill: Promise<void> | undefined;
  let closing = false;

  const giveUp = (): void => {
    truncateSync(path, 0);
    has = 0;
    space = undefined;
  };
  const startRefill = (): void => {
    if (refill || closing) return;
    refill = fill(path, limits.reserveBytes).then((bytes) => {
      has = bytes;
      space = undefined;
      refill = undefined;
    });
  };
  const measure = (): Space => {
    const now = clock.monotonic();
    if (space && now - measuredAt < CACHED_MS) return space;
    measuredAt = now;
    const measured = measureSpace(directory, limits, refill ? limits.reserveBytes : has);
    space = measured;
    if (measured.water === 'lower' && has > 0 && !refill) giveUp();
    // Twice the room, so that filling does not empty the disk where the water marks are low.
    const isRoomy = measured.water === 'normal' && measured.freeBytes >= limits.reserveBytes;
    if (isRoomy && has < limits.reserveBytes) startRefill();
    return measured;
  };
  measure();
  return {
    space: measure,
    giveUp() {
      if (has > 0 && !refill) giveUp();
    },
    async close() {
      closing = true;
      await refill;
    },
  };
}

/** Room on the disk as far as others than the reserve may have it. */
function measureSpace(directory: string, limits: ReserveLimits, has: number): Space {
  const { bavail, blocks, bsize } = statfsSync(directory);
  const freeBytes = Math.max(0, bavail * bsize - (limits.reserveBytes - has));
  const water =
    freeBytes < limits.lowerBytes ? 'lower' : freeBytes < limits.lowBytes ? 'low' : 'normal';
  return { freeBytes, totalBytes: blocks * bsize, water };
}

/** Returns how large the file is: a run before may have left it filled. */
function openFile(path: string, bytesMax: number): number {
  const fd = openSync(path, 'a', 0o600);
  try {
    const { size } = fstatSync(fd);
    if (size <= bytesMax) return size;
    ftruncateSync(fd, bytesMax);
    return bytesMax;
  } finally {
    closeSync(fd);
  }
}

/** Writes real bytes: a file made longer only would hold no blocks. Returns how many it has. */
async function fill(path: string, bytes: number): Promise<number> {
  const file = await open(path, 'r+');
  const piece = Buffer.alloc(PIECE_BYTES, 0xa5);
  let written = 0;
  try {
    while (written < bytes) {
      const length = Math.min(PIECE_BYTES, bytes - written);
      written += (await file.write(piece, 0, length, written)).bytesWritten;
    }
    await file.sync();
  } catch {
    // No room for it after all: what there is now is the reserve.
  } finally {
    await file.close();
  }
  return written;
}
