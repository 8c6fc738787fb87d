import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv6, type Socket } from 'node:net';
import { levelName } from '../levels.ts';
import { pythonError } from '../errors.ts';
import type { LogRecord } from '../record.ts';
import { RemoteHandler } from './remote.ts';

/** Facilities by their number in RFC 5424, section 6.2.1; the names are those of `handlers.SysLogHandler.LOG_*`. */
export const FACILITIES: Readonly<Record<string, number>> = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  ntp: 12,
  security: 13,
  console: 14,
  solcron: 15,
  'solaris-cron': 15,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
};

const SEVERITIES: Readonly<Record<string, number>> = { DEBUG: 7, INFO: 6, WARNING: 4, ERROR: 3, CRITICAL: 2 };

// util-linux's logger(1).
const LOGGER = 'logger';

export type SyslogAddress = readonly [host: string, port: number] | string;

/** `handlers.SysLogHandler`: UDP, TCP, or a path such as `/dev/log`. */
export class SysLogHandler extends RemoteHandler {
  readonly pythonClass = 'SysLogHandler';
  readonly #address: SyslogAddress;
  readonly #facility: number | string;
  readonly #stream: boolean | undefined;
  #datagrams: DatagramSocket | undefined;
  #connection: Promise<Socket | ChildProcess> | undefined;

  constructor({
    address = ['localhost', 514],
    facility = 1,
    stream,
  }: {
    readonly address?: SyslogAddress;
    readonly facility?: number | string;
    /** TCP (or a stream socket at a path); undefined: UDP, and at a path whatever it is. */
    readonly stream?: boolean | undefined;
  }) {
    super();
    if (typeof facility === 'string' && !Object.hasOwn(FACILITIES, facility)) {
      throw pythonError('ValueError', `unknown facility of syslog: '${facility}'`);
    }
    this.#address = address;
    this.#facility = facility;
    this.#stream = stream;
  }

  protected override async send(record: LogRecord): Promise<void> {
    const facility = typeof this.#facility === 'string' ? FACILITIES[this.#facility]! : this.#facility;
    const priority = (facility << 3) | (SEVERITIES[levelName(record.level)] ?? 4);
    const message = Buffer.from(`<${priority}>${this.format(record)}\0`);
    if (typeof this.#address !== 'string' && !this.#stream) return this.#sendDatagram(message, this.#address);
    this.#connection ??= this.#connect();
    try {
      const to = await this.#connection;
      if ('stdin' in to) to.stdin!.write(Buffer.concat([flatten(message), Buffer.from('\n')]));
      else to.write(message);
    } catch (error) {
      this.#connection = undefined;
      throw error;
    }
  }

  async #sendDatagram(message: Buffer, [host, port]: readonly [string, number]): Promise<void> {
    if (!this.#datagrams) {
      this.#datagrams = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
      this.#datagrams.unref();
    }
    const socket = this.#datagrams;
    await new Promise<void>((resolve, reject) => {
      socket.send(message, port, host, (error) => (error ? reject(error) : resolve()));
    });
  }

  async #connect(): Promise<Socket | ChildProcess> {
    const address = this.#address;
    const socket = typeof address === 'string' ? connect(address) : connect(address[1], address[0]);
    socket.unref();
    const lost = () => (this.#connection = undefined);
    try {
      await once(socket, 'connect');
    } catch (error) {
      // Node has no datagram sockets at a path, which /dev/log is; util-linux's logger(1) has.
      if (
        typeof address !== 'string' ||
        this.#stream ||
        (error as NodeJS.ErrnoException).code !== 'EPROTOTYPE'
      ) {
        throw error;
      }
      return this.#startLogger(address, lost);
    }
    socket.on('error', lost).on('close', lost);
    return socket;
  }

  async #startLogger(path: string, lost: () => void): Promise<ChildProcess> {
    const child = spawn(LOGGER, ['--socket', path, '--prio-prefix', '--tag', 'zope'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    try {
      await once(child, 'spawn');
    } catch (error) {
      throw new Error(
        `${path} is a datagram socket, for which SysLogHandler needs the program logger; ` +
          `or let it write to ('localhost', 514) by UDP`,
        { cause: error },
      );
    }
    child.unref();
    child.on('exit', lost);
    child.stdin.on('error', lost);
    return child;
  }

  override close(): void {
    this.#datagrams?.close();
    this.#datagrams = undefined;
    void this.#connection?.then(
      (to) => ('stdin' in to ? to.stdin!.end() : to.end()),
      () => {},
    );
    this.#connection = undefined;
  }

  protected override describeSettings(): Record<string, unknown> {
    return { facility: this.#facility, address: this.#address };
  }
}

/** `logger` takes a line for a record. */
const flatten = (message: Buffer): Buffer =>
  Buffer.from(message.toString('utf8').replace(/\0$/, '').replaceAll('\n', ' | '));
