/** `<ssl>` sections of storage servers and their clients: certificates are read and checked with the configuration. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import { ValueRefused } from '../errors.ts';
import { key } from '../items.ts';
import type { Item, SectionTypeDefinition } from '../schema.ts';
import type { SectionValue } from '../section-value.ts';

/** What an `<ssl>` section asks for: texts in PEM. */
export class TlsConfig {
  readonly certificate: string;
  readonly key: string;
  /** Certificates that the other side's is checked with; null: those that the system trusts. */
  readonly authorities: readonly string[] | null;
  /** Of a client: whether the server's name is checked, and which it is (null: the address). */
  readonly checkHostname: boolean;
  readonly serverHostname: string | null;

  constructor(section: SectionValue) {
    const certificate = section.get<string>('certificate');
    const keyFile = section.get<string | null>('key') ?? certificate;
    this.certificate = readPem(certificate);
    this.key = readPem(keyFile);
    this.authorities = authorities(section.get('authenticate'));
    this.checkHostname = section.get<boolean | undefined>('check_hostname') ?? false;
    this.serverHostname = section.get<string | null | undefined>('server_hostname') ?? null;
    if (section.get('password_function') !== null) {
      throw new ValueRefused(
        'password-function names a function of Python, which cannot be called here: give a key without a password',
      );
    }
    usable(`the certificate ${certificate} with the key ${keyFile}`, {
      cert: this.certificate,
      key: this.key,
    });
    if (this.authorities !== null)
      usable(`authenticate ${section.get<string>('authenticate')}`, { ca: [...this.authorities] });
  }
}

function usable(what: string, options: SecureContextOptions): void {
  // Loaded when it is needed: few sites have such a section.
  const tls = createRequire(import.meta.url)('node:tls') as typeof import('node:tls');
  try {
    tls.createSecureContext(options);
  } catch (error) {
    throw new ValueRefused(`${what} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'No such file or directory' : message;
    throw new ValueRefused(`${file} cannot be read: ${reason}`, { cause: error });
  }
}

/** Names that stand for the authorities that the system trusts. */
const SYSTEM = new Set(['-', 'SIGNED', 'DYNAMIC']);

function authorities(name: string | null): readonly string[] | null {
  if (name === null || SYSTEM.has(name)) return null;
  if (statSync(name, { throwIfNoEntry: false })?.isDirectory()) {
    const files = readdirSync(name).sort();
    if (files.length === 0) throw new ValueRefused(`authenticate: there is no certificate in ${name}`);
    return files.map((file) => readPem(path.join(name, file)));
  }
  return [readPem(name)];
}

const CERTIFICATE: readonly Item[] = [
  key('certificate', 'existing-dirpath', 'file with the certificate', { required: true }),
  key('key', 'existing-dirpath', "file with the certificate's key; the certificate's file unless given"),
  key('password-function', 'string', 'a function that gives the password of the key'),
];

const asConfig = (section: SectionValue) => new TlsConfig(section);

export const SERVER_TLS: SectionTypeDefinition = {
  name: 'ssl',
  about: 'encrypted connections',
  datatype: asConfig,
  items: [
    ...CERTIFICATE,
    key('authenticate', 'string', "file or folder with the clients' certificates, or SIGNED", {
      required: true,
    }),
  ],
};

export const CLIENT_TLS: SectionTypeDefinition = {
  name: 'ssl',
  about: 'encrypted connections',
  datatype: asConfig,
  items: [
    ...CERTIFICATE,
    key('authenticate', 'existing-dirpath', "file or folder with the servers' certificates"),
    key('check-hostname', 'boolean', "whether the server's name is checked", { default: 'true' }),
    key('server-hostname', 'string', "the server's name where it is not its address"),
  ],
};
