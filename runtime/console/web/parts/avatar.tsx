/** A person at a glance: the first letter of the name on a colour that follows from the address. */

const HUES = 12;
const DEGREES = 360;

export function Avatar({ name, of }: { name: string; of: string }) {
  const hue = (hueOf(of) * DEGREES) / HUES;
  return (
    <span class="avatar" style={{ '--hue': String(hue) }} aria-hidden="true">
      {firstLetter(name)}
    </span>
  );
}

function firstLetter(name: string): string {
  return /[\p{L}\p{N}]/u.exec(name)?.[0].toLocaleUpperCase() ?? '?';
}

function hueOf(text: string): number {
  let sum = 0;
  for (const letter of text) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % HUES;
}
