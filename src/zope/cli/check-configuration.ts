/** What can be known of an `.ini` without serving what it describes. */
import path from 'node:path';
import {
  addLevelName,
  appConfig,
  checkLogging,
  ConfigParser,
  loadServer,
  type ThreadedApplication,
} from '../../paste/index.ts';
import { registerDistributions } from '../app/distributions.ts';
import { readOperationSettings } from '../threads/operation-settings.ts';
import { withPlace } from './runwsgi.ts';

/** A server has read its settings, and would start the application now. */
class Reached extends Error {}

/**
 * Reads the sections of an `.ini` as `runwsgi` does; no application is made, nothing listens, and no log is opened. Throws what is wrong
 * with them. Settings of a server that is not one of ours are its own business.
 */
export async function checkConfiguration(ini: string): Promise<void> {
  const file = path.resolve(ini);
  registerDistributions();
  addLevelName(5, 'TRACE');
  addLevelName(15, 'BLATHER');
  checkLogging(file);
  readOperationSettings(file, {});
  const options = { relativeTo: process.cwd(), globalConf: {} };
  await appConfig(`config:${file}`, options);
  const run = await loadServer(`config:${file}`, options);
  if (!isOurs(file)) return;
  const reach = () => Promise.reject(new Reached());
  const app: ThreadedApplication = Object.assign(reach, { startThreads: reach });
  try {
    await run(app);
  } catch (error) {
    if (!(error instanceof Reached))
      throw await withPlace(error, file, { serverUri: undefined, serverName: undefined });
  }
}

const isOurs = (file: string): boolean =>
  ConfigParser.read(file, { defaults: { here: path.dirname(file), __file__: file } })
    .get('server:main', 'use')
    ?.startsWith('egg:') === true;
