/** Every machine of the project, drawn from its definition. */

export function MachinesPage({ name }: { name: string | undefined }) {
  return <h1>{name ?? 'Machines'}</h1>;
}
