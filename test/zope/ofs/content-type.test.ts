import { expect, test } from 'vitest';
import { contentTypeOfName, guessContentType } from '../../../src/zope/ofs/content-type.ts';

// INVENTORY P-156: what zope.contenttype says of names and contents.
test.each([
  ['report.xls', 'application/vnd.ms-excel'],
  ['report.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['script.py', 'text/x-python'],
  ['favicon.ico', 'image/x-icon'],
  ['style.CSS', 'text/css'],
  ['site.tar.gz', 'application/x-tar'],
  ['site.tgz', 'application/x-tar'],
  ['drawing.svgz', 'image/svg+xml'],
  ['letter.rtf', 'application/rtf'],
  ['module.wasm', 'application/wasm'],
  ['a.b/c.txt', 'text/plain'],
])('knows %s by the end of its name', (name, type) => {
  expect(contentTypeOfName(name)).toBe(type);
});

test.each(['html', 'txt', '.html', '..css', 'data.gz', 'index_html', 'a.b/c', 'name.'])(
  'learns nothing from the name %s',
  (name) => {
    expect(contentTypeOfName(name)).toBeUndefined();
  },
);

test.each([
  ['', 'text/x-unknown-content-type'],
  ['plain words', 'text/plain'],
  ['  <html><body>Hi', 'text/html'],
  ['<html>', 'text/plain'],
  ['<!DOCTYPE HTML PUBLIC', 'text/html'],
  ['\n\t<?xml version="1.0"?>', 'text/xml'],
  ['<b>bold</b>', 'text/html'],
  ['\u00a0<html><body>Hi', 'text/plain'],
  ['a\u0001b', 'application/octet-stream'],
])('judges a nameless content by its look: %j', (text, type) => {
  expect(guessContentType('', text)).toBe(type);
  expect(guessContentType('', Buffer.from(text, 'latin1'))).toBe(type);
});

test('prefers the name to the fallback, and the fallback to the content', () => {
  expect(guessContentType('a.txt', '<html><body>', 'image/png')).toBe('text/plain');
  expect(guessContentType('a', '<html><body>', 'image/png')).toBe('image/png');
});
