/**
 * The frame around every page of who is signed in: name, ways, and whether the line is up.
 *
 * Invariants: another page takes the focus, and gives the window its title; a page that only
 * changes within itself keeps both.
 */

import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ProfileChip } from '../pages/settings/chip.js';
import { Link, path } from '../router.js';
import { line } from '../server/live.js';
import { account, isOperator, signOut } from '../server/session.js';

interface FrameProps {
  /** Of the page within, for the window: "Messages". */
  readonly title: string;
  readonly children: ComponentChildren;
}

export function Frame({ title, children }: FrameProps) {
  const main = useArrival(title);
  return (
    <div class="frame">
      <a class="button skip-link" href="#main">
        To the content
      </a>
      <header class="frame-top">
        <div>
          <Link to="/" class="frame-name" label="Patchboard, to the board">
            <Mark size={26} />
            <span class="frame-word">Patchboard</span>
          </Link>
          <nav class="frame-links" aria-label="Pages">
            <Link to="/">Board</Link>
            <Link to="/messages">Messages</Link>
            <Link to="/sent">Sent</Link>
            <Link to="/me">Devices</Link>
            {isOperator.value && <Link to="/operator">Operator</Link>}
          </nav>
          <div class="frame-me">
            <ProfileChip />
            <button
              type="button"
              class="button plain frame-out"
              aria-label={`Sign out, ${account.value?.name ?? ''}`}
              onClick={() => void signOut()}
            >
              Sign out
            </button>
          </div>
        </div>
        {line.value === 'lost' && (
          <p class="line-lost" role="status">
            The switch does not answer. This page tries again by itself.
          </p>
        )}
      </header>
      <main class="frame-main" id="main" tabIndex={-1} ref={main}>
        {children}
      </main>
    </div>
  );
}

/** Title and focus when one comes to another page; not on the first, which nobody left. */
function useArrival(title: string): { current: HTMLElement | null } {
  const main = useRef<HTMLElement>(null);
  const place = path.value.split('/')[1] ?? '';
  const before = useRef(place);
  useEffect(() => {
    document.title = title === '' ? 'Patchboard' : `${title} · Patchboard`;
  }, [title]);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    main.current?.focus({ preventScroll: true });
  }, [place]);
  return main;
}

/** Two jacks and a cord. */
export function Mark({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0b6b5d" />
      <circle cx="9" cy="10" r="3.2" fill="#fff" />
      <circle cx="23" cy="22" r="3.2" fill="#fff" />
      <path
        d="M9 10c10 0 4 12 14 12"
        fill="none"
        stroke="#ffd479"
        stroke-width="2.6"
        stroke-linecap="round"
      />
    </svg>
  );
}
