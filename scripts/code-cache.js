// Makes what bin/load.js gives the engine: a new site is served, some pages are asked for, and what the engine has compiled by then is
// kept. With the argument 1 what the main thread has compiled when it serves alone, with 2 what one of two threads has: they run with
// other flags, which the engine compares. Functions that nobody called are compiled when somebody does.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import vm from 'node:vm';
import { BroadcastChannel, isMainThread, workerData } from 'node:worker_threads';
import loader from '../bin/load.js';

const HERE = fileURLToPath(import.meta.url);
const BIN = path.join(path.dirname(HERE), '../bin');
/** Asks the first thread what it has compiled, and is told. */
const CHANNEL = 'zope-ts-code-cache';
const USER = 'admin:warm';
const PAGES = ['/'];
/** In bytes: what the engine wants its data to begin at a multiple of. */
const ALIGNMENT = 8;
const MORE_DIGITS = 4;
const POLL_MS = 20;
const LONGEST_MS = 120_000;

const aligned = (size) => Math.ceil(size / ALIGNMENT) * ALIGNMENT;

/** Writes a cache in the form that bin/load.js reads. */
function write(name, scripts) {
  const data = scripts.length === 0 ? scripts : [...scripts, probe(name)];
  const head = (first, size) => {
    const parts = {};
    let at = first;
    for (const [file, { length }] of data) {
      parts[file] = [at, length];
      at = aligned(at + length);
    }
    return JSON.stringify({ engine: loader.ENGINE, size, parts });
  };
  const total = data.reduce((sum, [, { length }]) => sum + aligned(length), 0);
  // At least as long as the head will be, whose numbers are not known yet.
  const first = aligned(loader.HEAD_DIGITS + head(total, total).length + MORE_DIGITS * (data.length + 1));
  const text = head(first, first + total);
  const bytes = Buffer.alloc(first + total);
  bytes.latin1Write(String(text.length).padStart(loader.HEAD_DIGITS, '0') + text);
  let at = first;
  for (const [, part] of data) {
    bytes.set(part, at);
    at = aligned(at + part.length);
  }
  const file = path.join(loader.CODE, name);
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, bytes);
  renameSync(unfinished, file);
}

/** Compiled with the flags that the scripts have been compiled with. */
function probe(name) {
  const source = loader.probeOf(name);
  return [source, new vm.Script(source).createCachedData()];
}

/** What was compiled in this thread, but for what is there already: names and data. */
function compiled(known = new Set()) {
  setFlagsFromString('--flush-bytecode');
  return [...loader.scripts]
    .filter(([name]) => !known.has(name))
    .map(([name, script]) => [name, script.createCachedData()]);
}

function makeSite(folder, threads, socket) {
  const home = path.join(folder, 'site');
  execFileSync(process.execPath, [path.join(BIN, 'mkwsgiinstance.js'), '-d', home, '-u', USER]);
  const ini = path.join(home, 'etc/zope.ini');
  const text = readFileSync(ini, 'utf8');
  const listening = 'host = 127.0.0.1\nport = 8080\n';
  if (!text.includes(listening)) throw new Error(`${ini} listens in another way`);
  writeFileSync(
    ini,
    text
      .replace(listening, `unix_socket = ${socket}\nthreads = ${threads}\n`)
      .replaceAll('level = INFO', 'level = WARN'),
  );
  // This very module runs in each thread.
  writeFileSync(path.join(home, 'package.json'), JSON.stringify({ siteModules: [HERE] }));
  return ini;
}

/** The status of the answer; undefined while nobody listens. */
function ask(socketPath, page) {
  return new Promise((resolve) => {
    const request = http.get({ socketPath, path: page, auth: USER, agent: false }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode));
    });
    request.once('error', () => resolve(undefined));
  });
}

async function serve(threads) {
  // Also when whoever has started this is gone.
  globalThis.setTimeout(() => process.kill(process.pid, 'SIGKILL'), LONGEST_MS).unref();
  // What ran once only would be forgotten.
  setFlagsFromString('--no-flush-bytecode');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'zope-ts-build-'));
  try {
    const socket = path.join(folder, 'socket');
    const ini = makeSite(folder, threads, socket);
    let ended = false;
    const command = loader.load('zope/cli/main').run('runwsgi', ['-q', ini], {
      stdout: process.stdout,
      stderr: process.stderr,
      stdin: process.stdin,
      env: process.env,
    });
    void command.then(() => (ended = true));
    for (const page of PAGES) {
      let status;
      while (status === undefined && !ended) {
        status = await ask(socket, page);
        if (status === undefined) await setTimeout(POLL_MS);
      }
      if (status !== 200) throw new Error(`the site answers ${status} to ${page}`);
    }
    if (threads === 1) write('main.cache', compiled());
    else {
      const inThread = await compiledInThread();
      // The main thread has loaded what it needs itself with the flags of threads.
      write('threads.cache', [...inThread, ...compiled(new Set(inThread.map(([name]) => name)))]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compiledInThread() {
  const channel = new BroadcastChannel(CHANNEL);
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      channel.close();
      resolve(data);
    };
    channel.postMessage('ask');
  });
}

/** Makes both. Without them all works, only slower; so what goes wrong is told and no more. */
async function makeBoth() {
  for (const name of loader.CACHES) write(name, []);
  const children = [1, 2].map((threads) =>
    spawn(process.execPath, [HERE, String(threads)], { stdio: 'inherit' }),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
  if (codes.every((code) => code === 0)) return;
  console.warn('what the engine compiles could not be kept; programs start slower');
  for (const name of loader.CACHES) rmSync(path.join(loader.CODE, name), { force: true });
}

if (!isMainThread) {
  // As a module of the site.
  if (workerData.number === 1) {
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = () => {
      channel.postMessage(compiled());
      channel.close();
    };
    channel.unref();
  }
} else if (process.argv[1] === HERE) {
  const threads = process.argv[2];
  // Not awaited here: the site imports this module, and would wait for its end.
  (threads === undefined ? makeBoth() : serve(Number(threads))).then(
    // The site is gone, and needs no orderly end.
    () => process.exit(),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}
