/**
 * What a test leaves behind is cleaned up in reverse order: the switch before its folder. Node
 * runs the `after` hooks of a test in the order in which they were registered.
 */

type Clean = () => void | Promise<void>;

const waiting = new WeakMap<object, Clean[]>();

/** Runs `clean` when the test is over, before everything that was registered earlier. */
export function atEnd(t: { after(clean: Clean): void }, clean: Clean): void {
  const known = waiting.get(t);
  if (known !== undefined) {
    known.push(clean);
    return;
  }
  const cleans = [clean];
  waiting.set(t, cleans);
  t.after(async () => {
    waiting.delete(t);
    for (const one of cleans.reverse()) await one();
  });
}
