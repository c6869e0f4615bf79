/** The `web:` section of patchboard.yaml. */

import Type, { type Static } from 'typebox';

export const WebConfigSchema = Type.Object(
  {},
  {
    default: {},
    additionalProperties: false,
    description: 'The browser: messenger and live inbox.',
  },
);

export type WebConfig = Static<typeof WebConfigSchema>;
