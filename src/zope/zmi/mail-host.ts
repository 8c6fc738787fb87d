/** The page of a mail host. */
import type { MailHost } from '../mail/mail-host.ts';
import { renderPage } from './page.ts';

export function mailHostPage(host: MailHost, message?: string): string {
  return renderPage(
    host,
    'mail-host',
    {
      host: host.smtp_host,
      port: String(host.smtp_port),
      uid: host.smtp_uid,
      forceTls: host.force_tls,
      implicitTls: host.implicit_tls,
    },
    { message, tab: 'manage_main' },
  );
}
