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

export interface Places {
  readonly width: number;
  readonly height: number;
  readonly states: Readonly<Record<string, Place>>;
  /** Ways around the boxes, from outermost state to outermost state: "from>to". */
  readonly ways: Readonly<Record<string, readonly Point[]>>;
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
      'routed>stored': [
        [388, 44],
        [80, 44],
      ],
      'stored>failed': [
        [166, 190],
        [166, 458],
        [276, 458],
      ],
      'routed>failed': [
        [574, 143],
        [574, 546],
      ],
      'dispatched>confirmed': [[112, 440]],
      'confirmed>dispatched': [[128, 344]],
      'confirmed>stored': [
        [48, 470],
        [48, 220],
      ],
      'failed>stored': [
        [188, 590],
        [4, 590],
        [4, 147],
      ],
    },
  },
};
