/** Addresses within the page: `/`, `/messages/…`, `/m/ID?step=7`, … Links work without a reload. */

import { computed, signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

const place = signal(location.pathname + location.search);

export const path = computed(() => new URL(place.value, location.origin).pathname);
export const query = computed(() => new URL(place.value, location.origin).searchParams);

addEventListener('popstate', () => {
  place.value = location.pathname + location.search;
});

/** @param how `replace`: the way back does not lead here again */
export function navigate(to: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', to);
  else history.replaceState(null, '', to);
  place.value = to;
  if (how === 'push') scrollTo(0, 0);
}

interface LinkProps {
  readonly to: string;
  readonly class?: string;
  readonly label?: string;
  /** Whether this is where one is; absent: told by the address. */
  readonly here?: boolean;
  readonly children: ComponentChildren;
}

export function Link({ to, class: name, label, here, children }: LinkProps) {
  const isBelow = path.value === to || (to !== '/' && path.value.startsWith(`${to}/`));
  const isHere = here ?? isBelow;
  return (
    <a
      href={to}
      class={name}
      aria-label={label}
      aria-current={isHere ? 'page' : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        navigate(to);
      }}
    >
      {children}
    </a>
  );
}
