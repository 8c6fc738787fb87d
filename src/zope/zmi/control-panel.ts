/** The pages on the process and its databases (INVENTORY O-018, O-035). */
import { isMainThread } from 'node:worker_threads';
import type { AltDatabaseManager, ControlPanel, DatabaseChooser, DebugInfo } from '../ofs/control-panel.ts';
import { getRequest } from '../../publisher/index.ts';
import { brokenClasses } from '../../zodb/index.ts';
import { dateText, renderPage, sizeText, urlOf, type Values } from './page.ts';

const BATCH = 20;
const facts = (...rows: (readonly [string, unknown])[]): Values[] =>
  rows.map(([label, value]) => ({ label, value: String(value) }));

export function controlPanelPage(panel: ControlPanel, message?: string): string {
  const { rss, heapUsed } = process.memoryUsage();
  return renderPage(
    panel,
    'facts',
    {
      facts: facts(
        ['Node.js', process.version],
        ['Platform', `${process.platform} ${process.arch}`],
        ['Process', process.pid],
        ['Running for', panel.process_time()],
        ['Memory', `${sizeText(rss)}, of it objects ${sizeText(heapUsed)}`],
      ),
      links: [
        { label: 'Databases', url: `${urlOf(panel)}/Database/manage_main` },
        { label: 'Process', url: `${urlOf(panel)}/DebugInfo/manage_main` },
      ],
    },
    { message, tab: 'manage_main' },
  );
}

export function databasesPage(chooser: DatabaseChooser, message?: string): string {
  return renderPage(
    chooser,
    'facts',
    {
      facts: [],
      links: chooser
        .getDatabaseNames()
        .map((name) => ({ label: name, url: `${urlOf(chooser)}/${encodeURIComponent(name)}/manage_main` })),
    },
    { message, tab: 'manage_main' },
  );
}

export function databasePage(manager: AltDatabaseManager, message?: string): string {
  const db = manager._db();
  return renderPage(
    manager,
    'database',
    {
      facts: facts(
        ['Storage', db.storage.constructor.name],
        [isMainThread ? 'Objects in memory' : 'Objects in memory, in this thread', db.cacheSize()],
      ),
    },
    { message, tab: 'manage_main' },
  );
}

export function debugPage(info: DebugInfo, message?: string): string {
  const missing = brokenClasses();
  return renderPage(
    info,
    'facts',
    {
      facts: facts(
        ['Command', process.argv.slice(1, 3).join(' ')],
        ['Classes of the database that are unknown here', missing.length === 0 ? 'none' : missing.join(', ')],
      ),
      links: [],
    },
    { message, tab: 'manage_main' },
  );
}

/** Transactions that can be taken back, the newest first. */
export function undoPage(manager: AltDatabaseManager, message?: string): string {
  const first = Math.max(0, Math.trunc(Number(getRequest()?.form.get('first_transaction') ?? 0)) || 0);
  const db = manager._db();
  const possible = db.supportsUndo();
  const entries = possible ? db.undoLog(first, first + BATCH + 1) : [];
  const tid = Buffer.alloc(8);
  return renderPage(
    manager,
    'undo',
    {
      possible,
      rows: entries.slice(0, BATCH).map((entry) => {
        tid.writeBigUInt64BE(entry.tid);
        return {
          info: `${tid.toString('base64')} ${entry.description}`.trim(),
          when: dateText(entry.time),
          user: entry.userName,
          description: entry.description,
        };
      }),
      newer: first > 0 ? `?first_transaction:int=${Math.max(0, first - BATCH)}` : null,
      older: entries.length > BATCH ? `?first_transaction:int=${first + BATCH}` : null,
    },
    { message, tab: 'manage_UndoForm' },
  );
}
