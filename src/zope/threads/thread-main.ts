/** What a thread of a server runs: the application of an .ini, with the files that the main thread has opened. */
import type { MessagePort } from 'node:worker_threads';
import {
  addLevelName,
  forwardLogging,
  loadApp,
  type ThreadApplication,
  type ThreadContext,
  withHealth,
} from '../../paste/index.ts';
import { FileStorage, type SharedFile } from '../../zodb/index.ts';
import { closeIntrinsics } from '../../restricted/index.ts';
import { hearOfCaches } from '../app/caches.ts';
import { registerDistributions } from '../app/distributions.ts';
import { shutDown } from '../app/shutdown.ts';
import { siteStats } from '../app/stats.ts';
import { fileTrouble, watched } from './file-troubles.ts';
import type { OperationSettings } from './operation-settings.ts';
import type { StorageRequest } from './storage-host.ts';
import { setProcessServices } from './process-services.ts';
import { call, type CallLine } from './sync-call.ts';

export interface SiteThreadData {
  readonly configUri: string;
  readonly appName: string | undefined;
  readonly relativeTo: string;
  readonly globalConf: Readonly<Record<string, string>>;
  readonly settings: OperationSettings;
  readonly logPort: MessagePort;
  readonly line: CallLine;
}

export async function startThread(data: SiteThreadData, context: ThreadContext): Promise<ThreadApplication> {
  const { number, log } = context;
  const { configUri, appName, relativeTo, globalConf, logPort, line } = data;
  registerDistributions();
  addLevelName(5, 'TRACE');
  addLevelName(15, 'BLATHER');
  await forwardLogging(logPort, `zope-${number}`, log);
  const ask = (request: StorageRequest) => call<SharedFile>(line, request);
  setProcessServices({
    // A file that is only read needs nobody's help.
    open: (path, options) =>
      options.readOnly === true
        ? watched(new FileStorage(path, options))
        : watched(FileStorage.attach(ask({ kind: 'file', path, options }))),
    unshared: (what) => void ask({ kind: 'unshared', what }),
    note: (text) => void ask({ kind: 'note', text }),
    // It is of the process, and stays when this thread is replaced.
    pidFile: (path) => {
      ask({ kind: 'pid', path });
      return () => {};
    },
    timeZone: (name) => void ask({ kind: 'timeZone', name }),
  });
  hearOfCaches();
  const app = await loadApp(configUri, { relativeTo, globalConf, name: appName });
  // After what a site's own code needs at its start.
  if (!data.settings.code_from_text) closeIntrinsics();
  const { accept, health_path: healthPath, ready_path: readyPath } = data.settings;
  return {
    // Where the main thread has the sockets, it answers these paths itself.
    app:
      accept === 'threads'
        ? withHealth(app, {
            healthPath,
            readyPath,
            unready: () => (context.isEnding ? 'the thread ends' : fileTrouble()),
          })
        : app,
    stats: siteStats,
    close: shutDown,
  };
}
