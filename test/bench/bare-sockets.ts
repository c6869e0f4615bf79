/**
 * Bare `ws`, what the live line is held against: a server in a process of its own that sends one
 * frame to every socket when told to and hears an answer from each; nothing is stored.
 *
 * Orders over the process's channel: {payload} → a frame to every socket, made for each. Tells its
 * port when it listens.
 */

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });
server.on('connection', (socket) => {
  socket.on('error', () => socket.terminate());
  socket.on('message', () => undefined);
  socket.send(JSON.stringify({ topic: 'hello' }));
});

process.on('message', (order) => {
  if (typeof order !== 'object' || order === null || !('payload' in order)) return;
  const { payload } = order;
  let seq = 0;
  for (const socket of server.clients) {
    seq += 1;
    socket.send(JSON.stringify({ seq, frame: payload }));
  }
});

http.listen(0, '127.0.0.1', () => {
  const address = http.address();
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0);
});
