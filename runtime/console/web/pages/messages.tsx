/** Messages that came, and those that were sent. */

interface MessagesProps {
  readonly box: 'inbox' | 'sent';
  readonly conversation: string | undefined;
}

export function Messages({ box }: MessagesProps) {
  return <h1>{box}</h1>;
}
