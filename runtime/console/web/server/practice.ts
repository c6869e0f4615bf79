/**
 * The practice device: a phone that exists on this page only, on the channel that offers one.
 *
 * Stages: say that it is shown, again after each new connection → take what comes → answer.
 * Invariants: every attempt is answered, a message stands on the phone once; a phone that is off
 * takes nothing, and the switch is told so.
 */

import { computed, effect, signal } from '@preact/signals';
import { now } from '../clock.js';
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

/** The oldest first. */
export const phoneMessages = signal<readonly PhoneMessage[]>([]);
export const isPhoneOff = signal(false);

interface Waiting {
  readonly to: PhoneMessage;
  readonly text: string;
  settle(refusal: string | undefined): void;
}

/** Answers on their way to the switch, in the order in which they were sent. */
const waiting: Waiting[] = [];

/** Begins to show the phone, for as long as the page is open. */
export function showPhone(): void {
  channelFrame.listen(({ channel, frame }) => {
    if (channel === practice.value) take(channel, frame);
  });
  effect(() => {
    const [channel, shown] = [practice.value, phone.value?.address];
    if (line.value !== 'open' || channel === undefined || shown === undefined) return;
    sendToChannel(channel, { kind: 'show', device: shown });
    if (isPhoneOff.peek()) sendToChannel(channel, { kind: 'behave', offline: true });
  });
  effect(() => {
    if (line.value !== 'lost') return;
    for (const answer of waiting.splice(0)) {
      answer.settle('The line was cut before the switch said that it has it. Send it again.');
    }
  });
}

export function switchPhone(to: 'on' | 'off'): void {
  isPhoneOff.value = to === 'off';
  if (practice.value !== undefined) {
    sendToChannel(practice.value, { kind: 'behave', offline: isPhoneOff.value });
  }
}

/** Sends an answer; resolves to why it was refused, or undefined. */
export function answerFromPhone(to: PhoneMessage, text: string): Promise<string | undefined> {
  const channel = practice.value;
  const sent =
    channel !== undefined && sendToChannel(channel, { kind: 'answer', to: to.key, text });
  if (!sent) return Promise.resolve('The switch cannot be heard. Send it again in a moment.');
  return new Promise((settle) => waiting.push({ to, text, settle }));
}

function take(channel: string, frame: unknown): void {
  const message = asFrame(frame, 'message');
  const sent = asFrame(frame, 'sent');
  const refused = asFrame(frame, 'refused');
  if (message !== undefined) takeMessage(channel, message);
  if (sent !== undefined) settled(textOf(sent, 'id'));
  if (refused !== undefined) waiting.shift()?.settle(textOf(refused, 'message'));
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

function settled(id: string): void {
  const answer = waiting.shift();
  if (answer === undefined) return;
  const { to, text } = answer;
  keep({ key: id, mine: true, who: to.who, subject: '', text, at: now.value });
  answer.settle(undefined);
}

function keep(message: PhoneMessage): void {
  phoneMessages.value = [...phoneMessages.value, message].slice(-KEPT_MAX);
}
