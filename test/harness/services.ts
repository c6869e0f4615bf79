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
  passOver(t, service.missing);
  return undefined;
}

/** Whether the test may do what only root can; if not, it must return. Fails under CI. */
export function isRootFor(t: Pick<TestContext, 'diagnostic'>, what: string): boolean {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot) passOver(t, `${what}: only root can`);
  return isRoot;
}

function passOver(t: Pick<TestContext, 'diagnostic'>, missing: string): void {
  if ((process.env['CI'] ?? '') !== '') assert.fail(`CI needs ${missing}`);
  t.diagnostic(`NOT TESTED, ${missing}`);
  console.error(`NOT TESTED, ${missing}`);
}
