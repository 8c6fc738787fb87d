/** Closing a connection whose client may still be sending. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

const LINGER_MS = 5000;

/**
 * Makes the end of a connection wait for the rest of its request, for some seconds. A socket that is closed with unread bytes is reset by
 * the system, and a reset can overtake the answer: a client that uploads would never see why it was refused.
 */
export function lingerAtEnd(socket: Socket, incoming: IncomingMessage): void {
  const destroySoon = socket.destroySoon.bind(socket);
  socket.destroySoon = () => {
    if (incoming.complete) {
      destroySoon();
      return;
    }
    if (socket.writable) socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    socket.once('close', () => clearTimeout(timer));
    incoming.once('end', () => socket.destroy());
    incoming.resume();
  };
}
