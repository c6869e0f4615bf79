/** A sender that signs its mail (DKIM, RFC 6376), and the check of what became of the signature. */

import { generateKeyPairSync } from 'node:crypto';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { createTransport } from 'nodemailer';

const DOMAIN = 'signed.example.org';
const SELECTOR = 'board';
const KEY = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const RECORD = `v=DKIM1; k=rsa; p=${KEY.publicKey.toString('base64')}`;

/** Sends a signed mail with files over one connection to `port`. */
export async function sendSigned(options: {
  readonly port: number;
  readonly to: string;
  readonly files: readonly string[];
}): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port: options.port, ignoreTLS: true });
  await transport.sendMail({
    dkim: { domainName: DOMAIN, keySelector: SELECTOR, privateKey: KEY.privateKey },
    from: `Sigrid Ångström <sigrid@${DOMAIN}>`,
    to: options.to,
    subject: 'Signed: Grüße',
    text: 'Signed text.\n.\n..\n',
    html: '<p>Signed text.</p>',
    attachments: options.files.map((path) => ({ path })),
  });
  transport.close();
}

/** The result of the check as RFC 8601 words it: pass, fail, neutral, … */
export async function verifySignature(content: Buffer): Promise<string> {
  const resolver = async (name: string, type: string): Promise<string[][]> => {
    if (name !== `${SELECTOR}._domainkey.${DOMAIN}` || type !== 'TXT') return [];
    return [[RECORD]];
  };
  const { results } = await dkimVerify(content, { resolver });
  return results.map(({ status }) => status.result).join(' ');
}
