/** The honest words, in their colours; the word itself always stands there too. */

interface WordProps {
  readonly word: string;
  readonly title?: string | undefined;
}

const TONE: Readonly<Record<string, string>> = {
  delivered: 'good',
  read: 'good',
  failed: 'bad',
  'on its way': 'warn',
};

export function Word({ word, title }: WordProps) {
  return (
    <span class={`word ${TONE[word] ?? ''}`} title={title}>
      {word}
    </span>
  );
}
