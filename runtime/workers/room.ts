/**
 * Room in memory for the content of large messages while they are delivered (law 10): agents hold
 * it whole, and some write it anew. Small messages are bounded by the number of attempts at once.
 *
 * Invariants: what is held together never exceeds ROOM_BYTES, except by one message that is alone;
 * one destination holds at most half, so that a stalled one leaves room for the others; who waits
 * is served in order, except those whose destination has its share.
 */

/** Content that is held at once, of messages above LARGE_BYTES. */
export const ROOM_BYTES = 128 * 1024 * 1024;
/** Smaller ones are not counted. */
export const LARGE_BYTES = 1024 * 1024;

interface Waiting {
  readonly lane: string;
  readonly bytes: number;
  readonly enter: () => void;
}

export class Room {
  readonly #held = new Map<string, number>();
  #heldInAll = 0;
  #waiting: Waiting[] = [];

  /** Resolves when there is room; the room is given back by calling what it resolves to. */
  async take(lane: string, bytes: number): Promise<() => void> {
    if (bytes <= LARGE_BYTES) return () => {};
    await new Promise<void>((enter) => {
      this.#waiting.push({ lane, bytes, enter });
      this.#admit();
    });
    return () => {
      this.#add(lane, -bytes);
      this.#admit();
    };
  }

  #add(lane: string, bytes: number): void {
    const held = (this.#held.get(lane) ?? 0) + bytes;
    this.#heldInAll += bytes;
    if (held === 0) this.#held.delete(lane);
    else this.#held.set(lane, held);
  }

  #fits({ lane, bytes }: Waiting): boolean {
    const held = this.#held.get(lane) ?? 0;
    const hasShare = held > 0 && held + bytes > ROOM_BYTES / 2;
    return !hasShare && (this.#heldInAll === 0 || this.#heldInAll + bytes <= ROOM_BYTES);
  }

  #admit(): void {
    const staying: Waiting[] = [];
    let full = false;
    for (const one of this.#waiting) {
      if (full || !this.#fits(one)) {
        // Who waits for the room as a whole is not overtaken by smaller ones for ever.
        full ||= (this.#held.get(one.lane) ?? 0) === 0;
        staying.push(one);
        continue;
      }
      this.#add(one.lane, one.bytes);
      one.enter();
    }
    this.#waiting = staying;
  }
}
