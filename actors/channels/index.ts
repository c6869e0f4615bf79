/**
 * THE REGISTRY of channels: one line each. Nothing else in core names one (law 11).
 *
 * A line makes a channel: the process has one of each, a simulation one for each process in it.
 */

import type { Channel } from '../channel.js';
import { email } from './email/index.js';
import { inbox } from './inbox/index.js';
import { createPractice } from './loopback/practice-channel.js';
import { createWeb } from './web/index.js';

export const makers: readonly (() => Channel)[] = [
  () => inbox,
  () => createPractice(),
  () => email,
  () => createWeb(),
];

/** The channels of this process. */
export const channels: readonly Channel[] = makers.map((make) => make());
