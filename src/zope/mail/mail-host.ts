/** Mail Host: where mail goes that scripts and templates send (INVENTORY O-053). */
import { aqAcquire, aqParent, registerClass } from '../../persistent/index.ts';
import { call, declareClass, str, ValueError } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { HTTPRequest } from '../../publisher/index.ts';
import { mailHostPage } from '../zmi/mail-host.ts';
import { sendAtCommit, sendNow } from './delivery.ts';
import { MailHostError } from './errors.ts';
import { composeMail } from './message.ts';
import { portFrom, portProblem } from './port.ts';
import { SmtpError, type SmtpServer } from './smtp.ts';
import { namesOf } from '../ofs/names.ts';
import { Item, ITEM_OPTIONS } from '../ofs/item.ts';
import { registerProduct } from '../ofs/products.ts';

const textOrNull = (value: unknown): string | null =>
  value === undefined || value === null || value === '' ? null : str(value);

/** Throws a ValueError for what is no port. */
function portOf(value: unknown): number {
  const port = portFrom(value);
  if (port === undefined) throw new ValueError(portProblem(value));
  return port;
}

export class MailHost extends Item {
  declare smtp_host: string;
  declare smtp_port: number;
  declare smtp_uid: string;
  declare smtp_pwd: string;
  declare force_tls: boolean;
  declare implicit_tls: boolean;
  declare smtp_queue: boolean;
  declare smtp_queue_directory: string;

  constructor(id = 'MailHost', title = '', host = 'localhost', port = 25) {
    super();
    this.id = id;
    this.title = title;
    this.smtp_host = host;
    this.smtp_port = port;
  }

  /**
   * Sends a mail when the transaction commits, or at once. `messageText` may begin with header lines, which the other arguments
   * override. Throws a `MailHostError` for a mail without recipients or sender, and for one that is to go at once and cannot.
   */
  send(
    messageText: unknown,
    mto?: unknown,
    mfrom?: unknown,
    subject?: unknown,
    encode?: unknown,
    immediate: unknown = false,
    _charset?: unknown,
    msg_type?: unknown,
  ): void {
    const to = namesOf(mto)
      .flatMap((each) => each.split(/,(?![^<"]*[>"])/))
      .map((each) => each.trim());
    const mail = composeMail({
      text: messageText instanceof Uint8Array ? Buffer.from(messageText).toString('utf8') : str(messageText),
      to: to.length === 0 ? null : to,
      from: textOrNull(mfrom),
      subject: textOrNull(subject),
      encode: textOrNull(encode),
      type: textOrNull(msg_type),
    });
    if (!immediate) {
      sendAtCommit(this._server(), mail);
      return;
    }
    try {
      sendNow(this._server(), mail);
    } catch (error) {
      if (error instanceof SmtpError) throw new MailHostError(error.message);
      throw error;
    }
  }

  simple_send(
    mto: unknown,
    mfrom: unknown,
    subject: unknown,
    body: unknown,
    immediate: unknown = false,
  ): void {
    this.send(`\n${str(body)}`, mto, mfrom, subject, undefined, immediate);
  }

  /** Sends what a template makes; it may write header lines first. Returns what `statusTemplate` makes of the outcome. */
  sendTemplate(
    messageTemplate: string,
    statusTemplate?: unknown,
    mto?: unknown,
    mfrom?: unknown,
    encode?: unknown,
    request?: unknown,
    immediate: unknown = false,
    charset?: unknown,
    msg_type?: unknown,
  ): unknown {
    const container = aqParent(this) as object;
    const run = (name: string) =>
      call(aqAcquire(container, name), [container, request instanceof HTTPRequest ? request : null]);
    const text = run(messageTemplate);
    let outcome: unknown = 'SEND OK';
    try {
      this.send(text, mto, mfrom, undefined, encode, immediate, charset, msg_type);
    } catch (error) {
      if (!(error instanceof MailHostError)) throw error;
      outcome = 'SEND FAILED';
      if (!statusTemplate) throw error;
    }
    return statusTemplate ? run(str(statusTemplate)) : outcome;
  }

