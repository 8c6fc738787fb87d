/** A process that opens the socket which it was started with, sends it to its parent, and ends. */
import { openSocket } from './held-sockets.ts';

/** Behind the standard streams and the channel to the parent. */
const FD = 4;

process.once('disconnect', () => process.exit());
process.send!('socket', openSocket(FD) as unknown as import('node:net').Server);
