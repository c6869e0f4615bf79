/**
 * Is the sender who it says it is? SPF, DKIM, DMARC and ARC by mailauth, in bounded time.
 *
 * What counts: the envelope's sender is verified if its domain vouched for this peer (SPF) or
 * signed this mail (DKIM, same or parent domain), unless the From line's domain says the mail is
 * not its own (DMARC fail). No answer means unknown: not verified, never refused.
 * Invariant: never rejects, never waits longer than the setting after the last byte.
 */

import { Resolver } from 'node:dns/promises';
import { PassThrough } from 'node:stream';
import type { AuthenticateResult } from 'mailauth';
import type { Verification } from '../../../schemas/submission.js';
import type { Clock } from '../../machinery.js';
import type { EmailConfig } from './config.js';

export interface SenderFacts {
  readonly ip: string;
  readonly helo: string;
  /** The envelope's sender and its domain; absent: the null path. */
  readonly mailFrom?: { readonly value: string; readonly domain: string };
}

/** One mail that is checked while it comes in. */
export interface Checking {
  /** Resolves when more may come. */
  write(chunk: Uint8Array): Promise<void> | undefined;
  end(): Promise<Verification>;
}

export interface Verifier {
  verify(bytes: Buffer, facts: SenderFacts): Promise<Verification>;
  begin(facts: SenderFacts): Checking;
}

/** RSA keys below this many bits prove nothing (RFC 8301 3.2). */
const KEY_BITS_MIN = 1024;

/** Loads mailauth only where something is checked: it is large. */
export async function makeVerifier(config: EmailConfig, clock: Clock): Promise<Verifier> {
  const { authenticate } = await import('mailauth');
  const { timeoutMs } = config.verify;
  const resolve = makeResolve({ dnsServers: config.dnsServers, timeoutMs });
  const start = (input: Buffer | PassThrough, facts: SenderFacts): Promise<Verification> =>
    authenticate(input, {
      ip: facts.ip,
      helo: facts.helo,
      sender: facts.mailFrom?.value ?? '',
      mta: config.hostname,
      minBitLength: KEY_BITS_MIN,
      resolver: resolve,
      disableBimi: true,
    }).then(
      (result: AuthenticateResult) => judge(result, facts),
      (error: unknown) => ({
        verified: false,
        how: `unknown: ${error instanceof Error ? error.message : String(error)}`,
      }),
    );
  const within = (result: Promise<Verification>): Promise<Verification> =>
    new Promise((settle) => {
      const how = `unknown: no answer within ${timeoutMs} ms`;
      const timer = clock.after(timeoutMs, () => settle({ verified: false, how }));
      void result.then((verification) => {
        timer.cancel();
        settle(verification);
      });
    });
  return {
    verify: (bytes, facts) => within(start(bytes, facts)),
    begin(facts) {
      const input = new PassThrough();
      const result = start(input, facts);
      // When the check has failed nobody reads any more; what still comes must not wait.
      void result.then(() => input.unpipe().resume());
      return {
        write: (chunk) => feed(input, chunk),
        end() {
          input.end();
          return within(result);
        },
      };
    },
  };
}

/** What came out, and whether it vouches for the envelope's sender. */
export function judge(result: AuthenticateResult, facts: SenderFacts): Verification {
  const spf = result.spf === false ? 'none' : (result.spf?.status.result ?? 'none');
  const dmarc = result.dmarc === false ? 'none' : (result.dmarc?.status.result ?? 'none');
  const arc = result.arc === false ? 'none' : (result.arc?.status.result ?? 'none');
  const signatures = result.dkim?.results ?? [];
  const signers = signatures
    .filter((signature) => signature.status.result === 'pass' && !signature.status.underSized)
    .map((signature) => signature.signingDomain.toLowerCase());
  const domain = facts.mailFrom?.domain;
  const vouched =
    domain === undefined
      ? dmarc === 'pass'
      : spf === 'pass' || signers.some((signer) => isSameOrParent(signer, domain));
  const dkim =
    signers.length > 0 ? `pass (${signers.join(', ')})` : (signatures[0]?.status.result ?? 'none');
  const how = `SPF ${spf}, DKIM ${dkim}, DMARC ${dmarc}${arc === 'none' ? '' : `, ARC ${arc}`}`;
  return { verified: vouched && dmarc !== 'fail', how };
}

function isSameOrParent(parent: string, domain: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`);
}

function makeResolve(config: {
  readonly dnsServers: readonly string[];
  readonly timeoutMs: number;
}) {
  const resolver = new Resolver({ timeout: config.timeoutMs, tries: 1 });
  if (config.dnsServers.length > 0) resolver.setServers(config.dnsServers);
  // The shape of the answer depends on the type of record; mailauth knows which it asked for.
  return (name: string, type: string) => resolver.resolve(name, type) as Promise<string[]>;
}

function feed(input: PassThrough, chunk: Uint8Array): Promise<void> | undefined {
  if (input.destroyed || input.write(chunk)) return undefined;
  return new Promise((resolve) => {
    const go = (): void => {
      input.off('drain', go).off('close', go);
      resolve();
    };
    input.on('drain', go).on('close', go);
  });
}
