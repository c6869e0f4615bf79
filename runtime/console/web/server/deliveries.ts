/**
 * Deliveries to this page itself, on the messenger channel's own line: taken on every page, shown
 * by whatever lists messages, and announced when nobody looks.
 *
 * Invariants: every attempt is answered, also of a message that is here already; a message is
 * announced once.
 */

import { navigate } from '../router.js';
import { asFrame, textOf } from './frame-reader.js';
import { channelFrame, sendToChannel } from './live.js';
import { messenger } from './session.js';

/** Announced so far; the oldest are forgotten. */
const SEEN_MAX = 500;

/** Begins to take what comes. */
export function takeDeliveries(): void {
  const seen = new Set<string>();
  channelFrame.listen(({ channel, frame }) => {
    if (channel !== messenger.value) return;
    const delivery = asFrame(frame, 'deliver');
    if (delivery === undefined) return;
    sendToChannel(channel, { kind: 'took', attempt: textOf(delivery, 'attempt') });
    const key = textOf(delivery, 'key');
    if (seen.has(key)) return;
    seen.add(key);
    for (const old of seen) {
      if (seen.size <= SEEN_MAX) break;
      seen.delete(old);
    }
    announce(delivery, key);
  });
}

function announce(delivery: Readonly<Record<string, unknown>>, key: string): void {
  if (!document.hidden || !('Notification' in window)) return;
  if (Notification.permission !== 'granted') return;
  const from = textOf(delivery, 'from');
  try {
    const note = new Notification(from === '' ? 'A message' : `From ${from}`, {
      body: textOf(delivery, 'subject'),
      tag: key,
    });
    note.onclick = () => {
      window.focus();
      navigate('/messages');
      note.close();
    };
  } catch {
    // Some browsers announce only through a service worker; the message itself is on the page.
  }
}
