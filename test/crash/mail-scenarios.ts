/** The fixed load of mail: each scenario is one way of it through the switch. */

import assert from 'node:assert/strict';
import { messageKey } from '../../schemas/identifier.js';
import { type Mail, MailWorld, phoneOf, SENDER } from './mail-world.js';
import type { Round as AnyRound, Scenario as AnyScenario, Load } from './scenario.js';
import { addressOf } from './subscribers.js';
import type { Expected } from './world.js';

type Round = AnyRound<MailWorld>;
type Scenario = AnyScenario<MailWorld>;

const LARGE_BYTES = 100_000;
const LINE = `${'x'.repeat(76)}\r\n`;

function mail(token: string, names: readonly string[], size = 0): Mail {
  const head = `From: ${SENDER}\r\nTo: ${names.join(', ')}\r\nMessage-ID: <${token}>\r\n`;
  const body = size === 0 ? 'Anybody there?\r\n' : LINE.repeat(size / LINE.length);
  const bytes = Buffer.from(`${head}Subject: ${token}\r\n\r\n${body}`);
  return { token, to: names.map(addressOf), bytes };
}

/** What becomes of a mail that a subscriber's phone takes. */
function arrives(token: string, name: string): Expected {
  return { token, to: addressOf(name), state: 'confirmed', at: phoneOf(name) };
}

async function sendAndDrain({ world }: Round, sent: Mail): Promise<string> {
  const id = await world.send(sent);
  await world.drain();
  return id;
}

const plain: Scenario = {
  name: 'a plain mail',
  async run(round) {
    const token = `${round.name}@plain`;
    await sendAndDrain(round, mail(token, ['plain']));
    return [arrives(token, 'plain')];
  },
};

const fanOut: Scenario = {
  name: 'a mail for several recipients',
  async run(round) {
    const token = `${round.name}@several`;
    await sendAndDrain(round, mail(token, ['plain', 'other', 'kept']));
    const kept = { token, to: addressOf('kept'), state: 'confirmed' };
    return [arrives(token, 'plain'), arrives(token, 'other'), kept];
  },
};

const refused: Scenario = {
  name: 'a refused mail, its report and its notice',
  async run(round) {
    const token = `${round.name}@refused`;
    await sendAndDrain(round, mail(token, ['refused']));
    return [
      { token, to: addressOf('refused'), state: 'failed.dead' },
      { token: 'report:msg/', to: SENDER, state: 'confirmed', at: SENDER },
      { token: 'deadNotice:msg/', to: addressOf('operator'), state: 'confirmed' },
    ];
  },
};

const retried: Scenario = {
  name: 'a mail that is tried again',
  async run(round) {
    const token = `${round.name}@retried`;
    round.world.refuseOnce(phoneOf('retried'));
    await sendAndDrain(round, mail(token, ['retried']));
    return [arrives(token, 'retried')];
  },
};

const large: Scenario = {
  name: 'a mail larger than one write',
  async run(round) {
    const token = `${round.name}@large`;
    await sendAndDrain(round, mail(token, ['plain'], LARGE_BYTES));
    return [arrives(token, 'plain')];
  },
};

const held: Scenario = {
  name: 'a held mail that is released',
  async run(round) {
    const token = `${round.name}@held`;
    const id = await sendAndDrain(round, mail(token, ['held']));
    const key = messageKey(id, 0);
    await round.world.persist((child) => child.ask({ do: 'release', key }));
    await round.world.drain();
    return [{ ...arrives(token, 'held'), told: 'release of' }];
  },
};

const bounced: Scenario = {
  name: 'a bounce that comes late',
  async run(round) {
    const { world } = round;
    const token = `${round.name}@bounced`;
    await sendAndDrain(round, mail(token, ['plain']));
    const to = world.returnPathOf(token);
    assert.match(to, /^bounce\+/);
    const bytes = Buffer.from(BOUNCE.replaceAll('TOKEN', token).replaceAll('\n', '\r\n'));
    const report = { token: `${round.name}@report`, from: '', to: [to], bytes };
    await world.send(report);
    await world.drain();
    return [{ ...arrives(token, 'plain'), told: 'bounce.' }];
  },
};

/** RFC 3464. */
const BOUNCE = `From: <mailer-daemon@phones.example>
Message-ID: <bounce.TOKEN>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Nobody here.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; phones.example

Final-Recipient: rfc822; plain@phones.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 Nobody here

--b--
`;

const both: Scenario = {
  name: 'inbox and mail together',
  async run(round) {
    const token = `${round.name}@both`;
    await sendAndDrain(round, mail(token, ['both']));
    return [arrives(token, 'both')];
  },
};

const purged: Scenario = {
  name: 'removal of what is over',
  async run(round) {
    const token = `${round.name}@purged`;
    await sendAndDrain(round, mail(token, ['plain'], LARGE_BYTES));
    await round.balance([arrives(token, 'plain')]);
    await round.world.persist((child) => child.ask({ do: 'purge' }));
    assert.equal(await round.stored(), 0);
    round.world.closeBooks();
    return [];
  },
};

const stopped: Scenario = {
  name: 'a stop',
  stops: true,
  async run(round) {
    const token = `${round.name}@stopped`;
    await sendAndDrain(round, mail(token, ['plain']));
    await round.world.stop();
    await round.world.drain();
    return [arrives(token, 'plain')];
  },
};

const recovered: Scenario = {
  name: 'recovery after a kill',
  startsDeadly: true,
  async run({ world, name, deadly }) {
    const token = `${name}@recovered`;
    const dots = world.holdDots(2);
    await world.send(mail(token, ['plain', 'other', 'kept']));
    await dots;
    await world.kill();
    world.answerDots();
    await world.alive(deadly);
    await world.drain();
    const kept = { token, to: addressOf('kept'), state: 'confirmed' };
    return [arrives(token, 'plain'), arrives(token, 'other'), kept];
  },
};

const SCENARIOS: readonly Scenario[] = [
  plain,
  fanOut,
  refused,
  retried,
  large,
  held,
  bounced,
  both,
  purged,
  stopped,
  recovered,
];

export const MAIL_LOAD: Load<MailWorld> = { open: MailWorld.open, scenarios: SCENARIOS };
