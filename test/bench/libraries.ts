/**
 * The same two libraries alone, without a store: smtp-server takes a mail into memory and answers,
 * nodemailer's connections, as many as there are sessions, pass it on. A process of its own; says
 * its port over IPC.
 *
 * What it is for: the difference to the switch is what a durable store, machine and tracker cost.
 */

import type { AddressInfo } from 'node:net';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { SMTPServer } from 'smtp-server';

interface Waiting {
  readonly from: string;
  readonly to: readonly string[];
  readonly content: Buffer;
}

const [nextHop = '', sessions = ''] = process.argv.slice(2);
const waiting: Waiting[] = [];
const idle: SMTPConnection[] = [];
let open = 0;

function passOn(): void {
  while (waiting.length > 0) {
    const connection = idle.pop();
    if (connection !== undefined) {
      const mail = waiting.shift();
      if (mail !== undefined) sendOver(connection, mail);
    } else if (open < Number(sessions)) openOne();
    else return;
  }
}

function openOne(): void {
  open += 1;
  const connection = new SMTPConnection({ host: '127.0.0.1', port: Number(nextHop) });
  connection.on('error', (error) => {
    throw error;
  });
  connection.connect(() => {
    idle.push(connection);
    passOn();
  });
}

function sendOver(connection: SMTPConnection, mail: Waiting): void {
  connection.send({ from: mail.from, to: [...mail.to] }, mail.content, (error) => {
    if (error) throw error;
    idle.push(connection);
    passOn();
  });
}

const server = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  disableReverseLookup: true,
  logger: false,
  onData(stream, session, done) {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const { mailFrom, rcptTo } = session.envelope;
      const from = mailFrom === false ? '' : mailFrom.address;
      waiting.push({ from, to: rcptTo.map((one) => one.address), content: Buffer.concat(chunks) });
      done(null, 'Ok: taken into memory');
      passOn();
    });
  },
});
server.on('error', () => {});
server.listen(0, '127.0.0.1', () => {
  process.send?.((server.server.address() as AddressInfo).port);
});
process.on('disconnect', () => process.exit(0));
