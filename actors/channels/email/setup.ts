/**
 * What a mail switch must be told, and what the domain's DNS must say of it: MX (RFC 5321 5.1), SPF
 * (RFC 7208), DKIM (RFC 6376 3.6.1), DMARC (RFC 7489 6.3).
 */

import Value from 'typebox/value';
import type { ChannelSetup, DnsRecord } from '../../channel.js';
import { type EmailConfig, EmailConfigSchema } from './config.js';

const SELECTOR = 'patchboard';
const MX_PREFERENCE = 10;
const STRING_MAX = 255;

function mx(domain: string, host: string): DnsRecord {
  return { name: domain, type: 'MX', value: `${MX_PREFERENCE} ${host}.`, contains: host };
}

/** RFC 1035 3.3: a character-string has at most 255 octets; longer texts are several of them. */
function quoted(text: string): string {
  const pieces = text.match(new RegExp(`.{1,${STRING_MAX}}`, 'g')) ?? [];
  return pieces.map((piece) => `"${piece}"`).join(' ');
}

function spf(domain: string): DnsRecord {
  return { name: domain, type: 'TXT', value: '"v=spf1 mx ~all"', contains: 'v=spf1' };
}

function dmarc(domain: string): DnsRecord {
  const value = `"v=DMARC1; p=none; rua=mailto:postmaster@${domain}"`;
  return { name: `_dmarc.${domain}`, type: 'TXT', value, contains: 'v=DMARC1' };
}

export const setup: ChannelSetup = {
  questions: [
    { name: 'host', text: 'Name of this computer in the DNS', answer: 'pb.{domain}' },
    { name: 'listen', text: 'Address and port for incoming mail', answer: '0.0.0.0:25' },
    { name: 'smartHost', text: 'Smart host for outgoing mail, empty: none', answer: '' },
  ],
  section({ domain, answers, keyFile }) {
    const smartHost = answers['smartHost'] ?? '';
    return {
      listen: answers['listen'],
      hostname: answers['host'],
      domains: [domain],
      // A real server may have another one in front of it on the same host: that one is no sender.
      verify: { local: 'doubt' },
      ...(smartHost === '' ? {} : { smartHost }),
      dkim: { domain, selector: SELECTOR, keyFile },
    };
  },
  records({ domain, answers, publicKey }) {
    const name = `${SELECTOR}._domainkey.${domain}`;
    const value = quoted(`v=DKIM1; k=rsa; p=${publicKey}`);
    return [
      mx(domain, answers['host'] ?? domain),
      spf(domain),
      { name, type: 'TXT', value, contains: `p=${publicKey}` },
      dmarc(domain),
    ];
  },
  expected(config) {
    if (!Value.Check(EmailConfigSchema, config)) return [];
    const { domains, hostname, dkim }: EmailConfig = config;
    const own = domains.filter((domain) => !domain.endsWith('.localhost'));
    const records = own.flatMap((domain) => [mx(domain, hostname), spf(domain), dmarc(domain)]);
    if (dkim === undefined) return records;
    const name = `${dkim.selector}._domainkey.${dkim.domain}`;
    const value = '"v=DKIM1; k=rsa; p=…"';
    return [...records, { name, type: 'TXT', value, contains: 'p=' }];
  },
};
