/** The frame around every page of who is signed in: name, ways, and whether the line is up. */

import type { ComponentChildren } from 'preact';
import { Link } from '../router.js';
import { line } from '../server/live.js';
import { account, isOperator, signOut } from '../server/session.js';

export function Frame({ children }: { children: ComponentChildren }) {
  return (
    <div class="frame">
      <a class="button skip-link" href="#main">
        To the content
      </a>
      <header class="frame-top">
        <div>
          <Link to="/" class="frame-name" label="Patchboard, to the board">
            <Mark />
            Patchboard
          </Link>
          <nav class="frame-links" aria-label="Pages">
            <Link to="/messages">Messages</Link>
            <Link to="/sent">Sent</Link>
            <Link to="/me">Devices & profiles</Link>
            {isOperator.value && <Link to="/operator">Operator</Link>}
          </nav>
          <span class="small soft">{account.value?.name}</span>
          <button type="button" class="button plain" onClick={() => void signOut()}>
            Sign out
          </button>
        </div>
        {line.value === 'lost' && (
          <p class="line-lost" role="status">
            The switch cannot be heard. This page connects again by itself; nothing is lost.
          </p>
        )}
      </header>
      <main class="frame-main" id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

/** Two jacks and a cord. */
function Mark() {
  return (
    <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0b6b5d" />
      <circle cx="9" cy="10" r="3.2" fill="#fff" />
      <circle cx="23" cy="22" r="3.2" fill="#fff" />
      <path d="M9 10c10 0 4 12 14 12" fill="none" stroke="#ffd479" stroke-width="2.6" />
    </svg>
  );
}
