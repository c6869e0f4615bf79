/** An address on a channel. The channel that owns it has put `value` into its normal form. */
export interface Address {
  /** Name of a registered channel. */
  readonly channel: string;
  readonly value: string;
}

export function addressKey(address: Address): string {
  return `address/${address.channel}/${address.value}`;
}

/** Who gets a message: a subscriber, or somebody outside, tracked without an account (A13). */
export type Recipient =
  | { readonly kind: 'subscriber'; readonly account: string; readonly via: Address }
  | { readonly kind: 'outside'; readonly via: Address };
