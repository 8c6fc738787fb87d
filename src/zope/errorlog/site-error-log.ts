/** `error_log`: the last errors of a part of the site, each with a number that visitors are told (INVENTORY O-054, A-102, P-178). */
import { randomInt } from 'node:crypto';
import { getLogger } from '@logtape/logtape';
import { getSecurityManager, Permissions } from '../../access/index.ts';
import { escapeHtml, formatException } from '../../paste/index.ts';
import { aqBase, getOwn, registerClass } from '../../persistent/index.ts';
import { Dict, type Tuple, tuple, tupleFrom } from '../../pickle/index.ts';
import {
  errorName,
  Forbidden,
  type HTTPRequest,
  type HTTPResponse,
  NotFound,
} from '../../publisher/index.ts';
import { declareClass, str, ValueError } from '../../restricted/index.ts';
import { PageTemplateFile } from '../../templates/index.ts';
import { Item, ITEM_OPTIONS } from '../ofs/item.ts';
import { registerProduct } from '../ofs/products.ts';
import type { ObjectManager } from '../ofs/object-manager.ts';
import { managePage } from '../zmi/pages.ts';
import { EntryList } from './entries.ts';
import { packageFile } from '../package-files.ts';

const logger = getLogger(['Zope', 'SiteErrorLog']);
const USE = 'Log Site Errors';
const TO_EVENT_LOG = 'Log to the Event Log';
const list = new PageTemplateFile(packageFile('zope/errorlog/list.zpt'));
const entryPage = new PageTemplateFile(packageFile('zope/errorlog/entry.zpt'));

/** A number for an error: the time, and digits that nobody can guess. */
export const newErrorNumber = () =>
  `${Math.floor(Date.now() / 1000)}.${String(randomInt(10_000_000)).padStart(7, '0')}`;

function textOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : str(error);
  } catch {
    return '<unprintable error>';
  }
}

/** What was not found says less of itself than the URL as far as it was traversed, with the names that are left of it. */
function whatIsMissing(url: string, { path }: HTTPRequest): string {
  return path.length === 0 ? url : `${url} [ /${path.toReversed().join('/')} ]`;
}

export class SiteErrorLog extends Item {
  declare keep_entries: number;
  declare copy_to_zlog: unknown;
  declare _ignored_exceptions: readonly string[];

  _entries(): EntryList {
    return EntryList.of(this);
  }

  /** Whether errors of this class are of no interest. */
  _ignores(error: unknown): boolean {
    return this._ignored_exceptions.includes(errorName(error));
  }

  /** Keeps an error of a request under its number, and tells the event log the whole story. Who calls asks `_ignores` first. */
  _raising(error: unknown, request: HTTPRequest, number: string): void {
    const user = getSecurityManager().getUser();
    // What fails before the traversal has no URL.
    const url = request.ACTUAL_URL === '' ? null : request.URL;
    const story = formatException(error);
    const entry = {
      type: errorName(error),
      value: errorName(error) === 'NotFound' && url !== null ? whatIsMissing(url, request) : textOf(error),
      time: Date.now() / 1000,
      id: number,
      tb_text: story,
      tb_html: `<pre>${escapeHtml(story)}</pre>`,
      username: user.getUserName(),
      userid: user.getId(),
      url,
      req_html: request.__str__(),
    };
    this._entries().add(entry, this.keep_entries);
    if (this.copy_to_zlog) logError(error, url, number);
  }

  /** Entries, the newest first. */
  getLogEntries(): Dict<unknown, unknown>[] {
    return this._entries()
      .all.map((entry) => Dict.from<unknown>({ ...entry }))
      .reverse();
  }

  getLogEntryById(id: string): Dict<unknown, unknown> | null {
    const found = this._entries().find(id);
    return found === undefined ? null : Dict.from<unknown>({ ...found });
  }

  getLogEntryAsText(id: string, RESPONSE?: HTTPResponse): string {
    const found = this._entries().find(id);
    if (found === undefined) return 'Log entry not found or expired';
    RESPONSE?.setHeader('Content-Type', 'text/plain');
    return found.tb_text;
  }

  forgetEntry(id: string, REQUEST?: HTTPRequest): void {
    this._entries().forget(id);
    this._done(REQUEST?.response, 'Error log entry was removed.');
  }

  getProperties(): Dict<unknown, unknown> {
    return Dict.from<unknown>({
      keep_entries: this.keep_entries,
      copy_to_zlog: Boolean(this.copy_to_zlog),
      ignored_exceptions: tupleFrom(this._ignored_exceptions),
    });
  }

  checkEventLogPermission(): number {
    if (!getSecurityManager().checkPermission(TO_EVENT_LOG, this))
      throw new Forbidden(`You do not have the "${TO_EVENT_LOG}" permission.`);
    return 1;
  }

