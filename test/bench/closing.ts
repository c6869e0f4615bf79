/**
 * What a test gives to the harness, for a program: things to be undone at the end, the last one
 * first, and a place for words about what went wrong.
 */

export class Closing {
  readonly #undo: (() => unknown)[] = [];

  after(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  diagnostic(text: string): void {
    console.error(text);
  }

  async run(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo();
  }
}
