/** Every limit of the web door. Tests give smaller ones. */

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;

export interface GatewayLimits {
  /** Connections that carry HTTP; one more, and the one that has been idle longest goes. */
  readonly connections: number;
  /** Requests of one connection that were not answered yet; one more, and it is cut. */
  readonly unansweredPerConnection: number;
  /** A request's head must be complete by then; so must a connection's first one. */
  readonly headMs: number;
  /** A whole request with its body. */
  readonly requestMs: number;
  /** A connection between two requests. */
  readonly idleMs: number;
  /** A connection on which nothing moves although a request is under way. */
  readonly stalledMs: number;
  readonly headBytes: number;
  /** Requests that are being worked at: in all, and of one account. */
  readonly requests: number;
  readonly requestsPerAccount: number;
  /** Requests of people not signed in whose bodies are awaited; one more, and the oldest goes. */
  readonly strangersBodies: number;
  /** Bytes of requests' bodies in memory: in all, and of one account or of all strangers. */
  readonly bodyBytes: number;
  readonly bodyBytesPerAccount: number;
  readonly loginBodyBytes: number;
  readonly callBodyBytes: number;
  /** Of the few calls that carry a text. */
  readonly largeCallBodyBytes: number;
  /** A channel may ask for less, not for more. */
  readonly doorBodyBytes: number;
  /** Live lines: in all, and of one account, whose oldest one then goes. */
  readonly lines: number;
  readonly linesPerAccount: number;
  readonly frameBytes: number;
  /** Not yet taken by the page. */
  readonly backlogBytes: number;
  /** Frames of one page: so many at once, and a second; its answers to channels come on top. */
  readonly framesAtOnce: number;
  readonly framesPerSecond: number;
  /** A page that has not answered the last ping by the next one is gone. */
  readonly pingMs: number;
  /** How often a line's session is looked up again. */
  readonly sessionCheckMs: number;
  /** How long a stop waits for requests under way. */
  readonly drainMs: number;
}

export const GATEWAY_LIMITS: GatewayLimits = {
  connections: 4096,
  unansweredPerConnection: 16,
  headMs: 10 * SECOND_MS,
  requestMs: 60 * SECOND_MS,
  idleMs: 30 * SECOND_MS,
  stalledMs: 120 * SECOND_MS,
  headBytes: 16 * KIB,
  requests: 1024,
  requestsPerAccount: 32,
  strangersBodies: 512,
  bodyBytes: 256 * MIB,
  bodyBytesPerAccount: 64 * MIB,
  loginBodyBytes: 8 * KIB,
  callBodyBytes: 256 * KIB,
  largeCallBodyBytes: 8 * MIB,
  doorBodyBytes: 64 * MIB,
  lines: 10_000,
  linesPerAccount: 32,
  frameBytes: 256 * KIB,
  backlogBytes: 4 * MIB,
  framesAtOnce: 200,
  framesPerSecond: 50,
  pingMs: 30 * SECOND_MS,
  sessionCheckMs: 5 * 60 * SECOND_MS,
  drainMs: 5 * SECOND_MS,
};
