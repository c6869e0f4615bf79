/**
 * The practice device: a phone that exists on this page only, on the channel that offers one.
 *
 * Stages: say that it is shown, again after each new connection → take what comes → answer.
 * Invariants: every attempt is answered, a message stands on the phone once; a phone that is off
 * takes nothing, and the switch is told so; an answer that was cut off is sent again under its old
 * reference, so that it arrives once.
 */

import { computed, effect, signal } from '@preact/signals';
import { freshReference, now } from '../clock.js';
import { asFrame, type Frame, numberOf, textOf } from './frame-reader.js';
import { channelFrame, line, sendToChannel } from './live.js';
import { account, practice } from './session.js';

/** As much as a phone of this kind remembers. */
const KEPT_MAX = 30;

export interface PhoneMessage {
  readonly key: string;
  readonly mine: boolean;
  readonly who: string;
  readonly subject: string;
  readonly text: string;
  readonly at: number;
}

/** The phone of who is signed in: its name and its address on the channel. */
export const phone = computed(() => {
  for (const { id, name, endpoints } of account.value?.devices ?? []) {
    const endpoint = endpoints.find(({ address }) => address.channel === practice.value);
    if (endpoint !== undefined) return { id, name, address: endpoint.address.value };
  }
  return undefined;
});

/** The oldest first; a phone that is loaded anew still shows what it showed. */
export const phoneMessages = signal<readonly PhoneMessage[]>([]);
export const isPhoneOff = signal(false);

interface Waiting {
  readonly to: PhoneMessage;
  readonly text: string;
  settle(refusal: string | undefined): void;
}

/** Answers on their way to the switch, by their references. */
const waiting = new Map<string, Waiting>();

/** Where the browser keeps what the phone shows, for as long as the tab is open. */
const PLACE = 'practice-phone';

/** What it showed is for who was signed in, and nobody else. */
export function forgetPhone(): void {
  sessionStorage.removeItem(PLACE);
}

/** Begins to show the phone, for as long as the page is open. */
export function showPhone(): void {
  phoneMessages.value = keptMessages();
  channelFrame.listen(({ channel, frame }) => {
    if (channel === practice.value) take(channel, frame);
  });
  effect(() => {
    const [channel, shown] = [practice.value, phone.value?.address];
    if (line.value !== 'open' || channel === undefined || shown === undefined) return;
    sendToChannel(channel, { kind: 'show', device: shown });
    if (isPhoneOff.peek()) sendToChannel(channel, { kind: 'behave', offline: true });
  });
}

export function switchPhone(to: 'on' | 'off'): void {
  isPhoneOff.value = to === 'off';
  if (practice.value !== undefined) {
    sendToChannel(practice.value, { kind: 'behave', offline: isPhoneOff.value });
  }
}

/** Sends an answer, as often as the line needs; resolves to why it was refused, or undefined. */
export function answerFromPhone(to: PhoneMessage, text: string): Promise<string | undefined> {
  return new Promise((settle) => {
    const reference = freshReference();
    waiting.set(reference, { to, text, settle });
    sendAnswer(reference);
  });
}

function sendAnswer(reference: string): void {
  const answer = waiting.get(reference);
  if (answer === undefined || practice.value === undefined) return;
  const { to, text } = answer;
  const subject = /^re:/i.test(to.subject) || to.subject === '' ? to.subject : `Re: ${to.subject}`;
  const device = phone.value?.address;
  sendToChannel(practice.value, { kind: 'answer', to: to.key, text, subject, device, reference });
}

function take(channel: string, frame: unknown): void {
  const message = asFrame(frame, 'message');
  const sent = asFrame(frame, 'sent');
  const refused = asFrame(frame, 'refused');
  if (message !== undefined) takeMessage(channel, message);
  if (sent !== undefined) settled(textOf(sent, 'reference'), textOf(sent, 'id'));
  if (refused !== undefined) refusedBy(refused);
  if (asFrame(frame, 'shown') !== undefined) {
    for (const reference of waiting.keys()) sendAnswer(reference);
  }
}

function refusedBy(frame: Frame): void {
  const reference = textOf(frame, 'reference');
  waiting.get(reference)?.settle(textOf(frame, 'message'));
  waiting.delete(reference);
}

function takeMessage(channel: string, frame: Frame): void {
  if (isPhoneOff.value) return;
  sendToChannel(channel, { kind: 'took', attempt: textOf(frame, 'attempt') });
  const key = textOf(frame, 'key');
  if (phoneMessages.value.some((one) => one.key === key)) return;
  keep({
    key,
    mine: false,
    who: textOf(frame, 'from'),
    subject: textOf(frame, 'subject'),
    text: textOf(frame, 'text'),
    at: numberOf(frame, 'at') ?? now.value,
  });
}

function settled(reference: string, id: string): void {
  const answer = waiting.get(reference);
  if (answer === undefined) return;
  waiting.delete(reference);
  const { to, text } = answer;
  keep({ key: id, mine: true, who: to.who, subject: '', text, at: now.value });
  answer.settle(undefined);
}

function keep(message: PhoneMessage): void {
  phoneMessages.value = [...phoneMessages.value, message].slice(-KEPT_MAX);
  const kept = { kind: PLACE, account: account.value?.id, messages: phoneMessages.value };
  try {
    sessionStorage.setItem(PLACE, JSON.stringify(kept));
  } catch {
    // The browser keeps nothing: the phone is empty after a reload, and that is all.
  }
}

function keptMessages(): PhoneMessage[] {
  const kept = asFrame(JSON.parse(sessionStorage.getItem(PLACE) ?? 'null'), PLACE);
  const messages = kept?.['messages'];
  if (kept === undefined || textOf(kept, 'account') !== account.value?.id) return [];
  if (!Array.isArray(messages)) return [];
  return messages.filter(isPhoneMessage);
}

function isPhoneMessage(value: unknown): value is PhoneMessage {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Frame = { ...value };
  const texts = ['key', 'who', 'subject', 'text'].every((name) => typeof fields[name] === 'string');
  return texts && typeof fields['mine'] === 'boolean' && typeof fields['at'] === 'number';
}
