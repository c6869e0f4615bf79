/** Devices and profiles of who is signed in, quiet times, and how one signs in. */

import '../../style/settings.css';
import { account } from '../../server/session.js';
import { Devices } from './devices.js';
import { Notifications } from './notifications.js';
import { Profiles } from './profiles.js';
import { QuietTime } from './quiet.js';
import { SigningIn } from './signing-in.js';

export function Settings() {
  const known = account.value;
  if (known === undefined) return <p class="soft">One moment…</p>;
  return (
    <div class="settings">
      <h1>Devices & profiles</h1>
      <div class="settings-columns">
        <div class="stack wide">
          <QuietTime />
          <Profiles account={known} />
        </div>
        <div class="stack wide">
          <Devices account={known} />
          <Notifications account={known} />
          <SigningIn />
        </div>
      </div>
    </div>
  );
}
