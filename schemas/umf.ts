/**
 * The Uniform Media Format (pp. 11, 15-16, 38): what every message becomes between the agent that
 * received it and the agents that deliver it. Its XML form is described by umf.xsd.
 * All text stays text: numbers in addresses, subjects and headers are never coerced.
 */

export interface Party {
  readonly channel: string;
  readonly address: string;
  readonly name?: string;
}

/** One part of a body. Exactly one of text, bytes and parts is present. */
export interface Part {
  /** Media type in lower case without parameters, e.g. `text/plain`, `multipart/mixed`. */
  readonly mediaType: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly disposition?: 'inline' | 'attachment';
  readonly filename?: string;
  readonly contentId?: string;
  readonly text?: string;
  readonly bytes?: Uint8Array;
  readonly parts?: readonly Part[];
}

export type Priority = 'low' | 'normal' | 'high' | 'urgent';
export type SecurityLevel = 'open' | 'normal' | 'confidential' | 'secret';

export interface Alert {
  readonly visual?: string;
  readonly audible?: string;
}

export interface Conversation {
  /** Names the conversation on its channel (for mail the Message-ID of its first message). */
  readonly id: string;
  /** The sender's own identifier of this message (for mail its Message-ID). */
  readonly message?: string;
  readonly inReplyTo?: string;
  readonly references?: readonly string[];
}

/** Everything protocol-specific which the salient features do not hold, in its order. */
export interface AgentSection {
  readonly channel: string;
  readonly fields: readonly { readonly name: string; readonly value: string }[];
}

/** The outcome of another message, told to its sender (RFC 3464 where the channel is mail). */
export interface Report {
  readonly of: string;
  readonly originalEnvelopeId?: string;
  readonly recipients: readonly {
    readonly address: Party;
    readonly originalRecipient?: string;
    readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';
    readonly status: string;
    readonly diagnostic: string;
    readonly remote?: string;
  }[];
}

export interface Umf {
  readonly uid: string;
  readonly from?: Party;
  readonly to: readonly Party[];
  readonly subject?: string;
  readonly body: Part;
  readonly alert?: Alert;
  readonly priority: Priority;
  readonly securityLevel: SecurityLevel;
  readonly conversation?: Conversation;
  /** Milliseconds since the epoch, as are all times; in XML they are xs:dateTime in UTC. */
  readonly sentAt?: number;
  readonly desiredTime?: number;
  readonly expiry?: number;
  readonly carrier?: string;
  readonly agent?: AgentSection;
  readonly report?: Report;
}
