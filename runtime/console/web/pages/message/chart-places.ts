/**
 * Fixed places for the outermost states of machines that people look at often, so that eyes learn
 * where things are. What stands inside these boxes is laid out automatically; a machine that is
 * not named here is laid out as a whole.
 */

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Point = readonly [number, number];

/** A way around the boxes; "from" and "to" stand for the middles of where it begins and ends. */
export type Way = readonly (readonly [number | 'from' | 'to', number | 'from' | 'to'])[];

export interface Places {
  readonly width: number;
  readonly height: number;
  readonly states: Readonly<Record<string, Place>>;
  /** Ways around the boxes, "from>to": of these two states, else of the outermost ones. */
  readonly ways: Readonly<Record<string, Way>>;
}

const place = (x: number, y: number, width: number, height: number): Place => ({
  x,
  y,
  width,
  height,
});

export const PLACES: Readonly<Record<string, Places>> = {
  message: {
    width: 600,
    height: 624,
    states: {
      received: place(16, 20, 128, 46),
      stored: place(16, 124, 128, 46),
      routed: place(236, 84, 304, 118),
      dispatched: place(196, 282, 344, 124),
      confirmed: place(16, 512, 128, 46),
      failed: place(236, 484, 304, 124),
    },
    ways: {
      'stored>routed.held': [
        [132, 188],
        ['to', 188],
      ],
      'routed>stored': [
        ['from', 66],
        [176, 66],
        [176, 134],
      ],
      'stored>failed': [
        [100, 214],
        [164, 214],
        [164, 446],
        ['to', 446],
      ],
      'routed>failed': [
        [568, 'from'],
        [568, 456],
        ['to', 456],
      ],
      'dispatched>confirmed': [[84, 376]],
      'confirmed>dispatched': [[58, 318]],
      'confirmed>stored': [[32, 300]],
      'failed>stored': [
        [188, 590],
        [4, 590],
        [4, 147],
      ],
    },
  },
};
