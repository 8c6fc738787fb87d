/** Where the original answers by accident, or this package otherwise by choice: each with the reason. */
import type { WireRequest } from './both-sites.ts';
import type { Difference } from './compare-answers.ts';

/** By what the request says and by what the sides answer. */
interface Accident {
  readonly reason: string;
  holds(difference: Difference): boolean;
}

const bodies = ({ expected, actual }: Difference) => `${expected.body}\n${actual.body}`;

const ACCIDENTS: readonly Accident[] = [
  {
    reason: 'a method that every record has is of a class of its own',
    holds: (difference) => /builtin_function_or_method/.test(bodies(difference)) && sameStatus(difference),
  },
  {
    reason: 'what a DateTime lacks is told by its name alone',
    holds: (difference) =>
      /'DateTime' object has no attribute/.test(bodies(difference)) && sameStatus(difference),
  },
  {
    reason:
      'bytes of a form that hold markup: Python quotes them twice or as it shows bytes, or fails on its own object for them',
    holds: ({ request, expected }) =>
      /:bytes=/.test(lineAndBody(request)) &&
      (expected.status === 500 || /&amp;(?:lt|gt|quot);|b'/.test(expected.body)),
  },
  {
    reason:
      'what is no text in UTF-8 cannot be quoted for an address by Python; here it is a replacement character',
    holds: ({ expected }) => /UnicodeEncodeError.*surrogates not allowed/.test(expected.body),
  },
  {
    reason:
      'the error page for a page of the management interface is called without the error’s message by Python',
    holds: ({ expected, actual }) =>
      expected.body.includes('|-|') && expected.body.replace('|-|', '||') === actual.body,
  },
  {
    reason: 'below a view Python finds no page with all that it is told',
    holds: ({ request, expected, actual }) =>
      request.target.includes('@@') && expected.status === actual.status && /\|-\|/.test(expected.body),
  },
  {
    reason: 'an error page that fails, or takes its error for a text, for a page of the management interface',
    holds: ({ request, expected, actual }) =>
      request.ownPage === true &&
      !request.target.startsWith('/work/') &&
      expected.status === actual.status &&
      expected.status >= 400,
  },
  {
    reason: 'a hook for virtual hosts that is published: Python asks for its first argument',
    holds: ({ request }) => /\/virtual_hosting\/?(?:\?.*)?$/.test(request.target),
  },
  {
    reason: 'a range of more last bytes than there are, and one of nothing, begin before the file in Python',
    holds: ({ expected }) => (expected.headers['content-range'] ?? '').startsWith('bytes -'),
  },
  {
    reason:
      'what was written and a body that is returned are both sent; Python tells the length of the body alone, and the server cuts there',
    holds: ({ request, expected, actual }) =>
      programOf(request).includes('["write"') &&
      (actual.body.startsWith(expected.body) ||
        Number(expected.headers['content-length']) < Number(actual.headers['content-length'])),
  },
  {
    reason: 'a number that is returned under a type that is no text: Python sends as many zero bytes',
    holds: ({ expected }) =>
      // oxlint-disable-next-line no-control-regex
      /^\u0000+$|cannot fit 'int'|negative count/.test(expected.body),
  },
  {
    reason:
      'UTF-16: each piece has a byte order mark of its own in Python, and the deflate of Node is another one',
    holds: ({ request, expected }) => /charset=utf-16/.test(programOf(request)) && expected.body !== '',
  },
  {
    reason: 'a cookie whose value is no text is refused when it is set; Python fails when the answer is sent',
    holds: ({ actual }) => /the value of a cookie must be str or bytes/.test(actual.body),
  },
  {
    reason: 'how many arguments a method takes is told in other words',
    holds: (difference) =>
      sameStatus(difference) && /TypeError\|.*positional ar/.test(difference.expected.body),
  },
  {
    reason: 'a title that the charset cannot encode: a question mark here, a failure in Python',
    holds: ({ request, expected }) =>
      programOf(request).includes('"title"') && /UnicodeEncodeError/.test(expected.body),
  },
  {
    reason: 'a title that is several texts: Python’s own page fails on it',
    holds: ({ request, expected }) =>
      request.method === 'POST' && /'tuple' object has no attribute 'replace'/.test(expected.body),
  },
  {
    reason:
      'below a page of the management interface there is nothing: Python asks for the rights of the page first',
    holds: ({ request, expected, actual }) =>
      /\/manage_\w+\/[^/?]/.test(request.target) && expected.status === 401 && actual.status === 404,
  },
  {
    reason: 'an unknown charset is missed before anything else in Python',
    holds: ({ request, expected }) =>
      /charset=unknown/.test(programOf(request)) && expected.raised === 'LookupError',
  },
  {
    reason: 'the location of an exception that leads elsewhere is quoted here',
    holds: ({ expected, actual }) =>
      actual.headers['location'] !== undefined &&
      decodeURI(actual.headers['location']).replaceAll(/[\r\n]/g, '') === expected.headers['location'],
  },
  {
    reason:
      'a name that is there and no page is told by its name in Python; here it is not told from what is not there',
    holds: ({ expected, actual }) =>
      expected.status === 404 &&
      actual.status === 404 &&
      /^NotFound\|[\w.]+\|/.test(expected.body) &&
      actual.body.startsWith('NotFound|http'),
  },
  {
    reason: 'files as texts differ by their addresses in Python',
    holds: (difference) =>
      sameStatus(difference) &&
      /FileUpload object/.test(difference.expected.body) &&
      /:default/.test(lineAndBody(difference.request)),
  },
  {
    reason: 'a HEAD of what is missing, where the error page fails: Python tells less of it',
    holds: ({ request, expected, actual }) =>
      request.method === 'HEAD' && request.target.includes('/failing') && expected.status === actual.status,
  },
  {
    reason: 'a virtual host in the middle of nothing: Python fails on its own variable',
    holds: ({ expected }) => /cannot access local variable/.test(expected.body),
  },
  {
    reason: 'Node’s deflate makes some bytes more or less, which decides whether a short body is packed',
    holds: ({ request, expected, actual }) =>
      programOf(request).includes('enableHTTPCompression') &&
      expected.body === actual.body &&
      expected.status === actual.status,
  },
];

/** The program that a request for /do carries. */
const programOf = ({ target }: WireRequest) => (target.includes('/do?p') ? decodeURIComponent(target) : '');
const lineAndBody = ({ target, body }: WireRequest) => `${target} ${body?.toString('latin1') ?? ''}`;
const sameStatus = ({ expected, actual }: Difference) => expected.status === actual.status;

/** Why a difference is none that matters; undefined: it is one. */
export function accidentOf(difference: Difference): string | undefined {
  return ACCIDENTS.find((accident) => accident.holds(difference))?.reason;
}
