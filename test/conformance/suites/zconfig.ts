import { mkdtempSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  ConfigurationError,
  loadConfigFile,
  Schema,
  type SchemaDefinition,
} from '../../../src/zconfig/index.ts';
import { type Case, expectSame, Mismatch, type Suite } from '../suite.ts';
import { checkConfigError, toJson } from './lib/zconfig.ts';

let schemas: Record<string, Schema> = {};

const suite: Suite = {
  setUp({ dir }) {
    const all = JSON.parse(readFileSync(path.join(dir, 'schemas.json'), 'utf8')) as Record<
      string,
      SchemaDefinition
    >;
    schemas = Object.fromEntries(
      Object.entries(all).map(([name, definition]) => [name, new Schema(definition)]),
    );
  },
  run({ input, expect }: Case) {
    const here = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'zconfig-')));
    const before = { ...process.env };
    try {
      const write = (name: string, text: string) => {
        mkdirSync(path.dirname(path.join(here, name)), { recursive: true });
        writeFileSync(path.join(here, name), text.replaceAll('@HERE@', here));
      };
      write('main.conf', input.config);
      for (const [name, text] of Object.entries((input.files ?? {}) as Record<string, string>))
        write(name, text);
      for (const [name, value] of Object.entries((input.env ?? {}) as Record<string, string | null>)) {
        if (value === null) delete process.env[name];
        else process.env[name] = value;
      }
      let result: unknown;
      try {
        // A recording names its schema; a random case brings its own.
        const schema = typeof input.schema === 'string' ? schemas[input.schema]! : new Schema(input.schema);
        result = loadConfigFile(schema, path.join(here, 'main.conf'), {
          overrides: input.overrides ?? [],
        });
      } catch (error) {
        if (!(error instanceof ConfigurationError) || expect.error === undefined) throw error;
        checkConfigError(error, expect.error, here);
        return;
      }
      const shown = toJson(result, here) as Record<string, unknown>;
      if (expect.error !== undefined) throw new Mismatch('no error', expect.error, shown);
      const wanted = Object.keys(expect.result as object);
      const own = wanted.length === 1 ? { [wanted[0]!]: shown[wanted[0]!] } : shown;
      expectSame('the result', own, expect.result);
    } finally {
      process.env = before;
      rmSync(here, { recursive: true });
    }
  },
};

export default suite;
