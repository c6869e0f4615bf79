/**
 * Real mail programs as senders: what each of them really put on the wire arrives unchanged at the
 * next hop (Debian's smtp-sink), below the switch's own lines.
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Service } from '../../scripts/services.js';
import { writeAttachments } from '../harness/attachments.js';
import { temporaryFolder } from '../harness/files.js';
import { assertUnchanged, layOutRoute, type MailRoute, PHONE } from '../harness/mail-route.js';
import { startSink } from '../harness/mail-servers.js';
import { type Ran, run } from '../harness/program.js';
import { serviceFor } from '../harness/services.js';

const TIMEOUT = { timeout: 120_000 };
const SENDER = 'you@example.org';
const FRIEND = 'friend@example.net';

interface Errand {
  readonly t: TestContext;
  readonly route: MailRoute;
  readonly folder: string;
  readonly attachments: readonly string[];
}

/** Runs a client once and compares what it sent with what arrived. */
async function deliver(errand: Errand, expected: string, client: () => Promise<Ran>) {
  const { sent, arrived } = errand.route;
  const before = { sent: sent.recorded.length, arrived: arrived.recorded.length };
  const ran = await client();
  assert.equal(ran.code, 0, `${ran.stdout}${ran.stderr}`);
  const was = (await sent.count(before.sent + 1))[before.sent];
  const is = (await arrived.count(before.arrived + 1))[before.arrived];
  assert.ok(was !== undefined && is !== undefined);
  assert.match(was.reply, /^250 2\.0\.0 Ok: queued as [0-9a-hjkmnp-tv-z]{16}$/);
  assert.deepEqual(is.recipients, [expected]);
  assertUnchanged(was, is);
  return was.content;
}

async function withSwaks(errand: Errand, { programs }: Service<'swaks'>): Promise<void> {
  const { route, attachments } = errand;
  const server = ['--server', route.entry, '--hide-all'];
  const attached = attachments.flatMap((path) => ['--attach', `@${path}`]);
  await deliver(errand, PHONE, () =>
    run(programs.swaks, [...server, '--from', SENDER, '--to', route.demo.address, ...attached]),
  );
  const { address, name, password } = route.demo;
  const login = ['--auth', 'PLAIN', '--auth-user', name, '--auth-password', password];
  await deliver(errand, FRIEND, () =>
    run(programs.swaks, [...server, ...login, '--from', address, '--to', FRIEND, '--pipeline']),
  );
}

async function withCurl(errand: Errand, { programs }: Service<'curl'>): Promise<void> {
  const { route, attachments } = errand;
  const url = `smtp://${route.entry}`;
  const envelope = ['--mail-from', SENDER, '--mail-rcpt', route.demo.address];
  const printed = ['-sS', url, ...envelope, '-H', 'Subject: Hello', '-F', '=Anybody there?'];
  await deliver(errand, PHONE, () => run(programs.curl, printed));
  const files = attachments.flatMap((path) => ['-F', `file=@${path};encoder=base64`]);
  const form = ['-H', 'Subject: Many', '-F', '=See below;encoder=quoted-printable', ...files];
  await deliver(errand, PHONE, () => run(programs.curl, ['-sS', url, ...envelope, ...form]));
  const { address, name, password } = route.demo;
  const login = ['--user', `${name}:${password}`, '--login-options', 'AUTH=LOGIN'];
  const relay = ['--mail-from', address, '--mail-rcpt', FRIEND, '-H', 'Subject: Out', '-F', '=.'];
  await deliver(errand, FRIEND, () => run(programs.curl, ['-sS', url, ...login, ...relay]));
}

async function withMutt(errand: Errand, { programs }: Service<'mutt'>): Promise<void> {
  const { route, folder, attachments } = errand;
  const settings = [
    `set smtp_url="smtp://${route.entry}/"`,
    `set from="${SENDER}"`,
    'set realname="Yöu"',
    'set use_envelope_from=yes',
    'set ssl_starttls=no',
    'set ssl_force_tls=no',
    'set copy=no',
    'set send_charset="us-ascii:utf-8"',
    'set allow_8bit=yes',
  ];
  const file = join(folder, 'muttrc');
  writeFileSync(file, `${settings.join('\n')}\n`);
  const flags = ['-n', '-F', file, '-s', 'Grüße', '-a', ...attachments, '--'];
  const environment = { HOME: folder, LC_ALL: 'C.UTF-8' };
  const input = 'Grüße vom Dachboden\n.\n..\nFrom here on quoted\n';
  const content = await deliver(errand, PHONE, () =>
    run(programs.mutt, [...flags, route.demo.address], { environment, input }),
  );
  assert.ok(content.includes('vom Dachboden'));
}

