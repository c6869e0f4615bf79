/**
 * A tiny DNS server on loopback (RFC 1035) for tests: it knows the TXT, A and MX records it was
 * given, says NXDOMAIN for the rest, and can be told to stay silent.
 */

import dgram from 'node:dgram';

export type DnsRecord = string | { readonly preference: number; readonly exchange: string };
export type Records = Readonly<Record<string, DnsRecord | readonly DnsRecord[]>>;

const TYPE = { A: 1, MX: 15, TXT: 16 } as const;
const NXDOMAIN = 3;

export interface DnsServer {
  /** "127.0.0.1:PORT". */
  readonly address: string;
  /** Names that were asked for, as `TXT example.net`. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** @param records by type and name: `{ 'TXT example.net': 'v=spf1 -all' }` */
export async function startDns(
  records: Records,
  behaviour: 'answer' | 'silent' = 'answer',
): Promise<DnsServer> {
  const socket = dgram.createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (query, peer) => {
    const { name, type, end } = readQuestion(query);
    const key = `${type} ${name}`;
    asked.push(key);
    if (behaviour === 'silent') return;
    const known = Object.keys(records).some((one) => one.split(' ')[1] === name);
    const record = records[key];
    const rows = record === undefined ? [] : [record].flat();
    socket.send(answer(query.subarray(0, end), rows, known), peer.port, peer.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', () => resolve()));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function readQuestion(query: Buffer): { name: string; type: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const number = query.readUInt16BE(at + 1);
  const type = Object.entries(TYPE).find(([, code]) => code === number)?.[0] ?? String(number);
  return { name: labels.join('.').toLowerCase(), type, end: at + 5 };
}

function answer(question: Buffer, records: readonly DnsRecord[], known: boolean): Buffer {
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180 | (known ? 0 : NXDOMAIN), 2);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(0, 10);
  const type = head.readUInt16BE(head.length - 4);
  return Buffer.concat([head, ...records.flatMap((record) => row(type, record))]);
}

function row(type: number, record: DnsRecord): [Buffer, Buffer] {
  const data = recordData(type, record);
  const fixed = Buffer.alloc(12);
  fixed.writeUInt16BE(0xc00c, 0);
  fixed.writeUInt16BE(type, 2);
  fixed.writeUInt16BE(1, 4);
  fixed.writeUInt32BE(60, 6);
  fixed.writeUInt16BE(data.length, 10);
  return [fixed, data];
}

function recordData(type: number, record: DnsRecord): Buffer {
  if (typeof record !== 'string') {
    const preference = Buffer.alloc(2);
    preference.writeUInt16BE(record.preference);
    return Buffer.concat([preference, encodeName(record.exchange)]);
  }
  if (type === TYPE.A) return Buffer.from(record.split('.').map(Number));
  const strings: Buffer[] = [];
  for (let at = 0; at < record.length; at += 255) {
    const text = Buffer.from(record.slice(at, at + 255), 'latin1');
    strings.push(Buffer.from([text.length]), text);
  }
  return Buffer.concat(strings);
}

function encodeName(name: string): Buffer {
  const given = name === '' ? [] : name.split('.');
  const labels = given.map((label) => Buffer.from(`\x00${label}`, 'latin1'));
  for (const label of labels) label[0] = label.length - 1;
  return Buffer.concat([...labels, Buffer.from([0])]);
}
