/**
 * The contract of a channel (law 11): a folder under channels/ and one line in channels/index.ts.
 *
 * At most five functions: address, receive, deliver, read, write. A channel without `receive` only
 * delivers, one without `deliver` only receives.
 */

import type { TSchema } from 'typebox';
import type { Address } from '../schemas/address.js';
import type { Delivery, DeliveryPolicy, FormattedCopy, Outcome } from '../schemas/delivery.js';
import type { MessageInput } from '../schemas/message.js';
import type { Umf } from '../schemas/umf.js';
import type { DeliverContext, Failure, ReceiveContext } from './machinery.js';

export interface Receiver {
  /** Where it listens, "127.0.0.1:2525"; undefined when it listens nowhere. */
  readonly address: string | undefined;
  /** Takes no new work, ends what runs, closes. */
  stop(): Promise<void>;
}

/** One attempt, as the deliverer sees it. */
export interface DeliveryJob {
  readonly message: MessageInput;
  readonly delivery: Delivery;
  readonly attempt: string;
  /** Earlier attempts may have arrived. */
  readonly possibleDuplicate: boolean;
  /** The submission's raw bytes and the channel whose format they have; undefined: only UMF. */
  raw(): Promise<{ readonly channel: string; readonly bytes: Uint8Array } | undefined>;
  umf(): Promise<Umf>;
  /** The content as this channel writes it for the delivery's address; large ones cost a thread. */
  written(): Promise<Uint8Array>;
  /**
   * Records that the next byte makes the peer responsible (law 5), with the protocol-formatted
   * copy (E4), after checking the address once more (law 7). False: send nothing, return any
   * outcome: somebody else has the delivery, or the address is gone.
   */
  bytesSent(copy: FormattedCopy): Promise<boolean>;
}

export interface Deliverer {
  /** Deliveries at once in one worker, and of one lane: what the core hands it at the most. */
  readonly limits: { readonly capacity: number; readonly perLane: number };
  /** Never rejects for what a peer does: that is an outcome. */
  deliver(job: DeliveryJob): Promise<Outcome>;
  /** The destination that shares fate and limits with others: a lane of its own. */
  lane(address: Address): string;
  /** Why a lane is paused, and until when; undefined: it is not. */
  paused(lane: string): { readonly until: number; readonly reason: string } | undefined;
  stop(): Promise<void>;
}

/** Facts about a channel that core may ask without knowing its name. */
export interface ChannelFacts {
  /** What the channel's documentation says a success is; the operator's policy may differ. */
  readonly policy: DeliveryPolicy;
  /** This channel keeps messages for subscribers: each account gets an endpoint of last resort. */
  readonly keeps: boolean;
  /** The address that opening an account gives (C1): `{name}` and `{domain}` are replaced. */
  readonly accountAddress?: string;
  /** How a person sends a first message in, for the banner; `{listen}` and `{to}` are replaced. */
  readonly invitation?: {
    /** What people call it: "mail". */
    readonly label: string;
    readonly url: string;
    readonly command: readonly string[];
  };
}

/** What `patchboard setup` and `doctor` need of a channel to lead it into the world. */
export interface ChannelSetup {
  readonly questions: readonly {
    readonly name: string;
    readonly text: string;
    /** `{domain}` is replaced. */
    readonly answer: string;
  }[];
  /** Its section of patchboard.yaml, from the answers; `keyFile` holds a fresh RSA key. */
  section(given: SetupAnswers): Readonly<Record<string, unknown>>;
  /** What the domain's DNS must say. */
  records(given: SetupAnswers): readonly DnsRecord[];
  /** The same for a switch that is set up, as far as its settings tell. */
  expected(config: unknown, domain: string): readonly DnsRecord[];
}

export interface SetupAnswers {
  readonly domain: string;
  readonly answers: Readonly<Record<string, string>>;
  readonly keyFile: string;
  /** The public half, DER in base64. */
  readonly publicKey: string;
}

export interface DnsRecord {
  readonly name: string;
  readonly type: 'MX' | 'TXT';
  readonly value: string;
  /** What an answer must contain to count as right. */
  readonly contains: string;
}

export interface Channel<Config = unknown> {
  readonly name: string;
  /** One sentence for people. */
  readonly description: string;
  readonly facts: ChannelFacts;
  /** Its part of patchboard.yaml, under its name; every setting has a default. */
  readonly config: TSchema;
  readonly setup?: ChannelSetup;
  /** Checks an address and puts it into its normal form. */
  address(text: string): { readonly ok: true; readonly address: Address } | Failure;
  receive?(context: ReceiveContext<Config>): Promise<Receiver>;
  deliver?(context: DeliverContext<Config>): Deliverer;
  /** Wire → UMF. What cannot be parsed becomes a UMF with the raw bytes as its only part. */
  read(bytes: Uint8Array, uid: string): Promise<Umf>;
  /** UMF → wire; `address` is the endpoint it is fitted for. */
  write(umf: Umf, address: Address): Promise<Uint8Array>;
}
