/** Forms of parts as browsers send them. */
export interface FormPart {
  readonly name: string;
  /** Makes it a file; it may be empty. */
  readonly filename?: string;
  /** Its media type; none: the part has no such header. */
  readonly type?: string;
  readonly data: string | Uint8Array;
}

/** The media type of what `multipart` makes. */
export const MULTIPART = 'multipart/form-data; boundary=xx';

export function multipart(...parts: readonly FormPart[]): Buffer {
  return Buffer.concat([
    ...parts.flatMap(({ name, filename, type, data }) => [
      Buffer.from(
        `--xx\r\nContent-Disposition: form-data; name="${name}"` +
          (filename === undefined ? '' : `; filename="${filename}"`) +
          `${type === undefined ? '' : `\r\nContent-Type: ${type}`}\r\n\r\n`,
      ),
      Buffer.from(data),
      Buffer.from('\r\n'),
    ]),
    Buffer.from('--xx--\r\n'),
  ]);
}
