/** Addresses to listen on, "127.0.0.1:2580", and what their hosts mean. */

import { isIP } from 'node:net';

export interface ListenPlace {
  readonly host: string;
  readonly port: number;
}

/** "host:port", IPv6 hosts in brackets, into its two parts. */
export function splitListen(listen: string): ListenPlace {
  const colon = listen.lastIndexOf(':');
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, '');
  return { host, port: Number(listen.slice(colon + 1)) };
}

/** "host:port" of the two parts, IPv6 hosts in brackets. */
export function joinListen(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this computer can connect there. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Where browsers on this computer find what listens there. */
export function urlOf(listen: string): string {
  const { host, port } = splitListen(listen);
  const names = ['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::'];
  return `http://${names.includes(host) ? `localhost:${port}` : joinListen(host, port)}`;
}
