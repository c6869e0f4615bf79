/**
 * /healthz (the process answers), /readyz (it can take work; else it says why not, one reason a
 * line, with status 503) and /metrics: for programs, so under any name and without a session.
 */

import { type GatewayAnswer, plain, wrongMethod } from './answer.js';

export interface HealthOptions {
  /** Reasons why no work can be taken; empty: ready. */
  notReady(): readonly string[];
  metrics(): Promise<{ readonly type: string; readonly body: string }>;
}

/** Undefined: the path is another part's. */
export async function answerHealth(
  options: HealthOptions,
  { method, path }: { readonly method: string; readonly path: string },
): Promise<GatewayAnswer | undefined> {
  if (path !== '/healthz' && path !== '/readyz' && path !== '/metrics') return undefined;
  if (method !== 'GET' && method !== 'HEAD') return wrongMethod('GET, HEAD');
  if (path === '/healthz') return plain(200, 'ok');
  if (path === '/readyz') {
    const reasons = options.notReady();
    if (reasons.length === 0) return plain(200, 'ready');
    return plain(503, `not ready\n${reasons.join('\n')}`);
  }
  try {
    const { type, body } = await shared(options);
    return { status: 200, body, headers: { 'content-type': type } };
  } catch (error) {
    return plain(500, `metrics failed: ${String(error)}`);
  }
}

const underWay = new WeakMap<HealthOptions, ReturnType<HealthOptions['metrics']>>();

/** Who asks while they are gathered gets the same: a thousand at once cost as much as one. */
function shared(options: HealthOptions): ReturnType<HealthOptions['metrics']> {
  const running = underWay.get(options);
  if (running !== undefined) return running;
  const metrics = options.metrics().finally(() => underWay.delete(options));
  underWay.set(options, metrics);
  return metrics;
}
