/** Reading a channel's own frames, which the page knows as JSON and nothing more. */

export type Frame = Readonly<Record<string, unknown>>;

/** The frame if it is of this kind. */
export function asFrame(frame: unknown, kind: string): Frame | undefined {
  if (typeof frame !== 'object' || frame === null) return undefined;
  const fields: Frame = { ...frame };
  return fields['kind'] === kind ? fields : undefined;
}

/** Its text under this name; '' where it has none. */
export function textOf(frame: Frame, name: string): string {
  const value = frame[name];
  return typeof value === 'string' ? value : '';
}

export function numberOf(frame: Frame, name: string): number | undefined {
  const value = frame[name];
  return typeof value === 'number' ? value : undefined;
}
