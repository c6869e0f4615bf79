/** Notifications of this browser while the page is closed. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Device } from '../../../../../schemas/account.js';
import type { Me } from '../../../../../schemas/console.js';
import { Action } from '../../parts/action.js';
import { cannot, subscribe, subscribedDevice, unsubscribe } from './subscribe.js';

const BROWSERS = ['Firefox', 'Edg', 'OPR', 'Chrome', 'Safari'];
const NAMES: Readonly<Record<string, string>> = { Edg: 'Edge', OPR: 'Opera' };

/** "Notifications in Firefox": the first that the browser calls itself. */
function deviceName(): string {
  const found = BROWSERS.find((name) => navigator.userAgent.includes(`${name}/`)) ?? 'this browser';
  return `Notifications in ${NAMES[found] ?? found}`;
}

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
          <div>
            <Action run={() => subscribe(deviceName())}>Notify me here</Action>
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
