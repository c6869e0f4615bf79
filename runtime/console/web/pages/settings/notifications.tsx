/** Notifications of this browser while the page is closed. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Device } from '../../../../../schemas/account.js';
import type { Me } from '../../../../../schemas/console.js';
import { Action } from '../../parts/action.js';
import { browserName } from './browser-name.js';
import { cannot, subscribe, subscribedDevice, unsubscribe } from './subscribe.js';

export function Notifications({ account }: { account: Me['account'] }) {
  const device = useSignal<Device | undefined>(undefined);
  const why = cannot();
  async function look(): Promise<void> {
    device.value = await subscribedDevice().catch(() => undefined);
  }
  useEffect(() => {
    if (why === undefined) void look();
  }, [why, account.version]);

  return (
    <section class="card stack" aria-labelledby="notifications">
      <h2 id="notifications">Notifications in this browser</h2>
      {why !== undefined && <p class="soft">{why}</p>}
      {why === undefined && device.value === undefined && (
        <>
          <p class="soft">
            They come while this page is closed, through the push service of the browser's maker,
            which sees neither sender nor subject. They become a device of yours, in the default
            profile.
          </p>
          <div class="row">
            <Action run={() => subscribe(`Notifications in ${browserName(navigator.userAgent)}`)}>
              Notify me here
            </Action>
          </div>
        </>
      )}
      {why === undefined && device.value !== undefined && (
        <div class="row">
          <p class="grow">On, as the device “{device.value.name}”.</p>
          <Action run={() => unsubscribe(device.value).then(look)}>Turn off</Action>
        </div>
      )}
    </section>
  );
}