  _server(): SmtpServer {
    return {
      host: this.smtp_host,
      port: this.smtp_port,
      user: this.smtp_uid ?? '',
      password: this.smtp_pwd ?? '',
      forceTls: Boolean(this.force_tls),
      implicitTls: Boolean(this.implicit_tls),
    };
  }

  override manage_main(message?: string): string {
    return mailHostPage(this, message);
  }

  manage_makeChanges(
    title: string,
    smtp_host: string,
    smtp_port: unknown,
    smtp_uid = '',
    smtp_pwd = '',
    smtp_queue: unknown = false,
    smtp_queue_directory = '/tmp',
    force_tls: unknown = false,
    implicit_tls: unknown = false,
    request?: unknown,
  ): unknown {
    this.title = title;
    this.smtp_host = smtp_host;
    this.smtp_port = portOf(smtp_port);
    this.smtp_uid = smtp_uid;
    // The form shows no password: an empty field keeps the one that is set.
    if (smtp_pwd !== '' || smtp_uid === '') this.smtp_pwd = smtp_pwd;
    this.force_tls = Boolean(force_tls);
    this.implicit_tls = Boolean(implicit_tls);
    this.smtp_queue = Boolean(smtp_queue);
    this.smtp_queue_directory = smtp_queue_directory;
    return request instanceof HTTPRequest ? this.manage_main('Saved changes.') : null;
  }
}

registerClass(MailHost, 'Products.MailHost.MailHost.MailHost', { python: true, acquires: 'implicit' });
Object.assign(MailHost.prototype, {
  meta_type: 'Mail Host',
  zmi_icon: 'far fa-envelope',
  smtp_host: 'localhost',
  smtp_port: 25,
  smtp_uid: '',
  smtp_pwd: '',
  force_tls: false,
  implicit_tls: false,
  smtp_queue: false,
  smtp_queue_directory: '/tmp',
  manage_options: [{ label: 'Edit', action: 'manage_main' }, ...ITEM_OPTIONS],
});

const use = { permission: 'Use mailhost services' };
const change = { permission: 'Change configuration' };
declareClass(MailHost, {
  object: { permission: Permissions.view },
  roles: { 'Use mailhost services': ['Anonymous', 'Manager'] },
  published: ['manage_main'],
  changes: ['manage_makeChanges'],
  names: {
    manage_main: { permission: Permissions.viewManagementScreens },
    manage_makeChanges: change,
    send: use,
    simple_send: use,
    sendTemplate: use,
    _server: 'private',
    smtp_pwd: 'private',
  },
  signatures: {
    send: 'messageText, mto=None, mfrom=None, subject=None, encode=None, immediate=False, charset=None, msg_type=None',
    simple_send: 'mto, mfrom, subject, body, immediate=False',
    sendTemplate:
      'messageTemplate, statusTemplate=None, mto=None, mfrom=None, encode=None, REQUEST=None, immediate=False, charset=None, msg_type=None',
    manage_makeChanges:
      "title, smtp_host, smtp_port, smtp_uid='', smtp_pwd='', smtp_queue=False, smtp_queue_directory='/tmp', force_tls=False, implicit_tls=False, REQUEST=None",
  },
});

registerProduct({
  metaType: 'Mail Host',
  product: 'MailHost',
  permission: 'Add MailHost objects',
  fields: ['smtp'],
  form: 'addMailHost_form',
  constructors: [
    {
      name: 'manage_addMailHost',
      signature:
        "id, title='', smtp_host='localhost', localhost='localhost', smtp_port=25, timeout=1.0, REQUEST=None",
      add: (
        container,
        _context,
        id: string,
        title?: string,
        host?: string,
        _local?: unknown,
        port?: unknown,
      ) => {
        container._setObject(id, new MailHost(id, title ?? '', host ?? 'localhost', portOf(port ?? 25)));
      },
    },
  ],
});
