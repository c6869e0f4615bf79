/**
 * Real parts in tests: a test asks for them and passes over itself, loudly, where they are not to
 * be had; under CI that is a failure instead.
 */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { need, type Service, type ServiceName } from '../../scripts/services.js';

/**
 * The service; undefined: it is missing and the test must return. Fails under CI.
 * @param t says what is missing in the test's output
 */
export async function serviceFor<Name extends ServiceName>(
  t: Pick<TestContext, 'diagnostic'>,
  name: Name,
): Promise<Service<Name> | undefined> {
  const service = await need(name);
  if (!('missing' in service)) return service;
  if ((process.env['CI'] ?? '') !== '') assert.fail(`CI needs ${service.missing}`);
  t.diagnostic(`NOT TESTED, ${service.missing}`);
  console.error(`NOT TESTED, ${service.missing}`);
  return undefined;
}
