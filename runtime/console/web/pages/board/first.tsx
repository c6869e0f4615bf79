/** Before the first message: how to send one, and what will be seen. */

import { Copied } from '../../parts/copied.js';
import { Link } from '../../router.js';
import { phone } from '../../server/practice.js';
import { me } from '../../server/session.js';

export function First() {
  const invitation = me.value?.demo?.invitation;
  const where = phone.value === undefined ? 'in this page' : 'in this page and on the phone';
  return (
    <section class="card stack" aria-label="A first message">
      {invitation === undefined ? (
        <p>
          Nothing has come yet. <Link to="/messages">Write a message</Link>, or wait for one: it
          appears here by itself.
        </p>
      ) : (
        <>
          <p>
            Paste this line into a terminal on this computer. The message runs over the board and
            appears {where}, in less than a second; answer it and watch the answer run home.
          </p>
          <Copied text={invitation} label="Copy the line that sends a first message" />
        </>
      )}
    </section>
  );
}
