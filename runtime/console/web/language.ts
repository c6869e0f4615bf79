/**
 * The language of the page: English, so are its months and digits. A browser that speaks a variety
 * of English has its own order of day and month.
 */

export const LANGUAGE = navigator.languages.find((one) => /^en\b/i.test(one)) ?? 'en-GB';

const numbers = new Intl.NumberFormat(LANGUAGE);

/** "1,834" */
export function countWords(count: number): string {
  return numbers.format(count);
}
