/** Answers that are not the whole file: it has not changed, or parts of it are wanted (INVENTORY P-156 to P-160). */
import { randomBytes } from 'node:crypto';
import { getOwn } from '../../persistent/index.ts';
import type { HTTPRequest, HTTPResponse } from '../../publisher/index.ts';
import { type ByteRange, expandRanges, parseRanges } from './byte-ranges.ts';
import type { File } from './file.ts';
import { chunksOf } from './file-data.ts';
import { ETAG } from './resource.ts';

let lastDate = { seconds: Number.NaN, text: '' };

export function httpDate(time: number): string {
  const seconds = Math.floor(time);
  if (seconds !== lastDate.seconds) lastDate = { seconds, text: new Date(seconds * 1000).toUTCString() };
  return lastDate.text;
}

const randomDigits = (count: number) => Array.from(randomBytes(count), (byte) => byte % 10).join('');

/** Seconds since 1970 of an HTTP date; undefined for text that is none. */
function seconds(header: string): number | undefined {
  const time = Date.parse(header.split(';')[0]!);
  return Number.isNaN(time) ? undefined : Math.floor(time / 1000);
}

export function notModified(file: File, request: HTTPRequest, response: HTTPResponse): boolean {
  const header = request.source.header('if-modified-since');
  const since = header ? seconds(header) : undefined;
  const modified = Math.floor(file._p_mtime ?? 0);
  if (since === undefined || modified <= 0 || modified > since) return false;
  response.setHeader('Last-Modified', httpDate(modified));
  response.setHeader('Content-Type', file.content_type);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setStatus(304);
  return true;
}

export function answerRanges(file: File, request: HTTPRequest, response: HTTPResponse): boolean {
  const draft = request.source.header('request-range');
  const header = draft ?? request.source.header('range');
  if (!header) return false;
  const ranges = parseRanges(header);
  if (ranges === undefined || !stillThat(file, request.source.header('if-range'))) return false;
  const size = file.get_size();
  const wanted = expandRanges(ranges, size);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Last-Modified', httpDate(file._p_mtime ?? 0));
  if (!ranges.some(([start]) => start < size)) {
    response.setHeader('Content-Range', `bytes */${size}`);
    response.setHeader('Content-Type', file.content_type);
    response.setHeader('Content-Length', size);
    response.setStatus(416);
    return true;
  }
  response.setStatus(206);
  if (wanted.length === 1) {
    const [start, end] = wanted[0]!;
    response.setHeader('Content-Type', file.content_type);
    response.setHeader('Content-Length', end - start);
    response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${size}`);
    for (const chunk of chunksOf(file, start, end)) response.write(chunk);
    return true;
  }
  writeMultipart(file, wanted, size, draft ? 'x-' : '', response);
  return true;
}

function writeMultipart(
  file: File,
  ranges: readonly ByteRange[],
  size: number,
  prefix: string,
  response: HTTPResponse,
): void {
  // In the shape that mail libraries give it, so that it cannot be mistaken for content.
  const boundary = `${'='.repeat(15)}${randomDigits(19)}==`;
  for (const [start, end] of ranges) {
    response.write(
      `\r\n--${boundary}\r\nContent-Type: ${file.content_type}\r\nContent-Range: bytes ${start}-${end - 1}/${size}\r\n\r\n`,
    );
    for (const chunk of chunksOf(file, start, end)) response.write(chunk);
  }
  response.write(`\r\n--${boundary}--\r\n`);
  response.setHeader('Content-Type', `multipart/${prefix}byteranges; boundary=${boundary}`);
  response.setHeader('Content-Length', response.written?.size ?? 0);
}

/** Whether `If-Range` names the file as it is now. */
function stillThat(file: File, header: string | null | undefined): boolean {
  if (!header) return true;
  if (header.startsWith('ts')) return header === (getOwn(file, ETAG) ?? '');
  const since = seconds(header);
  return since === undefined || Math.floor(file._p_mtime ?? 0) <= since;
}
