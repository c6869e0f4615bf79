/**
 * A message's text: shown as text, never as markup.
 *
 * Invariants: only http, https and mailto become links, and each shows where it leads; a long
 * quotation is folded; marks that turn the reading direction are left out.
 */

import type { ComponentChildren } from 'preact';
import { plain } from './person.js';

const CHARACTERS_MAX = 100_000;
const QUOTED_LINES_SHOWN = 4;
const LINK = /\b(?:https?:\/\/|mailto:)[^\s<>"'`]+/giu;
const AFTER_LINK = /[.,;:!?)\]}*_]+$/u;
const SAFE = new Set(['http:', 'https:', 'mailto:']);

export function MessageText({ text, rawPath }: { text: string; rawPath: string }) {
  const shown = plain(text.slice(0, CHARACTERS_MAX));
  return (
    <div class="letter-text" dir="auto">
      {blocksOf(shown).map((block, index) => (
        <Block key={String(index)} lines={block.lines} quoted={block.quoted} />
      ))}
      {text.length > CHARACTERS_MAX && (
        <p class="note">
          The text goes on; <a href={rawPath}>the whole message as a file</a>.
        </p>
      )}
    </div>
  );
}

interface TextBlock {
  readonly quoted: boolean;
  readonly lines: readonly string[];
}

function blocksOf(text: string): readonly TextBlock[] {
  const blocks: { quoted: boolean; lines: string[] }[] = [];
  for (const line of text.replace(/\r\n?/g, '\n').trimEnd().split('\n')) {
    const quoted = line.startsWith('>');
    const last = blocks.at(-1);
    if (last?.quoted === quoted) last.lines.push(line);
    else blocks.push({ quoted, lines: [line] });
  }
  return blocks;
}

function Block({ lines, quoted }: { lines: readonly string[]; quoted: boolean }) {
  const text = <p class={quoted ? 'quoted' : ''}>{withLinks(lines.join('\n'))}</p>;
  if (!quoted || lines.length <= QUOTED_LINES_SHOWN) return text;
  return (
    <details>
      <summary class="small soft">{lines.length} quoted lines</summary>
      {text}
    </details>
  );
}

function withLinks(text: string): ComponentChildren {
  const pieces: ComponentChildren[] = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const link = match[0].replace(AFTER_LINK, '');
    if (!isSafe(link)) continue;
    pieces.push(
      text.slice(from, match.index),
      <a href={link} target="_blank" rel="noopener noreferrer nofollow">
        {link}
      </a>,
    );
    from = match.index + link.length;
  }
  return [...pieces, text.slice(from)];
}

function isSafe(link: string): boolean {
  return URL.canParse(link) && SAFE.has(new URL(link).protocol);
}
