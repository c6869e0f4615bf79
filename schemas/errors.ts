/**
 * Every error an operator, a subscriber or a program can meet: code → what happened. The text
 * beside the code says what happened, to what, and what to do; tests hold the table and its users
 * together.
 */

export const ERRORS = {
  ADDRESS_SYNTAX: 'The address is not written as its channel demands.',
  ADDRESS_TAKEN: 'The address belongs to another account.',
  ACCOUNT_UNKNOWN: 'There is no such account.',
  ACCOUNT_EXISTS: 'An account of this name exists.',
  ACCOUNT_INVALID: 'A value given for the account is missing, too long or not allowed.',
  ACCOUNT_LIMIT: 'The account has as many of these as it may have; remove one first.',
  ADDRESS_UNKNOWN: 'The account has no such address.',
  ACCOUNT_CHANGED: 'The account was changed by somebody else meanwhile; try again.',
  DEVICE_UNKNOWN: 'The account has no such device.',
  CODE_WRONG: 'The code is not the one that was sent to the device.',
  CODE_EXPIRED:
    'The code does not count any more: its time or its tries are over; ask for another.',
  CODE_RATE: 'So many codes have been sent for the account or the address that it must wait.',
  PROFILE_UNKNOWN: 'The account has no such profile.',
  CHANNEL_UNKNOWN: 'There is no such channel.',
  CONFIG_INVALID: 'A setting is unknown or has a wrong value.',
  MESSAGE_UNKNOWN: 'There is no such message.',
  MESSAGE_STATE: 'The message is not in a state in which this can be done.',
  SIGN_IN_FAILED: 'Name or password is wrong.',
  SIGN_IN_RATE: 'Too many failed sign-ins from there; wait.',
  SIGN_IN_NEEDED: 'Nobody is signed in, or the session has ended.',
  CALL_INVALID: 'What was asked for cannot be understood.',
  NOT_ALLOWED: 'The account does not have the right to do this.',
  STORE_UNAVAILABLE: 'The store cannot be written or read right now.',
  STORE_FULL: 'The disk has reached the reserve; nothing is accepted until space is made.',
  SUBMISSION_INVALID: 'The submission breaks a limit or has no recipient.',
  STOPPING: 'The switch is stopping.',
  XML_INVALID: 'The XML is not well-formed, has a DOCTYPE, or breaks the schema or a limit.',
} as const;

export type ErrorCode = keyof typeof ERRORS;
