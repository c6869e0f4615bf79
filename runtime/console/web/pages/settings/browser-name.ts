/** What people call a browser and its system, from how it names itself: a guess, for lists. */

/** The more special one first: most of them also call themselves Chrome and Safari. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Edg\w*\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrom\w*\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
];

function first(list: readonly (readonly [RegExp, string])[], program: string): string | undefined {
  return list.find(([pattern]) => pattern.test(program))?.[1];
}

export function browserName(program: string): string {
  return first(BROWSERS, program) ?? 'this browser';
}

/** "Firefox on Linux"; what is not known as it names itself. */
export function programWords(program: string): string {
  const browser = first(BROWSERS, program);
  const system = first(SYSTEMS, program);
  if (browser === undefined) return program === '' ? 'A program without a name' : program;
  return system === undefined ? browser : `${browser} on ${system}`;
}
