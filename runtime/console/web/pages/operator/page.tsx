/** The operator's page. */

export function Operator({ part }: { part: string | undefined }) {
  return <h1>{part ?? 'Operator'}</h1>;
}
