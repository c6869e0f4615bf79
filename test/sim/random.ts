/**
 * Chance for the simulation: every number follows from the seed and a label that says what it is
 * for, never from how many were drawn before. So a fault that is left out changes what follows
 * from it and nothing else, and two runs can be compared.
 */

export interface Draw {
  /** In [0, 1). */
  real(): number;
  /** A whole number in [min, max]. */
  int(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly [T, ...T[]]): T;
}

/** FNV-1a over the text, 32 bits, stirred at the end. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The sequence (mulberry32) of one label under one seed. */
export function drawing(seed: number, label: string): Draw {
  let state = hashOf(`${seed}|${label}`);
  const real = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    real,
    int: (min, max) => min + Math.floor(real() * (max - min + 1)),
    chance: (probability) => real() < probability,
    pick: (list) => list[Math.floor(real() * list.length)] ?? list[0],
  };
}
