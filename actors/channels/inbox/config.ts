/** The `inbox:` section of patchboard.yaml: there is nothing to set. */

import Type, { type Static } from 'typebox';

export const InboxConfigSchema = Type.Object(
  {},
  { default: {}, additionalProperties: false, description: 'The inbox channel.' },
);

export type InboxConfig = Static<typeof InboxConfigSchema>;
