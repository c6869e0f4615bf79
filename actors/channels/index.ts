/** THE REGISTRY of channels: one line each. Nothing else in core names one (law 11). */

import type { Channel } from '../channel.js';
import { email } from './email/index.js';
import { inbox } from './inbox/index.js';
import { loopback } from './loopback/index.js';

export const channels: readonly Channel[] = [inbox, loopback, email];
