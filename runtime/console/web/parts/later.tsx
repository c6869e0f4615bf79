/** A part of the page whose script is fetched when it is first shown. */

import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Problem } from './loaded.js';

export function later<Props extends object>(
  fetchPart: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let known: ComponentType<Props> | undefined;
  return function Later(props: Props) {
    const [Part, setPart] = useState<ComponentType<Props> | undefined>(() => known);
    const [problem, setProblem] = useState<string | undefined>(undefined);
    const load = async (): Promise<void> => {
      try {
        known = await fetchPart();
        const loaded = known;
        setPart(() => loaded);
        setProblem(undefined);
      } catch {
        setProblem('This part of the page could not be loaded.');
      }
    };
    useEffect(() => {
      if (known === undefined) void load();
    }, []);
    if (Part !== undefined) return <Part {...props} />;
    if (problem !== undefined) return <Problem text={problem} again={load} />;
    return <p class="soft">One moment…</p>;
  };
}
