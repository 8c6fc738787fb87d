/** `dtml-sendmail`: a mail whose text is what stands in the tag, header lines first (INVENTORY T-085). */
import { getSecurityManager } from '../../access/index.ts';
import { wrap } from '../../persistent/index.ts';
import { call, getattr } from '../../restricted/index.ts';
import {
  type DtmlBlockTag,
  DtmlParseError,
  parseDtmlParameters,
  registerDtmlTag,
  renderDtmlParts,
} from '../../templates/index.ts';
import { MailHost } from './mail-host.ts';

const KNOWN = {
  mailhost: null,
  mailto: null,
  mailfrom: null,
  subject: null,
  smtphost: null,
  port: '25',
  encode: null,
} as const;
const MAX_PORT = 65_535;

function portOf(text: string): number {
  const port = text === '' ? 25 : Number(text);
  if (!/^\d*$/.test(text) || port < 1 || port > MAX_PORT)
    throw new DtmlParseError(
      `The port of a mail server is a number from 1 to ${MAX_PORT}, not "${text}"`,
      '',
    );
  return port;
}

/** A mail host for a server that no mail host of the site stands for. It counts as being where the running template is, so that the permissions there hold. */
function hostFor(server: string, port: number, client: unknown): unknown {
  const host = new MailHost('', '', server, port);
  const place = getSecurityManager().stack.at(-1) ?? client;
  return typeof place === 'object' && place !== null ? wrap(host, place) : host;
}

const sendmailBlock: DtmlBlockTag = {
  continuations: [],
  make([section]) {
    const parameters = parseDtmlParameters(section!.args, KNOWN);
    const given = (name: string) => String(parameters.get(name) ?? '');
    const direct = parameters.has('smtphost') && !parameters.has('mailhost');
    const server = direct ? given('smtphost') : given('mailhost') || given('');
    if (server === '') throw new DtmlParseError('No mailhost was specified in tag', '');
    const encode = parameters.has('encode') ? given('encode') : null;
    if (encode !== null && encode !== 'base64' && encode !== 'quoted-printable')
      throw new DtmlParseError(`An unsupported encoding, "${encode}" was specified in tag`, '');
    for (const name of ['mailto', 'mailfrom', 'subject'])
      if (/[\r\n]/.test(given(name)))
        throw new DtmlParseError(`The attribute ${name} becomes a header of a mail, which has one line`, '');
    const port = portOf(given('port'));
    return (namespace) => {
      const host = direct ? hostFor(server, port, namespace.client) : namespace.get(server);
      const text = renderDtmlParts(section!.parts, namespace);
      call(getattr(host, 'send'), [text, given('mailto'), given('mailfrom'), given('subject'), encode]);
      return ' ';
    };
  },
};
registerDtmlTag('sendmail', sendmailBlock);
