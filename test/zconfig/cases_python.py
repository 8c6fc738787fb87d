"""What the scripts of this folder share: texts for each datatype, and how values and errors are shown."""
import datetime
import math
import os
import urllib.request

import ZConfig
from ZConfig.datatypes import SocketAddress
from ZConfig.matcher import SectionValue

VALUES = {
    'boolean': ['yes', 'no', 'on', 'off', 'true', 'false', 'True', 'OFF', 'yES', '1', '0', 'y', 'enable', 'on off', 'o n', ''],
    'integer': ['0', '7', '-3', '+5', '007', '1_000', '1__0', '_1', '1_', '0x10', '1e3', '1.0', '٣', '１２', '--1', '+ 1', '9007199254740993', '-9007199254740992',
                '123456789012345678901234567890', '-0', '- 1', '1 2', '', '²', '0b1', '1L', '1,000', "it's", 'a"b', 'a\'b"c', 'back\\slash', 'tab\there', 'é', '\u200b1'],
    'float': ['0', '1.5', '-2.', '.5', '+.5e1', '1e5', '1E-5', 'inf', '-Infinity', 'NaN', '+nan', '1_0.5', '1_.5', '1._5', '1e_5', '1e1_0', '٣.٥', 'e5', '.', '1.5.2', 'infin', '0x1p3',
              '1e400', '-0.0', '1e16', '9007199254740993', 'nan()', '-', "x'y", '12 3', '100000000000000000000'],
    'string': ['plain', 'two words', 'a  b   c', '"quoted"', "it's", '# not a comment', 'a # b', '<x>', '%define', 'tab\there', 'é ü 日本', '\u00a0nbsp', '=x', '', 'x\x1cy', 'x\u2028y', '\ufeffx',
               'x\x0by', 'x\x0cy', 'x\x85y', 'x\x1fy', '\x00nul'],
    'string-list': ['a', 'a b', 'a\tb  c', 'a,b', '', 'a\u00a0b', 'a\x1cb', 'a\ufeffb', 'a\u3000b', 'x\x85y', 'a\u200bb', 'a\u180eb'],
    'null': ['x', 'None', '', 'x y'],
    'locale': ['C', 'POSIX', '', 'xx_NoWhere', 'c', 'C.UTF-8'],
    'port-number': ['0', '80', '65535', '65536', '-1', '080', 'http', '1_0', '٨٠', '99999999999999999999', '+8', '1.5', ''],
    'basic-key': ['a', 'Ab-c', 'a.b_c', '1a', '-a', 'a b', 'é', 'A1', 'a:', '', 'aé', 'K'],
    'identifier': ['a', '_a', 'Ab1', '1a', 'a-b', 'é', '__', 'a.b', '', 'a b'],
    'dotted-name': ['a', 'a.b', 'a.b.c', '.a', 'a.', 'a..b', 'A._b', '1.a', 'a-b', ''],
    'dotted-suffix': ['a', 'a.b', '.a', '.a.b', '.', '..a', '.a.', 'a.', '.1', 'a.b.', ''],
    'inet-address': ['80', 'host', 'host:80', ':80', 'host:', 'Host.Example:8080', '[::1]:80', '::1', '[::1]', '[::1]:', 'a:b', 'a:99999', 'a b', '0', '-1', '70000', 'a:-1', ':', '::', '[FE80::1]:7', 'fe80::1:80',
                     'a b:80', '', '1.2.3.4', '1.2.3.4:5', '[a]:1', ']:1', '[x:1', '*:80', '8_0', 'h: 80', 'h :80', 'HOST:٣', '[]:5', 'a:b:c', '[::1]]:4'],
    'ipaddr-or-hostname': ['1.2.3.4', '255.255.255.255', '256.1.1.1', '01.02.03.04', '001.2.3.4', '1.2.3', 'localhost', 'a', 'ab', 'A-b.C', '_x', '-x', 'x-', 'x.', 'a_b', '::1', '::', ':', ':::', 'fe80::1', '1::2::3',
                           '::ffff:1.2.3.4', 'abcd:', '12345::', 'ABCD::EF', '1.2.3.4:', 'a:b', 'beef:', 'fe80::1%eth0', 'é', '٣.1.1.1', '1.2.3.4.5', 'a..b', '1a', '', 'a b', '::1.2.3', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8:9',
                           '1:2:3:4:5:6:7::', '::1:2:3:4:5:6:7:8', '1:2:3:4:5:6:1.2.3.4', '::256.1.1.1', '::01.2.3.4', '0:0:0:0:0:0:0:00001'],
    'existing-directory': ['@HERE@/dir', '@HERE@/dir/', '@HERE@/dir/file.txt', '@HERE@/none', '@HERE@', '/', '', '@HERE@/dir/link', '@HERE@/dir/broken', '@HERE@/dir/../dir', '@HERE@/dir/file.txt/x', '~', '~/', '~nobodyknows/x', '~root', '~root/', '~~'],
    'existing-dirpath': ['@HERE@/dir/new', '@HERE@/none/new', 'plain', '@HERE@/dir/', '@HERE@/none/', '/x', '@HERE@/dir/file.txt/x', '~/x', '~/nowhere-at-all/x', '', '@HERE@//dir//new', '~root/x', '//x', '@HERE@/dir/link/x', '@HERE@/dir/broken/x', './x', '../x', '@HERE@/dir/file.txt/'],
    'byte-size': ['0', '10', '1kb', '2MB', '3Gb', '1.5mb', '1 kb', 'kb', '1k', '1b', '-1kb', '1_0kb', '10 MB', '٣kb', '1tb', '99999999gb', '', 'mb', '+1kb', '1kbkb', '9007199254740993', '9999999999gb'],
    'time-interval': ['0', '10', '1s', '2M', '3h', '4D', '1.5h', '1 h', 'h', '1w', '1h30m', '-1s', '5 ', '٣m', '', '1_0m', '99999999999999d', 's'],
    'timedelta': ['1w', '2d 3h', '4h 5m 6s', '1.5h', '-1d', '1d 2d', '', '5', '1W', '1 h', 'h', '1e3s', '1d,2h', '0.00001s', '1_0s', '1d\t2h', 'infs', 'nans', '1e300w', '0.1s 0.2m', '0.0000005s', '0.0000015s', '1.0000005s', '٣h', '999999999d', '1000000000d', '-999999999d', '1e9d', '0.1d', '0.3w', '1x', '7y 5z'],
}
VALUES['inet-binding-address'] = VALUES['inet-connection-address'] = VALUES['inet-address']
VALUES['socket-address'] = VALUES['socket-binding-address'] = VALUES['socket-connection-address'] = VALUES['inet-address'] + ['/tmp/sock', 'a/b', './x', 'a/b:80', '[::1]/x', 'C:\\x', 'a\\b']
VALUES['existing-path'] = VALUES['existing-file'] = VALUES['existing-directory'] + ['/dev/null']
DATATYPES = sorted(VALUES)


