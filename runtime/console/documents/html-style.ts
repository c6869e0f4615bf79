/**
 * The style attribute of somebody else's HTML: what may stay of it. Pure.
 *
 * Invariant: only listed properties with values of plain words, numbers, colours and quoted font
 * names; nothing that fetches (url, image-set, @import), nothing that leaves its place (position,
 * transform), nothing written with escapes or comments, by which one would read as another.
 */

const STYLE_CHARACTERS_MAX = 4_000;

const PROPERTIES = new RegExp(
  `^(?:${[
    'background-color',
    'border(?:-(?:top|right|bottom|left))?(?:-(?:color|style|width))?',
    'border(?:-(?:top|bottom)-(?:left|right))?-radius',
    'border-(?:collapse|spacing)',
    'caption-side',
    'clear',
    'color',
    'direction',
    'display',
    'empty-cells',
    'float',
    'font(?:-(?:family|size|style|variant|weight|stretch))?',
    '(?:max-|min-)?(?:width|height)',
    'letter-spacing',
    'line-height',
    'list-style-(?:position|type)',
    '(?:margin|padding)(?:-(?:top|right|bottom|left))?',
    'overflow-wrap',
    'table-layout',
    'text-(?:align|decoration|indent|overflow|transform)',
    'vertical-align',
    'white-space',
    'word-(?:break|spacing|wrap)',
  ].join('|')})$`,
);
/** No backslash, at-sign, brackets, comment; functions only for colours and sums. */
const VALUE = /^(?:[\w\s#.,%'"+!-]|\b(?:rgba?|hsla?|calc)\([\w\s.,%+*/-]*\))+$/i;
const QUOTES = /["']/g;
/** `background` in its common short form: a colour alone. */
const COLOUR = /^(?:#[\da-f]{3,8}|[a-z]{3,24}|rgba?\([\d\s.,%]+\))$/i;

/** The declarations that may stay; '' when there are none. */
export function harmlessStyle(style: string): string {
  if (style.length > STYLE_CHARACTERS_MAX) return '';
  return style.split(';').flatMap(harmlessDeclaration).join(';');
}

function harmlessDeclaration(written: string): string[] {
  const colon = written.indexOf(':');
  const property = written.slice(0, Math.max(0, colon)).trim().toLowerCase();
  const value = written.slice(colon + 1).trim();
  if (property === 'background') return COLOUR.test(value) ? [`background-color:${value}`] : [];
  if (!PROPERTIES.test(property) || !VALUE.test(value)) return [];
  const quotes = value.match(QUOTES)?.length ?? 0;
  return quotes % 2 === 0 ? [`${property}:${value}`] : [];
}
