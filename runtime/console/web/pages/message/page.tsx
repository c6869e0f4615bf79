/** A message's page: its time line, its statechart, and what happened at each step. */

export function MessagePage({ id }: { id: string }) {
  return <h1>{id}</h1>;
}
