import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { permissionAttribute } from '../../../src/access/index.ts';
import { tuple } from '../../../src/pickle/index.ts';
import { checkSource, DtmlParseError, DtmlProgram } from '../../../src/templates/index.ts';
import { DTMLMethod } from '../../../src/zope/dtml/dtml-method.ts';
import { MailHost } from '../../../src/zope/mail/mail-host.ts';
import { TestSite } from '../ofs/test-site.ts';
import { MailServer } from './mail-server.ts';

let server: MailServer;
let site: TestSite;

beforeAll(async () => {
  server = await MailServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.received.length = 0;
  site = new TestSite();
  site.change((app) => app._setObject('MailHost', new MailHost('MailHost', '', '127.0.0.1', server.port)));
});
afterEach(() => site.close());

const FROM_AND_TO = 'mailto="to@site.example, Other <other@site.example>" mailfrom="from@site.example"';

/** What a visitor gets who asks for a DTML Method with this source. */
function shown(source: string, query = '') {
  site.change((app) => app._setObject('page', new DTMLMethod('page', source)));
  return site.request(`/page${query}`);
}

const problemOf = (source: string): string => {
  try {
    DtmlProgram.compile(source, { name: 'page' });
  } catch (error) {
    if (error instanceof DtmlParseError) return error.message;
    throw error;
  }
  return '';
};

describe('dtml-sendmail', () => {
  it('sends its text by a mail host of the site, to whom the attributes tell', async () => {
    const { status, body } = await shown(
      `[<dtml-sendmail mailhost="MailHost" ${FROM_AND_TO} subject="Hello">\n\nDear <dtml-var who>\n</dtml-sendmail>]`,
      '?who=reader',
    );
    expect([status, body]).toEqual([200, '[ ]']);
    const [mail] = await server.mails(1);
    expect(mail).toMatchObject({ from: 'from@site.example', to: ['to@site.example', 'other@site.example'] });
    expect(mail!.data).toContain('Subject: Hello\r\n');
    expect(mail!.data).toContain('\r\n\r\nDear reader');
  });

  it('takes headers from its text up to an empty line, and a mail host by its name alone', async () => {
    await shown(
      '<dtml-sendmail MailHost>\nTo: <dtml-var who>\nFrom: from@site.example\nSubject: In text\nX-Mark: 1\n\nSubject: no header\n</dtml-sendmail>',
      '?who=to@site.example',
    );
    const [mail] = await server.mails(1);
    expect(mail!.to).toEqual(['to@site.example']);
    expect(mail!.data).toMatch(/^Subject: In text\r$/m);
    expect(mail!.data).toMatch(/^X-Mark: 1\r$/m);
    expect(mail!.data).toContain('\r\n\r\nSubject: no header');
  });

  it.each([
    ['base64', 'R3LDvMOfZQ'],
    ['quoted-printable', 'Gr=C3=BC=C3=9Fe'],
  ])('encodes as %s', async (encode, text) => {
    await shown(`<dtml-sendmail MailHost ${FROM_AND_TO} encode="${encode}">\n\nGrüße</dtml-sendmail>`);
    const [mail] = await server.mails(1);
    expect(mail!.data).toContain(`Content-Transfer-Encoding: ${encode}\r\n`);
    expect(mail!.data).toContain(text);
  });

  it('sends by a server that it names itself', async () => {
    const { status } = await shown(
      `<dtml-sendmail smtphost="127.0.0.1" port="${server.port}" ${FROM_AND_TO} subject="Direct">\n\nx</dtml-sendmail>`,
    );
    expect(status).toBe(200);
    expect((await server.mails(1))[0]!.data).toContain('Subject: Direct\r\n');
  });

  it('sends nothing when the request fails after it', async () => {
    const failing = `<dtml-sendmail MailHost ${FROM_AND_TO} subject="Lost">\n\nx</dtml-sendmail>`;
    await expect(shown(`${failing}<dtml-raise ValueError>no</dtml-raise>`)).rejects.toThrow('no');
    site.change((app) => app._delObject('page'));
    await shown(failing.replace('Lost', 'Kept'));
    expect((await server.mails(1)).map(({ data }) => /^Subject: (.*)\r$/m.exec(data)?.[1])).toEqual(['Kept']);
  });

  it.each([
    ['by a mail host', () => 'MailHost'],
    ['by a server', () => `smtphost="127.0.0.1" port="${server.port}"`],
  ])('is refused to who may not use mail hosts, %s', async (_how, where) => {
    site.change((app) =>
      Object.assign(app, { [permissionAttribute('Use mailhost services')]: tuple('Manager') }),
    );
    site.addUser('boss', ['Manager']);
    const source = `<dtml-sendmail ${where()} ${FROM_AND_TO} subject="S">\n\nx</dtml-sendmail>`;
    expect((await shown(source)).status).toBe(401);
    expect(server.received).toEqual([]);
    expect((await site.request('/page', { user: 'boss' })).status).toBe(200);
    expect(await server.mails(1)).toHaveLength(1);
  });

  it.each([
    ['', 'No mailhost was specified in tag'],
    [' mailhost=""', 'No mailhost was specified in tag'],
    [' subject="x"', 'No mailhost was specified in tag'],
    [' MailHost encode="x"', 'An unsupported encoding, "x" was specified in tag'],
    [' MailHost foo="x"', 'Invalid attribute name, "foo"'],
    [' MailHost mailto', 'Attribute mailto requires a value'],
    [' smtphost="x" port="y"', 'The port of a mail server is a number from 1 to 65535, not "y"'],
    [' smtphost="x" port="70000"', 'The port of a mail server is a number from 1 to 65535, not "70000"'],
    [
      ' MailHost mailto="a@b\nBcc: c@d"',
      'The attribute mailto becomes a header of a mail, which has one line',
    ],
  ])('is refused with attributes%s', (args, problem) => {
    const message = problemOf(`one\n<dtml-sendmail${args}>\n</dtml-sendmail>`);
    expect(message).toContain(`${problem}, for tag <dtml-sendmail${args}>, on line `);
  });

  it('is no tag of SQL methods', () => {
    const compile = () =>
      DtmlProgram.compile('<dtml-sendmail MailHost></dtml-sendmail>', { name: 'q', sql: true });
    expect(compile).toThrow(/Unexpected tag/);
  });

  it('is known to who checks templates', () => {
    const text = '<dtml-sendmail MailHost>\na</dtml-sendmail>\n<dtml-sendmail></dtml-sendmail>';
    expect(checkSource({ kind: 'DTML', name: 'page', text })).toEqual([
      expect.objectContaining({
        line: 3,
        rule: 'ParseError',
        reason: expect.stringContaining('No mailhost was specified') as string,
      }),
    ]);
  });
});