def shown(v, here, mask='${HERE}', other=None):
    """A value as suite `zconfig` shows it; `other` shows what is of no type of ZConfig."""
    if other is not None:
        found = other(v)
        if found is not None:
            return found
    if isinstance(v, bool) or v is None:
        return v
    if isinstance(v, str):
        return v.replace(here, mask)
    if isinstance(v, int):
        return v if abs(v) <= 2 ** 53 - 1 else {'@int': str(v)}
    if isinstance(v, float):
        return v if math.isfinite(v) else {'@float': 'nan' if v != v else 'inf' if v > 0 else '-inf'}
    if isinstance(v, datetime.timedelta):
        return {'@timedelta': v.total_seconds()}
    if isinstance(v, SocketAddress):
        return {'@family': v.family.name, '@address': shown(v.address, here, mask, other)}
    if isinstance(v, (list, tuple)):
        return [shown(x, here, mask, other) for x in v]
    if isinstance(v, dict):
        return {k: shown(x, here, mask, other) for k, x in v.items()}
    if isinstance(v, SectionValue):
        own = {a: shown(getattr(v, a), here, mask, other) for a in v.getSectionAttributes()}
        if v.getSectionType() is None:
            return own
        return {'@type': v.getSectionType(), '@name': v.getSectionName(), **own}
    raise TypeError(repr(v))


def path_of(url, here):
    if url and url.startswith('file://'):
        path = os.path.relpath(urllib.request.url2pathname(url[7:]), here)
        return '' if path == '.' else path
    return url or None


def essential(message):
    for start in ('error opening', 'could not load package', 'import name does not', 'illegal schema component'):
        if message.startswith(start):
            return []
    return [message]


def error_of(e, here, mask='${HERE}'):
    if not isinstance(e, ZConfig.ConfigurationError):
        return {'type': type(e).__name__, 'message': str(e).replace(here, mask)}
    message = str(getattr(e, 'message', e)).replace(here, mask)
    # For options of a command line ZConfig takes the parts of the place in another order.
    place = [getattr(e, name, None) for name in ('lineno', 'url')]
    lineno = next((x for x in place if isinstance(x, int) and x >= 0), None)
    url = next((x for x in place if isinstance(x, str)), None)
    return {'type': type(e).__name__, 'message': message, 'line': lineno, 'file': path_of(url, here), 'essential': essential(message)}
