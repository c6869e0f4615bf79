/**
 * The mails of the benchmarks: 2 KB each, all alike but for an identifier, so that the sink can
 * tell each one and compare it byte for byte with what was sent.
 */

/** Of a whole mail, head and body, line ends counted. */
export const MAIL_BYTES = 2048;

const MARK = 'X-Bench: ';
const HEAD = [
  'From: Load <load@bench.example>',
  'To: Sink <sink@bench.example>',
  'Subject: A message of the benchmark',
  'Date: Mon, 23 Nov 2026 12:00:00 +0000',
  'MIME-Version: 1.0',
  'Content-Type: text/plain; charset=us-ascii',
].join('\r\n');
const LINE = `${'All work and no play makes a dull switch. '.repeat(2).slice(0, 76)}\r\n`;

const LINES = LINE.repeat(Math.ceil(MAIL_BYTES / LINE.length));

/** The mail with this identifier; `id` is letters, digits, dashes and dots. */
export function mailWith(id: string): Buffer {
  const head = `${HEAD}\r\nMessage-ID: <${id}@bench.example>\r\n${MARK}${id}\r\n\r\n`;
  const cut = `${head}${LINES}`.slice(0, MAIL_BYTES - 2);
  // A cut inside a line end would leave half of it.
  const text = cut.replace(/[\r\n]+$/, (half) => '='.repeat(half.length));
  return Buffer.from(`${text}\r\n`, 'latin1');
}

/** The identifier in a mail as it arrived; undefined: there is none, or its bytes have changed. */
export function identify(content: Buffer): string | undefined {
  const at = content.indexOf(MARK, 0, 'latin1');
  if (at < 0) return undefined;
  const end = content.indexOf('\r\n', at, 'latin1');
  const id = content.toString('latin1', at + MARK.length, end);
  const below = content.subarray(-MAIL_BYTES);
  return below.equals(mailWith(id)) ? id : undefined;
}
