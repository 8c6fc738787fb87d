/** Mail Host: where mail goes that scripts and templates send (INVENTORY O-053). Here: its settings. */
import { registerClass } from '../../persistent/index.ts';
import { declareClass } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { HTTPRequest } from '../../publisher/index.ts';
import { mailHostPage } from '../zmi/mail-host.ts';
import { Item, ITEM_OPTIONS } from './item.ts';
import { registerProduct } from './products.ts';

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
    this.smtp_port = Number(smtp_port);
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

const change = { permission: 'Change configuration' };
declareClass(MailHost, {
  object: { permission: Permissions.view },
  published: ['manage_main'],
  changes: ['manage_makeChanges'],
  names: {
    manage_main: { permission: Permissions.viewManagementScreens },
    manage_makeChanges: change,
    smtp_pwd: 'private',
  },
  signatures: {
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
        container._setObject(id, new MailHost(id, title ?? '', host ?? 'localhost', Number(port ?? 25)));
      },
    },
  ],
});
