/** Who is signed in on this page. */

import { computed, signal } from '@preact/signals';
import type { Me } from '../../../../schemas/console.js';
import { call, Refused, signIn, Unreachable } from './call.js';

export const me = signal<Me | undefined>(undefined);
/** The account as it is now: changed by this page, another one, or the command line. */
export const account = signal<Me['account'] | undefined>(undefined);
export const phase = signal<'loading' | 'login' | 'ready' | 'unreachable'>('loading');
/** Why the last attempt to sign in failed, in the switch's words. */
export const problem = signal<string | undefined>(undefined);
export const isOperator = computed(() => me.value?.may.operate === true);

/** The channel on which messages written here go in. */
export const messenger = computed(() => channelFor('messenger'));
/** The channel whose devices are on the page. */
export const practice = computed(() => channelFor('practice'));

function channelFor(page: 'messenger' | 'practice'): string | undefined {
  return me.value?.channels.find((channel) => channel.page === page)?.name;
}

/** Signs in by the key in the address (#k=…), if there is one; then asks who one is. */
export async function begin(): Promise<void> {
  const key = /^#k=([\w-]+)$/.exec(location.hash)?.[1];
  if (key !== undefined) {
    // Not kept in the history: whoever looks over a shoulder later finds nothing.
    history.replaceState(null, '', location.pathname);
    await attempt({ key });
  }
  await load();
}

async function attempt(by: Parameters<typeof signIn>[0]): Promise<void> {
  try {
    problem.value = undefined;
    await signIn(by);
  } catch (error) {
    problem.value = error instanceof Error ? error.message : String(error);
  }
}

export async function signInWithPassword(name: string, password: string): Promise<void> {
  await attempt({ name, password });
  if (problem.value === undefined) await load();
}

export async function load(): Promise<void> {
  try {
    const loaded = await call('me', {});
    me.value = loaded;
    account.value = loaded.account;
    phase.value = 'ready';
  } catch (error) {
    if (error instanceof Unreachable) phase.value = 'unreachable';
    else if (error instanceof Refused) phase.value = 'login';
    else throw error;
  }
}

export function signedOut(): void {
  location.assign('/');
}

export async function signOut(): Promise<void> {
  await call('signOut', {}).catch(() => undefined);
  signedOut();
}
