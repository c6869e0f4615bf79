/** The `loopback:` section of patchboard.yaml. */

import Type, { type Static } from 'typebox';

export const LoopbackConfigSchema = Type.Object(
  {
    answerMs: Type.Integer({
      minimum: 1,
      default: 30_000,
      description: 'How long the answer of a device that took a message is awaited.',
    }),
  },
  { default: {}, additionalProperties: false, description: 'Devices inside the switch itself.' },
);

export type LoopbackConfig = Static<typeof LoopbackConfigSchema>;
