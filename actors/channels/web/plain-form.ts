/**
 * The plain form, for a browser without script and, where the settings allow it, for people who
 * have no account: pages of HTML, pure. Invariant: no script, nothing remote; what a person typed
 * stands in them as text only.
 */

import { createHash } from 'node:crypto';
import type { DoorAnswer } from '../../machinery.js';

const STYLE =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem}' +
  'label{display:block;margin:1rem 0 .25rem}' +
  'input,textarea{width:100%;box-sizing:border-box;font:inherit;padding:.5rem}' +
  'button{font:inherit;padding:.5rem 1.5rem;margin-top:1rem}';
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');
const HEADERS = {
  'content-security-policy':
    `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; ` +
    "frame-ancestors 'none'; base-uri 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'same-origin',
};

export interface FormFields {
  readonly to: string;
  readonly reference: string;
  /** Somebody without an account says who it is. */
  readonly asksName: boolean;
}

/** The form itself. */
export function formPage({ to, reference, asksName }: FormFields): DoorAnswer {
  const who = asksName
    ? input('name', 'Your name') + input('reply', 'How to reach you (nobody checks it)')
    : '';
  const body =
    `<form method="post" enctype="multipart/form-data"><h1>A message for ${escaped(to)}</h1>` +
    `<input type="hidden" name="to" value="${escaped(to)}">` +
    `<input type="hidden" name="reference" value="${escaped(reference)}">${who}` +
    `${input('subject', 'Subject')}<label for="text">Text</label>` +
    '<textarea id="text" name="text" rows="10" required></textarea>' +
    '<button>Send</button></form>';
  return page(200, `A message for ${to}`, body);
}

/** What happened, in one sentence. */
export function wordPage(status: number, title: string, text: string): DoorAnswer {
  return page(status, title, `<h1>${escaped(title)}</h1><p>${escaped(text)}</p>`);
}

function page(status: number, title: string, body: string): DoorAnswer {
  const head =
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    `<title>${escaped(title)}</title><style>${STYLE}</style>`;
  return {
    status,
    contentType: 'text/html; charset=utf-8',
    body: `<!doctype html><html lang="en"><head>${head}</head><body>${body}</body></html>`,
    headers: HEADERS,
  };
}

function input(name: string, label: string): string {
  return `<label for="${name}">${label}</label><input id="${name}" name="${name}" maxlength="200">`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
