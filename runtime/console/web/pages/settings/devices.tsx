/** One's devices: where messages can be shown, whether that works, more of them, fewer of them. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Device, Endpoint } from '../../../../../schemas/account.js';
import type { Me } from '../../../../../schemas/console.js';
import { fullTime, shortTime } from '../../clock.js';
import { Action } from '../../parts/action.js';
import { Dialog } from '../../parts/dialog.js';
import { Link } from '../../router.js';
import { call } from '../../server/call.js';
import { account as accountNow } from '../../server/session.js';
import { boxOf } from '../messages/box.js';
import { AddDevice } from './add-device.js';
import { addressWords, lastArrival, usedBy } from './endpoints.js';
import { focusAwaited, Verifying } from './verifying.js';

export function Devices({ account }: { account: Me['account'] }) {
  const adding = useSignal(false);
  useEffect(() => {
    if (boxOf('inbox').messages.peek() === undefined) void boxOf('inbox').load();
  }, []);
  const close = (): void => {
    adding.value = false;
  };
  // Only now that the dialog has given the focus back.
  const closed = (): void => {
    close();
    focusAwaited();
  };
  return (
    <section class="card stack" aria-labelledby="devices">
      <div class="row">
        <h2 id="devices" class="grow">
          Devices
        </h2>
        <button
          type="button"
          class="button"
          onClick={() => {
            adding.value = true;
          }}
        >
          Add a device
        </button>
      </div>
      <ul class="settings-items">
        {account.devices.map((device) => (
          <DeviceItem key={device.id} device={device} account={account} />
        ))}
      </ul>
      <Dialog title="Add a device" open={adding.value} close={closed}>
        <AddDevice done={close} />
      </Dialog>
    </section>
  );
}

function DeviceItem({ device, account }: { device: Device; account: Me['account'] }) {
  const removing = useSignal(false);
  const isLast = device.endpoints.some((endpoint) => endpoint.lastResort === true);
  const close = (): void => {
    removing.value = false;
  };
  async function remove(): Promise<void> {
    accountNow.value = await call('device.remove', { device: device.id });
  }
  return (
    <li class="stack">
      <div class="row">
        <h3 class="grow">{device.name}</h3>
        {isLast ? (
          <span class="word">last resort</span>
        ) : (
          <button
            type="button"
            class="button plain small-button"
            aria-label={`Remove ${device.name}`}
            onClick={() => {
              removing.value = true;
            }}
          >
            Remove
          </button>
        )}
      </div>
      {device.endpoints.map((endpoint) => (
        <EndpointItem key={endpoint.id} endpoint={endpoint} device={device} account={account} />
      ))}
      <Dialog title={`Remove ${device.name}?`} open={removing.value} close={close}>
        <p>Nothing is sent there any more, and it leaves every profile. Messages stay.</p>
        <div class="row">
          <Action kind="danger" run={remove}>
            Remove {device.name}
          </Action>
          <button type="button" class="button" onClick={close}>
            Keep it
          </button>
        </div>
      </Dialog>
    </li>
  );
}

interface EndpointProps {
  readonly endpoint: Endpoint;
  readonly device: Device;
  readonly account: Me['account'];
}

function EndpointItem({ endpoint, device, account }: EndpointProps) {
  const sent = useSignal<string | undefined>(undefined);
  const profiles = usedBy(account, endpoint);
  const { unverified } = endpoint;
  const last = lastArrival(boxOf('inbox').messages.value ?? [], endpoint);
  async function test(): Promise<void> {
    sent.value = (await call('device.test', { endpoint: endpoint.id })).id;
  }
  return (
    <div class="row endpoint">
      <div class="grow">
        <p>
          <span class="word">{endpoint.address.channel}</span>{' '}
          {unverified !== undefined && <span class="word warn">not verified</span>}{' '}
          {endpoint.lastResort !== true && <bdi>{addressWords(endpoint.address.value)}</bdi>}
        </p>
        <p class="small soft">
          {useWords(endpoint, profiles)}
          {last !== undefined && (
            <span title={fullTime(last)}> · last arrival {shortTime(last)}</span>
          )}
          {sent.value !== undefined && (
            <>
              {' · '}
              <Link to={`/m/${sent.value}`}>watch the test</Link>
            </>
          )}
        </p>
      </div>
      {unverified !== undefined && (
        <Verifying device={device} endpoint={endpoint} unverified={unverified} />
      )}
      {endpoint.lastResort !== true && unverified === undefined && (
        <Action run={test} done="Sent; again" label={`Send a test to ${device.name}`}>
          Send a test
        </Action>
      )}
    </div>
  );
}

function useWords(endpoint: Endpoint, profiles: readonly string[]): string {
  if (endpoint.lastResort === true) return 'keeps what no other way took';
  if (endpoint.unverified !== undefined) return 'unused until its code has come back';
  if (profiles.length === 0) return 'unused: in no profile';
  return `in ${profiles.join(', ')}`;
}
