/** `Control_Panel`: the process, its databases, what they can take back, and packing (INVENTORY O-018, O-035). Never stored. */
import { Persistent, registerClass, wrap } from '../../persistent/index.ts';
import { PyFloat } from '../../pickle/index.ts';
import { declareClass, KeyError, registerType } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { getRequest, HTTPRequest, quote } from '../../publisher/index.ts';
import { type DB, UndoError } from '../../zodb/index.ts';
import { minimizeCaches } from '../app/caches.ts';
import { controlPanelPage, databasePage, databasesPage, debugPage, undoPage } from '../zmi/control-panel.ts';
import { connectionOf } from './copy-source.ts';
import { Item, type ManageOption } from './item.ts';
import { namesOf } from './names.ts';

const SECONDS_PER_DAY = 86_400;

/** What all objects here are: content without a record. */
class Panel extends Item {
  declare readonly _v_id: string;

  override getId(): string {
    return this._v_id ?? this.id;
  }

  /** A panel that is published itself is its page. */
  __call__(): string {
    const page = this.manage_main();
    getRequest()?.response.setHeader('Content-Type', 'text/html; charset=utf-8');
    return page;
  }
}

export class ControlPanel extends Panel {
  override manage_main(message?: string): string {
    return controlPanelPage(this, message);
  }

  get Database(): DatabaseChooser {
    return wrap(new DatabaseChooser(), this) as unknown as DatabaseChooser;
  }

  get DebugInfo(): DebugInfo {
    return wrap(new DebugInfo(), this) as unknown as DebugInfo;
  }

  process_id(): number {
    return process.pid;
  }

  /** How long the process has run: `2 days 3 hours 4 min 5 sec`. */
  process_time(): string {
    const seconds = Math.floor(process.uptime());
    const parts: string[] = [];
    const [days, hours, minutes] = [
      Math.floor(seconds / SECONDS_PER_DAY),
      Math.floor((seconds % SECONDS_PER_DAY) / 3600),
      Math.floor((seconds % 3600) / 60),
    ];
    if (days > 0) parts.push(`${days} day${days === 1 ? '' : 's'}`);
    if (hours > 0) parts.push(`${hours} hour${hours === 1 ? '' : 's'}`);
    if (minutes > 0) parts.push(`${minutes} min`);
    parts.push(`${seconds % 60} sec`);
    return parts.join(' ');
  }
}

/** The databases of the process by name. */
export class DatabaseChooser extends Panel {
  override manage_main(message?: string): string {
    return databasesPage(this, message);
  }

  getDatabaseNames(): string[] {
    return [...databasesOf(this).keys()].sort();
  }

  __getitem__(name: string): AltDatabaseManager {
    if (!databasesOf(this).has(name)) throw new KeyError(name);
    return wrap(new AltDatabaseManager(name), this) as unknown as AltDatabaseManager;
  }

  __bobo_traverse__(_request: unknown, name: string): unknown {
    return databasesOf(this).has(name) ? this.__getitem__(name) : undefined;
  }
}

/** One database: cache, pack, undo. */
export class AltDatabaseManager extends Panel {
  constructor(name = 'main') {
    super();
    (this as { _v_id: string })._v_id = name;
  }

  /** The database itself, for the pages. */
  _db(): DB {
    const db = databasesOf(this).get(this.getId());
    if (db === undefined) throw new KeyError(this.getId());
    return db;
  }

  override manage_main(message?: string): string {
    return databasePage(this, message);
  }

  manage_UndoForm(message?: string): string {
    return undoPage(this, message);
  }

  /** Removes what was not current some days ago. */
  manage_pack(days: unknown = 0, request?: unknown): unknown {
    const back = typeof days === 'number' || days instanceof PyFloat ? Number(days) : Number.NaN;
    if (Number.isFinite(back) && back >= 0) {
      this._db().pack(Date.now() / 1000 - back * SECONDS_PER_DAY);
      const message = `Database packed to ${daysText(back)} days`;
      return answered(this, message, request);
    }
    answered(this, 'Invalid days value None', request);
    return request instanceof HTTPRequest ? '' : null;
  }

  /** Unloads all objects that no request uses. */
  manage_minimize(_value: unknown = 1, request?: unknown): unknown {
    minimizeCaches(this._db());
    answered(this, 'ZODB in-memory caches minimized.', request);
    return request instanceof HTTPRequest ? '' : null;
  }

  /** Takes transactions back; they are named as the undo form names them. */
  manage_undo_transactions(transaction_info?: unknown, request?: unknown): unknown {
    const tids = namesOf(transaction_info).map((info) => tidOf(info.split(' ')[0]!));
    const form = request instanceof HTTPRequest;
    if (tids.includes(undefined)) return form ? this.manage_UndoForm('No such transaction.') : null;
    if (tids.length > 0) {
      const { transactionManager } = connectionOf(this.getPhysicalRoot())!;
      const transaction = transactionManager.get();
      const names = namesOf(transaction_info).map((info) => info.split(' ').slice(1).join(' '));
      transaction.note(`Undo ${names.join(' ')}`.trim());
      try {
        this._db().undo(tids as bigint[], transaction);
        transactionManager.commit();
      } catch (error) {
        // What cannot be taken back is told on the page; nothing has changed.
        transactionManager.abort();
        transactionManager.begin();
        if (!form || !(error instanceof UndoError)) throw error;
        return this.manage_UndoForm((error as Error).message);
      }
      transactionManager.begin();
    }
    if (!form) return null;
    getRequest()?.response.redirect(`${this.absolute_url()}/manage_UndoForm`);
    return '';
  }
}

