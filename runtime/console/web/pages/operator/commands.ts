/** Which command moves what waits, in words; none where only waiting helps. */

export interface GroupCommand {
  readonly command: 'retry' | 'release' | 'resend';
  /** "Try again now" */
  readonly label: string;
  /** "Try 12 again now" */
  readonly confirm: (count: number) => string;
  /** "12 are being tried again." */
  readonly done: (count: number) => string;
}

const RELEASE: GroupCommand = {
  command: 'release',
  label: 'Let go',
  confirm: (count) => `Let ${count} go`,
  done: (count) => `${count} let go: each is decided anew.`,
};
const RETRY: GroupCommand = {
  command: 'retry',
  label: 'Try again now',
  confirm: (count) => `Try ${count} again now`,
  done: (count) => `${count} tried again.`,
};
const RESEND: GroupCommand = {
  command: 'resend',
  label: 'Send again',
  confirm: (count) => `Send ${count} again`,
  done: (count) => `${count} sent again: each is decided anew.`,
};

/** @param what as the queue calls it: "held", "retry fax", "dead" */
export function commandFor(what: string, cause: string): GroupCommand | undefined {
  const [verb] = what.split(' ');
  if (verb === 'held') return RELEASE;
  if (verb === 'retry') return RETRY;
  // Not tried yet, and there is a reason: its destination is paused.
  if (verb === 'ready') return cause === '' ? undefined : RETRY;
  return verb === 'dead' ? RESEND : undefined;
}
