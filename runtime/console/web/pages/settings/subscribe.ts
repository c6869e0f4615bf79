/**
 * Web push of this browser (RFC 8030): asked for, put among the account's devices, taken back.
 * Invariant: the switch's own answers decide; a subscription without its device is ended again.
 */

import type { Device } from '../../../../../schemas/account.js';
import { call } from '../../server/call.js';
import { account, messenger } from '../../server/session.js';

const WORKER = '/sw.js';

/** Why this browser cannot; undefined: it can. */
export function cannot(): string | undefined {
  if (messenger.value === undefined) return 'This switch has no messenger.';
  const has = 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;
  if (has) return undefined;
  return window.isSecureContext
    ? 'This browser knows no notifications of web pages (on an iPhone: only of home screen ones).'
    : 'Notifications need an encrypted address (https).';
}

/** The device that stands for this browser's subscription. */
export async function subscribedDevice(): Promise<Device | undefined> {
  const subscription = await currentSubscription();
  if (subscription === null) return undefined;
  return account.value?.devices.find(({ endpoints }) =>
    endpoints.some(({ address }) => address.value.startsWith(`${subscription.endpoint}#`)),
  );
}

async function currentSubscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration(WORKER);
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/** Asks the person, then the browser, then the switch. Rejects with words for the person. */
export async function subscribe(name: string): Promise<void> {
  const channel = messenger.value;
  if (channel === undefined) throw new Error('This switch has no messenger.');
  if ((await Notification.requestPermission()) !== 'granted') {
    throw new Error(
      'This browser does not allow it: see the settings of this site beside its address.',
    );
  }
  await navigator.serviceWorker.register(WORKER);
  const registration = await navigator.serviceWorker.ready;
  const subscription = await registration.pushManager
    .subscribe({ userVisibleOnly: true, applicationServerKey: await pushKey(channel) })
    .catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`The browser's push service did not take the subscription: ${why}`);
    });
  try {
    const address = JSON.stringify(subscription.toJSON());
    account.value = await call('device.add', { name, channel, address, use: true });
  } catch (error) {
    await subscription.unsubscribe();
    throw error;
  }
}

export async function unsubscribe(device: Device | undefined): Promise<void> {
  if (device !== undefined) account.value = await call('device.remove', { device: device.id });
  await (await currentSubscription())?.unsubscribe();
}

async function pushKey(channel: string): Promise<string> {
  const response = await fetch(`/c/${channel}/push-key`);
  const answer: { readonly value?: { readonly key?: string } } = await response.json();
  const key = answer.value?.key;
  if (key === undefined) throw new Error('The switch has no key for notifications.');
  return key;
}
