/** What keeps a server from starting. */
export class ServerError extends Error {
  readonly code: string = 'SERVER';
}

/** A setting that is unknown, malformed or does not go with another. */
export class SettingError extends ServerError {
  override readonly code = 'SERVER_SETTING';
  readonly setting: string;
  /** Of an unknown setting: the names that there are. */
  readonly known: readonly string[] | undefined;

  constructor(setting: string, message: string, options?: ErrorOptions & { known?: readonly string[] }) {
    super(message, options);
    this.setting = setting;
    this.known = options?.known;
  }
}

/** An address that cannot be listened on. */
export class AddressError extends ServerError {
  override readonly code = 'SERVER_ADDRESS';
  readonly address: string;

  constructor(address: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.address = address;
  }
}

/** The error of listening in words. */
export function listenError(address: string, error: NodeJS.ErrnoException): AddressError {
  const reasons: Record<string, string> = {
    EADDRINUSE: 'the address is already in use',
    EACCES: 'there is no permission to use this address',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'there is no host of this name',
    ENOENT: 'there is no such folder',
  };
  const reason = reasons[error.code ?? ''] ?? error.message;
  return new AddressError(address, `cannot listen on ${address}: ${reason}`, { cause: error });
}