/** `7.0`, as Python shows a number of days. */
const daysText = (days: number) => (Number.isInteger(days) ? `${days}.0` : String(days));

function tidOf(text: string): bigint | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === 8 ? bytes.readBigUInt64BE() : undefined;
}

function answered(panel: Panel, message: string, request: unknown): unknown {
  if (!(request instanceof HTTPRequest)) return null;
  request.response.redirect(`${panel.absolute_url()}/manage_main?manage_tabs_message=${quote(message)}`);
  return message;
}

/** The databases of the connection that the site came from. */
function databasesOf(panel: Item): Map<string, DB> {
  const connection = connectionOf(panel.getPhysicalRoot());
  const found = new Map<string, DB>();
  if (connection === undefined) return found;
  const { databases } = connection.db as unknown as {
    databases?: ReadonlyMap<string, DB> | Record<string, DB>;
  };
  if (databases instanceof Map) for (const [name, db] of databases) found.set(name as string, db as DB);
  else for (const [name, db] of Object.entries(databases ?? {})) found.set(name, db as DB);
  // A database that has no name of its own is the main one.
  if (!found.has('main')) found.set('main', connection.db);
  return found;
}

/** What the process is made of. */
export class DebugInfo extends Panel {
  override manage_main(message?: string): string {
    return debugPage(this, message);
  }
}

const options = (...extra: readonly ManageOption[]): readonly ManageOption[] => extra;
for (const [cls, name, id, title, metaType, tabs] of [
  [
    ControlPanel,
    'App.ApplicationManager.ApplicationManager',
    'Control_Panel',
    'Control Panel',
    'Control Panel',
    options(
      { label: 'Control Panel', action: 'manage_main' },
      { label: 'Databases', action: 'Database/manage_main' },
      { label: 'Process', action: 'DebugInfo/manage_main' },
    ),
  ],
  [
    DatabaseChooser,
    'App.ApplicationManager.DatabaseChooser',
    'Database',
    'Databases',
    'Database Management',
    options({ label: 'Databases', action: 'manage_main' }),
  ],
  [
    AltDatabaseManager,
    'App.ApplicationManager.AltDatabaseManager',
    'main',
    '',
    'Database Management',
    options({ label: 'Database', action: 'manage_main' }, { label: 'Undo', action: 'manage_UndoForm' }),
  ],
  [
    DebugInfo,
    'App.ApplicationManager.DebugManager',
    'DebugInfo',
    'Process',
    'Debug Information',
    options({ label: 'Process', action: 'manage_main' }),
  ],
] as const) {
  registerClass(cls as new () => Persistent, name, { python: true, acquires: 'implicit' });
  Object.assign(cls.prototype, {
    id,
    title,
    meta_type: metaType,
    zmi_icon: 'fas fa-cog',
    // The pages of a site are not the panel's.
    index_html: null,
    manage_options: tabs,
  });
}

registerType(DatabaseChooser, {
  operators: { getitem: (self, name) => self.__getitem__(name as string) },
});

const zope = { permission: 'Manage Zope' };
declareClass(ControlPanel, {
  object: zope,
  published: ['manage_main'],
  names: {
    __call__: zope,
    manage_main: zope,
    Database: zope,
    DebugInfo: zope,
    process_id: zope,
    process_time: zope,
  },
});
declareClass(DatabaseChooser, {
  object: zope,
  published: ['manage_main'],
  names: {
    __call__: zope,
    manage_main: zope,
    getDatabaseNames: zope,
    __getitem__: 'private',
    __bobo_traverse__: 'private',
  },
});
declareClass(AltDatabaseManager, {
  object: zope,
  published: ['manage_main', 'manage_UndoForm'],
  postOnly: ['manage_pack', 'manage_minimize'],
  changes: ['manage_undo_transactions'],
  names: {
    __call__: zope,
    manage_main: zope,
    manage_pack: zope,
    manage_minimize: zope,
    manage_UndoForm: { permission: Permissions.undoChanges },
    manage_undo_transactions: { permission: Permissions.undoChanges },
    _db: 'private',
  },
  signatures: {
    manage_pack: 'days=0, REQUEST=None',
    manage_minimize: 'value=1, REQUEST=None',
    manage_undo_transactions: 'transaction_info=(), REQUEST=None',
  },
});
declareClass(DebugInfo, {
  object: zope,
  published: ['manage_main'],
  names: { __call__: zope, manage_main: zope },
});