const PYTHON = `
import mimetypes, os, smtplib, sys
from email.message import EmailMessage
from email.policy import SMTP
host, port, sender, recipient, name, password, *paths = sys.argv[1:]
mail = EmailMessage(policy=SMTP)
mail['From'], mail['To'], mail['Subject'] = sender, recipient, 'Gr\\u00fc\\u00dfe'
mail['Message-ID'] = '<python@ledger.invalid>'
mail.set_content('Text with a dot\\n.\\n..\\n')
mail.add_alternative('<p>Text \\u00fc</p><img src="cid:inline">', subtype='html')
with open(paths[0], 'rb') as picture:
    mail.get_payload()[1].add_related(picture.read(), 'image', 'png', cid='<inline>')
for path in paths:
    kind = (mimetypes.guess_type(path)[0] or 'application/octet-stream').split('/')
    if kind[0] == 'message': kind = ['application', 'octet-stream']
    with open(path, 'rb') as file:
        mail.add_attachment(file.read(), *kind, filename='gr\\u00fcn ' + os.path.basename(path))
with smtplib.SMTP(host, int(port)) as server:
    if name: server.login(name, password)
    server.send_message(mail)
    raw = b'Subject: 8 bits \\xe4\\xf6\\xfc\\r\\n\\r\\nlatin1 \\xe4\\xf6\\xfc\\r\\n'
    raw += b'x' * 998 + b'\\r\\n'
    server.sendmail(sender, [recipient], raw, mail_options=['BODY=8BITMIME'])
`;

async function withPython(errand: Errand, { programs }: Service<'python3'>): Promise<void> {
  const { route, attachments } = errand;
  const { sent, arrived, demo } = route;
  for (const [sender, recipient, name, password, expected] of [
    [SENDER, demo.address, '', '', PHONE],
    [demo.address, FRIEND, demo.name, demo.password, FRIEND],
  ] as const) {
    const before = { sent: sent.recorded.length, arrived: arrived.recorded.length };
    const args = ['-c', PYTHON, '127.0.0.1', route.port, sender, recipient, name, password];
    const ran = await run(programs.python3, [...args, ...attachments]);
    assert.equal(ran.code, 0, ran.stderr);
    const was = (await sent.count(before.sent + 2)).slice(before.sent);
    const is = [...(await arrived.count(before.arrived + 2))].slice(before.arrived);
    // The two go out side by side: the larger one is told by its size.
    is.sort((a, b) => b.content.length - a.content.length);
    for (const [index, one] of was.entries()) {
      const other = is[index];
      assert.ok(other !== undefined);
      assert.deepEqual(other.recipients, [expected]);
      assertUnchanged(one, other);
    }
  }
}

test('what mail programs send arrives byte for byte at a smtp-sink', TIMEOUT, async (t) => {
  const postfix = await serviceFor(t, 'postfix');
  if (postfix === undefined) return;
  const route = await layOutRoute(t, { nextHop: await startSink(t, postfix) });
  const folder = temporaryFolder(t);
  const errand = { t, route, folder, attachments: writeAttachments(folder) };
  await t.test('swaks, also signed in', async (part) => {
    const service = await serviceFor(part, 'swaks');
    if (service !== undefined) await withSwaks(errand, service);
  });
  await t.test('curl, as the start screen prints it, with files, and signed in', async (part) => {
    const service = await serviceFor(part, 'curl');
    if (service !== undefined) await withCurl(errand, service);
  });
  await t.test('mutt', async (part) => {
    const service = await serviceFor(part, 'mutt');
    if (service !== undefined) await withMutt(errand, service);
  });
  await t.test('smtplib, with 8-bit content, also signed in', async (part) => {
    const service = await serviceFor(part, 'python3');
    if (service !== undefined) await withPython(errand, service);
  });
});
