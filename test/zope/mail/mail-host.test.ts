import { configure, reset } from '@logtape/logtape';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { TransactionManager, withTransactionManager } from '../../../src/transaction/index.ts';
import { MailHostError } from '../../../src/zope/mail/errors.ts';
import { MailHost } from '../../../src/zope/mail/mail-host.ts';
import { composeMail, type MailParts } from '../../../src/zope/mail/message.ts';
import '../../../src/zope/ofs/index.ts';
import { MailServer } from './mail-server.ts';

let server: MailServer;

beforeAll(async () => {
  server = await MailServer.start();
});
beforeEach(() => void (server.received.length = 0));
afterAll(() => server.stop());

const host = () => new MailHost('MailHost', '', '127.0.0.1', server.port);

function inTransaction(work: (manager: TransactionManager) => void): void {
  const manager = new TransactionManager();
  manager.begin();
  withTransactionManager(manager, () => work(manager));
}

it('sends mail when the transaction commits, and none when it aborts', async () => {
  inTransaction((manager) => {
    host().send('lost', 'to@site.example', 'from@site.example', 'Lost');
    manager.abort();
    manager.begin();
    host().send('kept', 'to@site.example, Other <other@site.example>', 'From <from@site.example>', 'Kept');
    const before = manager.savepoint();
    host().send('rolled back', 'to@site.example', 'from@site.example', 'Back');
    before.rollback();
    manager.commit();
  });
  const [mail, ...others] = await server.mails(1);
  expect(others).toEqual([]);
  expect(mail).toMatchObject({ from: 'from@site.example', to: ['to@site.example', 'other@site.example'] });
  expect(mail!.data).toContain('Subject: Kept\r\n');
  expect(mail!.data.endsWith('\r\n\r\nkept')).toBe(true);
});

it('sends at once what is immediate, whatever becomes of the transaction', async () => {
  inTransaction((manager) => {
    host().send('now', 'to@site.example', 'from@site.example', 'Now', undefined, true);
    manager.abort();
  });
  expect((await server.mails(1))[0]!.data).toContain('Subject: Now\r\n');
});

it('makes the commit fail when no mail server answers', () => {
  inTransaction((manager) => {
    new MailHost('MailHost', '', '127.0.0.1', 1).send('x', 'to@site.example', 'from@site.example', 'S');
    expect(() => manager.commit()).toThrow(/ECONNREFUSED/);
    manager.abort();
  });
});

it('tells who sends at once that the server refuses the mail', () => {
  inTransaction(() => {
    expect(() => host().send('x', 'nobody@site.example', 'from@site.example', 'S', undefined, true)).toThrow(
      MailHostError,
    );
  });
});

it('reports a mail that the server refuses after the commit in the log, and sends the others', async () => {
  const told: string[] = [];
  await configure({
    sinks: { told: (record) => void told.push(`${record.level}: ${record.message.join('')}`) },
    loggers: [
      { category: 'MailDataManager', sinks: ['told'], lowestLevel: 'warning' },
      { category: ['logtape', 'meta'], sinks: [] },
    ],
  });
  inTransaction((manager) => {
    for (const to of ['nobody@site.example', 'to@site.example'])
      host().send('text', to, 'from@site.example', 'Subject');
    manager.commit();
  });
  await reset();
  expect(told).toEqual([
    expect.stringMatching(/^error: a mail from from@site\.example to nobody@site\.example was not taken: /),
  ]);
  expect((await server.mails(1)).map(({ to }) => to)).toEqual([['to@site.example']]);
});

const compose = (parts: Partial<MailParts>) =>
  composeMail({
    text: 'text',
    to: ['to@site.example'],
    from: 'from@site.example',
    subject: null,
    encode: null,
    type: null,
    ...parts,
  });
const textOf = (parts: Partial<MailParts>) => Buffer.from(compose(parts).bytes).toString();

it('takes header lines of the text, which arguments override', () => {
  const text =
    'To: a@site.example, "B, C" <b@site.example>\nBcc: hidden@site.example\nSubject: In text\nX-Mark: 1\n\nbody';
  const mail = compose({ text, to: null, from: 'from@site.example' });
  expect(mail.to).toEqual(['a@site.example', 'b@site.example', 'hidden@site.example']);
  const written = Buffer.from(mail.bytes).toString();
  expect(written).toContain('Subject: In text\r\n');
  expect(written).toContain('X-Mark: 1\r\n');
  expect(written).not.toContain('hidden');
  expect(textOf({ text, subject: 'Given' })).toContain('Subject: Given\r\n');
});

it('writes other characters so that every server takes them', () => {
  const written = textOf({ text: 'Grüße', subject: 'Grüße', from: 'Jürgen <from@site.example>' });
  // oxlint-disable-next-line no-control-regex
  expect(written).toMatch(/^[\u0000-\u007f]*$/);
  expect(written).toContain('Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n');
  expect(written).toContain('From: =?utf-8?B?SsO8cmdlbg==?= <from@site.example>\r\n');
  expect(written).toContain('Gr=C3=BC=C3=9Fe');
});

it.each([
  ['a subject', { subject: 'a\r\nBcc: victim@site.example' }],
  ['a sender', { from: 'a@b\r\nX: y' }],
  ['a recipient', { to: ['a@b\nX: y'] }],
])('lets no line end into %s', (_what, parts) => {
  expect(() => compose(parts)).toThrow(/one line/);
});

it('refuses mail to nobody and from nobody', () => {
  expect(() => compose({ to: [] })).toThrow(new MailHostError('No message recipients designated'));
  expect(() => compose({ from: null })).toThrow(new MailHostError("Message missing SMTP Header 'From'"));
});

it('takes a port as a number or as its digits, and nothing else', () => {
  const mail = host();
  mail.manage_makeChanges('', 'localhost', '2525');
  expect(mail.smtp_port).toBe(2525);
  for (const wrong of ['smtp', '', '-1', '65536', 2.5, null])
    expect(() => mail.manage_makeChanges('', 'localhost', wrong), String(wrong)).toThrow(
      'The port of a mail server is a number from 1 to 65535',
    );
  expect(mail.smtp_port).toBe(2525);
});
