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
import { portFrom, portProblem } from './port.ts';

const DEFAULT_PORT = '25';
const KNOWN = {
  mailhost: null,
  mailto: null,
  mailfrom: null,
  subject: null,
  smtphost: null,
  port: DEFAULT_PORT,
  encode: null,
} as const;

function portOf(text: string): number {
  const port = portFrom(text || DEFAULT_PORT);
  if (port === undefined) throw new DtmlParseError(portProblem(text), '');
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
