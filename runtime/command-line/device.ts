/** `patchboard device`: the things a subscriber has, with their addresses. */

import { withoutCodes } from '../device-code.js';
import { addressFrom, describe, done, withAccount } from './account.js';
import { type Command, print, UsageError, word } from './call.js';

export const command: Command = {
  help: `device list ACCOUNT [--json]
patchboard device add ACCOUNT NAME CHANNEL:ADDRESS...
patchboard device move ACCOUNT ENDPOINT CHANNEL:ADDRESS
patchboard device remove ACCOUNT DEVICE

Moving gives an endpoint a new address: every profile that names it has it at once. What subscribers
add themselves is unused until they have typed the code that was sent there; what is added or moved
here counts as verified.`,
  async run(call) {
    const what = call.words[0] ?? 'list';
    const account = word(call, 1, 'the account');
    switch (what) {
      case 'list':
        return withAccount(call, account, (found) => {
          const lines = describe(found).filter((line) => line.startsWith('  device'));
          print(call, { devices: withoutCodes(found.devices) }, lines);
        });
      case 'add': {
        const name = word(call, 2, 'the name of the device');
        word(call, 3, 'its address');
        const addresses = call.words.slice(3).map(addressFrom);
        return done(call, 'device.add', { account, name, addresses });
      }
      case 'move': {
        const endpoint = word(call, 2, 'the endpoint');
        const address = addressFrom(word(call, 3, 'the new address'));
        return done(call, 'device.move', { account, endpoint, address });
      }
      case 'remove':
        return done(call, 'device.remove', { account, device: word(call, 2, 'the device') });
      default:
        throw new UsageError(`device has no "${what}"`);
    }
  },
};