  setProperties(
    keep_entries: unknown,
    copy_to_zlog: unknown,
    ignored_exceptions: readonly unknown[] = [],
    RESPONSE?: HTTPResponse,
  ): void {
    const copies = Boolean(copy_to_zlog);
    if (copies && !this.copy_to_zlog) this.checkEventLogPermission();
    const keep = Number(keep_entries);
    if (!Number.isInteger(keep) || keep < 0)
      throw new ValueError(`keep_entries must be a number of entries: ${str(keep_entries)}`);
    this.keep_entries = keep;
    this.copy_to_zlog = copies;
    this._ignored_exceptions = tupleFrom(ignored_exceptions.map((name) => str(name)).filter(Boolean));
    this._done(RESPONSE, 'Changed properties.');
  }

  _done(response: HTTPResponse | undefined, message: string): void {
    const query = new URLSearchParams({ manage_tabs_message: message });
    response?.redirect(`${this.absolute_url()}/manage_main?${query.toString()}`);
  }

  override manage_main(message?: string): string {
    const url = this.absolute_url();
    const rows = this._entries().all.map(({ id, type, value, time, username, url: at }) =>
      Dict.from<unknown>({
        type,
        value,
        username: username ?? '',
        at: at ?? '',
        time: new Date(time * 1000).toISOString().slice(0, 19).replace('T', ' '),
        url: `${url}/showEntry?id=${encodeURIComponent(id)}`,
      }),
    );
    return managePage(
      this,
      list,
      [
        ['rows', rows.reverse()],
        ['empty', rows.length === 0],
        ['keep', this.keep_entries],
        ['copies', this.copy_to_zlog ? 'checked' : null],
        ['ignored', this._ignored_exceptions.join('\n')],
      ],
      message,
    );
  }

  showEntry(id: string): string {
    const found = this._entries().find(id);
    if (found === undefined) throw new NotFound('Log entry not found or expired');
    const { type, value, tb_text: story, url, username } = found;
    return managePage(
      this,
      entryPage,
      [
        ['number', id],
        ['type', type],
        ['value', value],
        ['story', story],
        ['at', url ?? ''],
        ['username', username ?? ''],
      ],
      undefined,
    );
  }

  manage_afterAdd(item: object, container: ObjectManager): void {
    if (aqBase(item) !== aqBase(this)) return;
    (container as unknown as Record<string, unknown>).__error_log__ = aqBase(this);
  }

  manage_beforeDelete(item: object, container: ObjectManager): void {
    if (aqBase(item) === aqBase(this) && getOwn(container, '__error_log__') !== undefined)
      delete (container as unknown as Record<string, unknown>).__error_log__;
  }
}

/** Tells the event log an error in full. */
export function logError(error: unknown, url: string | null, number: string): void {
  logger.error(`${number} ${url ?? 'None'}`, { error });
}

registerClass(SiteErrorLog, 'Products.SiteErrorLog.SiteErrorLog.SiteErrorLog', {
  python: true,
  acquires: 'implicit',
});
Object.assign(SiteErrorLog.prototype, {
  id: 'error_log',
  title: '',
  meta_type: 'Site Error Log',
  zmi_icon: 'fas fa-bug',
  keep_entries: 20,
  copy_to_zlog: 1,
  _ignored_exceptions: tuple('Unauthorized', 'NotFound', 'Redirect') as Tuple<string>,
  manage_options: [{ label: 'Log', action: 'manage_main' }, ...ITEM_OPTIONS],
});

const use = { permission: USE };
declareClass(SiteErrorLog, {
  object: { permission: Permissions.view },
  published: ['getLogEntries', 'getLogEntryById', 'manage_main', 'showEntry', 'getLogEntryAsText'],
  postOnly: ['forgetEntry', 'setProperties'],
  names: {
    manage_main: use,
    showEntry: use,
    getLogEntries: use,
    getLogEntryById: use,
    getLogEntryAsText: use,
    forgetEntry: use,
    getProperties: use,
    setProperties: use,
    checkEventLogPermission: { permission: TO_EVENT_LOG },
    keep_entries: use,
    copy_to_zlog: use,
    manage_afterAdd: 'private',
    manage_beforeDelete: 'private',
  },
  signatures: {
    manage_main: 'manage_tabs_message=None',
    showEntry: 'id',
    getLogEntryById: 'id',
    getLogEntryAsText: 'id, RESPONSE=None',
    forgetEntry: 'id, REQUEST=None',
    setProperties: 'keep_entries, copy_to_zlog=0, ignored_exceptions=(), RESPONSE=None',
  },
});

registerProduct({
  metaType: 'Site Error Log',
  product: 'SiteErrorLog',
  permission: 'Add Site Error Log',
  fields: [],
  fixedId: 'error_log',
  allowedIn: (container) => !container.hasObject('error_log'),
  constructors: [
    {
      name: 'manage_addErrorLog',
      signature: 'REQUEST=None',
      add: (container, { request }) => {
        container._setObject('error_log', new SiteErrorLog());
        request?.response.redirect(
          `${container.absolute_url()}/manage_main?manage_tabs_message=Error+Log+Added.`,
        );
        return '';
      },
    },
  ],
});
