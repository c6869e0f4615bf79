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
import type {
  DeliverContext,
  DoorAnswer,
  DoorRequest,
  Failure,
  ReceiveContext,
} from './machinery.js';

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
  /**
   * Why a delivery there cannot reach this account now, on a channel that stores nothing for the
   * absent; such an endpoint is passed over when a message is routed. Undefined: try.
   */
  absent?(address: Address, account: string): string | undefined;
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
  /** Each account has a device of this name with its own address here, first in its profile. */
  readonly device?: string;
  /**
   * The channel has a line of its own to signed-in pages: `messenger` takes what is written in
   * the console, `practice` shows devices on the page itself. A device there is a page, or what a
   * page's own browser gave: it needs no code to show that it is its subscriber's.
   */
  readonly page?: 'messenger' | 'practice';
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

/**
 * The other side of a channel's wire (peer.ts): a tiny source and sink, for tests and load only.
 * A channel's folder exports it as `peer`; the crash matrix, the simulation and the load tools
 * find it there, so that a new channel is in all of them without a line.
 */
export interface ChannelPeer {
  /** Settings that bring deliveries to this peer, by their dotted names. */
  settings(place: { readonly port: number }): Readonly<Record<string, string>>;
  open(world: PeerWorld): Promise<OpenPeer>;
  /** How pages of this channel behave, for a simulation whose door has no sockets. */
  readonly page?: PagePeer;
}

/** A page of a channel that speaks through the door only, reduced to what it answers and asks. */
export interface PagePeer {
  /** What it says as soon as its line is open, to be given what goes to this device. */
  opens?(device: string): readonly unknown[];
  /** What it answers to a frame once it shows the message in it; undefined: it shows none. */
  answer(frame: unknown): unknown;
  /** How it sends a message over its line, and what a frame tells of that; absent: it does not. */
  says?(sending: PeerSending): unknown;
  told?(
    frame: unknown,
  ): { readonly reference: string; readonly id: string | undefined } | undefined;
  /** How it sends a message by a request; absent: it does not. */
  request?(sending: PeerSending): Pick<DoorRequest, 'method' | 'path' | 'contentType'> & {
    readonly body: string;
  };
  /** The submission's identifier in the answer to that; undefined: it was not taken. */
  submitted?(answer: DoorAnswer): string | undefined;
}

/** How a peer reaches the switch: by the network, or in a simulation by the ports themselves. */
export interface PeerWorld {
  /** Where the channel listens, and where the web door is; they change with each start. */
  address(of: 'channel' | 'door'): Promise<string>;
  /** A cookie that signs this subscriber in at the web door. */
  signIn(name: string): Promise<string>;
}

export interface PeerSending {
  /** A subscriber's name. */
  readonly from: string;
  /** An address on the channel, or what a person would write. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The source's own identifier: the same twice is one message (law 13). */
  readonly reference: string;
}

export interface OpenPeer {
  /** The port that `settings` needs; 0: the peer listens nowhere. */
  readonly port: number;
  /** The channel's address of this person's device, as the peer shows it. */
  deviceOf(name: string): string;
  /** Puts the device in place: connects, signs in. Again after each start of the switch. */
  attach(name: string): Promise<void>;
  /** One try; the submission's identifier, or undefined when the line is dead. */
  send(sending: PeerSending): Promise<string | undefined>;
  /** What has arrived, oldest first: the subject, and the device's address. */
  arrivals(): readonly { readonly subject: string; readonly address: string }[];
  close(): Promise<void>;
}
