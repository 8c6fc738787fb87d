/** Random dates, and what to ask of them; cases of the suite `datetime`. The same seed gives the same cases. */
import type { Random } from '../../restricted/programs.ts';

export interface DateCase {
  readonly new?: readonly unknown[];
  readonly kw?: { readonly datefmt: string };
  readonly state?: unknown;
  readonly calls: readonly unknown[][];
}

export const LOCAL_ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Sydney',
  'Pacific/Auckland',
  'America/Sao_Paulo',
];

type Make = (r: Random) => string;
const two = (n: number) => String(n).padStart(2, '0');
const chance = (r: Random, oneOf: number) => r.below(oneOf) === 0;
const between = (r: Random, low: number, high: number) => low + r.below(high - low + 1);

const MONTHS = [
  'Jan',
  'January',
  'feb',
  'February',
  'Mar',
  'MARCH',
  'Apr.',
  'April',
  'May',
  'Jun',
  'June',
  'Jul',
  'July',
  'aug',
  'August',
  'Sep',
  'Sept',
  'Sept.',
  'September',
  'Oct',
  'October',
  'Nov.',
  'November',
  'Dec',
  'December',
];
const DAYS = [
  'Mon',
  'Monday',
  'Tue',
  'Tues.',
  'Wed',
  'thu',
  'Thur',
  'Thurs',
  'Friday',
  'Sat.',
  'SUN',
  'Sunday',
  'Saturday',
];
const ZONES = [
  'UTC',
  'GMT',
  'Z',
  'GMT+1',
  'GMT-5',
  'GMT+0130',
  'GMT+12',
  'US/Eastern',
  'us/pacific',
  'EST',
  'EDT',
  'CET',
  'MET',
  'PST',
  'PDT',
  'Europe/London',
  'Europe/Berlin',
  'Asia/Tokyo',
  'Asia/Kolkata',
  'Australia/Sydney',
  'America/New_York',
  'Brazil/East',
  'Nowhere/Here',
  '+0200',
  '-0530',
  '+02:00',
  'GMT+01:00',
  'Etc/GMT+5',
  'BST',
  'IST',
  'Canada/Atlantic',
  'MST',
  'CST6CDT',
  'EST5EDT',
  'JST',
  'WET',
  'EET',
  'MSK',
  'gmt+2',
  'GMT+3',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'Africa/Cairo',
  'GB',
  'Eire',
  'Cuba',
  'W-SU',
  'GMT+13',
  'GMT-0800',
  'SST',
  'Atlantic/Azores',
  'UCT',
  'Zulu',
];

function year(r: Random): number {
  return chance(r, 5)
    ? r.pick([
        0, 1, 44, 69, 70, 99, 100, 999, 1000, 1582, 1899, 1900, 1901, 1968, 1969, 1970, 2037, 2038, 2039,
        2100, 2500, 9999,
      ])
    : between(r, 1890, 2060);
}
const month = (r: Random) => (chance(r, 25) ? r.pick([0, 13, 31]) : between(r, 1, 12));
const day = (r: Random) => (chance(r, 12) ? r.pick([0, 29, 30, 31, 32]) : between(r, 1, 28));
const plainYear: Make = (r) => (chance(r, 6) ? two(r.below(100)) : String(year(r)));

const clock: Make = (r) => {
  const h = chance(r, 15) ? r.pick([0, 12, 23, 24, 25]) : r.below(24);
  const m = chance(r, 15) ? r.pick([0, 59, 60, 61]) : r.below(60);
  const s = chance(r, 15) ? r.pick([0, 59, 60, 61]) : r.below(60);
  const fraction = r.pick([
    '',
    '',
    '',
    '.5',
    '.25',
    '.123',
    '.123456',
    '.999999',
    '.9999999',
    '.1234567',
    '.000001',
    '.0',
  ]);
  return r.pick([
    `${two(h)}:${two(m)}:${two(s)}${fraction}`,
    `${two(h)}:${two(m)}:${two(s)}`,
    `${two(h)}:${two(m)}`,
    `${h}:${m}`,
    `${1 + (h % 12)}:${two(m)}:${two(s)} ${r.pick(['am', 'pm', 'AM', 'PM', 'p.m.', 'pm.'])}`,
    `${1 + (h % 12)}:${two(m)}${r.pick([' am', ' pm', 'pm', 'AM'])}`,
    `${1 + (h % 12)} ${r.pick(['am', 'pm'])}`,
    `${1 + (h % 12)}${r.pick(['am', 'pm'])}`,
    String(h),
    `${two(h)}.${two(m)}.${two(s)}`,
  ]);
};

const numericDate: Make = (r) => {
  const d = r.pick(['/', '-', '.', ' ', '/', '-', ',', ':', '+']);
  const [y, mo, dd] = [plainYear(r), month(r), day(r)];
  const [a, b] = chance(r, 2) ? [two(mo), two(dd)] : [String(mo), String(dd)];
  return r.pick([
    `${y}${d}${a}${d}${b}`,
    `${a}${d}${b}${d}${y}`,
    `${b}${d}${a}${d}${y}`,
    `${y}${d}${b}${d}${a}`,
    `${a}${d}${y}${d}${b}`,
    `${a}${d}${b}`,
    `${y}${d}${a}`,
    y,
  ]);
};
const wordDate: Make = (r) => {
  const [y, mo, dd] = [plainYear(r), r.pick(MONTHS), day(r)];
  const weekday = chance(r, 3) ? `${r.pick(DAYS)}${r.pick([' ', ', ', ' , '])}` : '';
  return (
    weekday +
    r.pick([
      `${dd} ${mo} ${y}`,
      `${mo} ${dd}, ${y}`,
      `${mo} ${dd} ${y}`,
      `${dd}-${mo}-${y}`,
      `${y} ${mo} ${dd}`,
      `${mo} ${y}`,
      `${mo} ${dd}`,
      `${dd} ${mo}`,
      `${y}-${mo}-${dd}`,
      `${dd}${mo}${y}`,
      `${dd}/${mo}/${y}`,
      mo,
      `${mo}, ${y}`,
      `${mo}.${dd}.${y}`,
      `${dd}. ${mo} ${y}`,
    ])
  );
};
const isoDate: Make = (r) => {
  const y = String(year(r)).padStart(4, '0');
  const dash = r.pick(['-', '-', '']);
  return r.pick([
    `${y}${dash}${two(month(r))}${dash}${two(day(r))}`,
    `${y}${dash}${two(month(r))}${dash}${two(day(r))}`,
    `${y}${dash}${two(month(r))}`,
    y,
    `${y}${dash}W${two(between(r, 0, 54))}${dash}${r.below(9)}`,
    `${y}${dash}W${two(between(r, 1, 53))}`,
    `${y}${dash}${String(between(r, 0, 367)).padStart(3, '0')}`,
  ]);
};
const isoTime: Make = (r) => {
  const [h, m, s] = [
    two(r.below(chance(r, 10) ? 26 : 24)),
    two(r.below(chance(r, 10) ? 62 : 60)),
    two(r.below(60)),
  ];
  const colon = r.pick([':', ':', '']);
  const fraction = r.pick([
    '',
    '',
    '',
    '.5',
    ',5',
    '.123',
    '.123456',
    '.999999',
    '.9999995',
    ',25',
    '.1234567',
  ]);
  const offset = r.pick([
    '',
    '',
    'Z',
    'Z',
    '+00:00',
    '-05:00',
    '+0530',
    '+02',
    '-3',
    '+1',
    '+5:30',
    '-00:30',
    '+12:45',
    '-1130',
    ' UTC',
    ' GMT+2',
    '+14:00',
    '+2400',
  ]);
  return `${r.pick(['T', 'T', ' ', 't', '  '])}${r.pick([`${h}${colon}${m}${colon}${s}${fraction}`, `${h}${colon}${m}${colon}${s}${fraction}`, `${h}${colon}${m}${fraction}`, `${h}${fraction}`])}${offset}`;
};

/** A text for the constructor. */
const text: Make = (r) => {
  let made = r.pick<Make>([
    (r) => isoDate(r) + isoTime(r),
    isoDate,
    (r) => `${numericDate(r)}${r.pick([' ', ' ', '  ', '-', 'T'])}${clock(r)}`,
    numericDate,
    (r) => `${wordDate(r)}${r.pick([' ', ' ', ', '])}${clock(r)}`,
    (r) => `${clock(r)} ${wordDate(r)}`,
    wordDate,
    (r) => `${numericDate(r)} ${clock(r)}`,
  ])(r);
  if (chance(r, 3)) made += r.pick([' ', ' ', '', '  ']) + r.pick(ZONES);
  if (chance(r, 12))
    made =
      r.pick([' ', '\n', '\t', '']) +
      made +
      r.pick([' ', '\n', '', ' x', '.', ',', '/', ' -', ' é', ' 5', '\u00a0', ' 1999']);
  return made;
};

const fraction = (r: Random) =>
  r.pick([0, 0.5, 0.25, 0.1, 0.123456, 0.999999, 0.9999999, 0.000001, 0.0000004, 0.001, 0.7]);
const float = (n: number) => ({ $float: pyFloat(n) });
function pyFloat(n: number): string {
  if (Number.isInteger(n) && Math.abs(n) < 1e16) return n.toFixed(1);
  return String(n);
}

function argumentsOf(r: Random): unknown[] {
  const zone = r.pick([...ZONES, 'UTC', 'UTC', 'US/Eastern', 'GMT+1']);
  return r.pick<(r: Random) => unknown[]>([
    (r) => [text(r)],
    (r) => [text(r)],
    (r) => [text(r)],
    (r) => [text(r)],
    (r) => [float(between(r, -3_000_000_000, 4_000_000_000) + fraction(r)), ...(chance(r, 2) ? [zone] : [])],
    (r) => [between(r, -3_000_000_000, 4_000_000_000), ...(chance(r, 2) ? [zone] : [])],
    (r) => [
      r.pick([
        0,
        -1,
        1,
        86399,
        { $float: '0.1' },
        { $float: '-0.5' },
        { $float: '1e9' },
        { $int: '99999999999' },
        -62135596800,
      ]),
      ...(chance(r, 2) ? [zone] : []),
    ],
    (r) => [
      year(r),
      r.pick([1, 0, 32, 366, -1, 60, { $float: '1.5' }, { $float: '100.123' }, between(r, -500, 800)]),
    ],
    (r) => {
      const all: unknown[] = [
        r.pick([year(r), year(r), r.below(100)]),
        month(r),
        day(r),
        chance(r, 20) ? r.pick([-1, 24, 25]) : r.below(24),
        chance(r, 20) ? r.pick([-1, 60]) : r.below(60),
        chance(r, 3) ? float(r.below(60) + fraction(r)) : r.below(chance(r, 20) ? 62 : 60),
        r.pick(ZONES),
      ];
      if (chance(r, 30)) all.push('x');
      return all.slice(0, 3 + r.below(6));
    },
    (r) => [
      {
        $datetime: `${String(between(r, 1, 9999)).padStart(4, '0')}-${two(between(r, 1, 12))}-${two(between(r, 1, 28))}T${two(r.below(24))}:${two(r.below(60))}:${two(r.below(60))}${r.pick(['', '.123456', '.500000', '.000001'])}${r.pick(['', '+00:00', '+02:00', '-05:30', '+05:45'])}`,
      },
    ],
    (r) => [
      {
        $date: `${between(r, 1900, 2050)}/${between(r, 1, 12)}/${between(r, 1, 28)} ${two(r.below(24))}:${two(r.below(60))}:${two(r.below(60))} ${r.pick(['UTC', 'US/Eastern', 'GMT+1'])}`,
      },
    ],
    (r) => [
      r.pick<unknown>([
        '',
        ' ',
        'x',
        [],
        { $tuple: [] },
        true,
        'now',
        '2024',
        '24',
        '1/2',
        '/',
        '.5',
        ':',
        '1:2:3:4',
        'a b',
        { $bytes: 'eA==' },
        { $dict: [] },
        [1],
      ]),
    ],
    (r) => [text(r), r.pick<unknown>(['UTC', 1, 'x'])],
  ])(r);
}

const PARTS = [
  'year',
  'month',
  'day',
  'hour',
  'minute',
  'second',
  'millis',
  'micros',
  'timezone',
  'tzoffset',
  'dayOfYear',
  'week',
  'dow',
  'dow_1',
  'h_12',
  'h_24',
  'ampm',
  'yy',
  'mm',
  'dd',
  'isLeapYear',
  'JulianDay',
  'parts',
  'Month',
  'aMonth',
  'pMonth',
  'Mon',
  'Mon_',
  'Day',
  'DayOfWeek',
  'aDay',
  'pDay',
  'Day_',
  'Date',
  'Time',
  'TimeMinutes',
  'AMPM',
  'AMPMMinutes',
  'PreciseTime',
  'PreciseAMPM',
  'rfc822',
  'fCommon',
  'fCommonZ',
  'aCommon',
  'aCommonZ',
  'pCommon',
  'pCommonZ',
  'ISO',
  'ISO8601',
  'HTML4',
  'timeTime',
  'timezoneNaive',
  'toUTC',
  'earliestTime',
  'latestTime',
  'asdatetime',
  'utcdatetime',
  'str',
  'repr',
  'int',
  'float',
  'state',
  'new',
  'bool',
];

/** What the C library takes between the sign and the letter. */
const FLAGS = ['', '', '', '-', '_', '0', '^', '#', '-^', '_0', '0_#'];
const WIDTHS = ['', '', '', '1', '5', '12'];
const MODIFIERS = ['', '', '', 'E', 'O'];
const ISO_WEEK =
  'a A b B c d H I j m M p S U w W x X y Y Z z % C D e F g G h k l n P r R s t T u V f N q'.split(' ');
const other = (r: Random): unknown =>
  r.pick<unknown>([
    {
      $date:
        `${between(r, 1900, 2050)}/${between(r, 1, 12)}/${between(r, 1, 28)} ${r.pick(['UTC', 'US/Eastern', 'GMT+1', ''])}`.trim(),
    },
    { $date: '2024/02/29 12:30:15.5 UTC' },
    1,
    0,
    { $float: '0.5' },
    { $float: '1.25' },
    -30,
    366,
    null,
    '1',
    'x',
    '0.5',
    true,
    { $float: '1e9' },
    { $float: '-0.000001' },
    { $float: '0.333333' },
    [],
    { $datetime: '2024-02-29T12:30:15' },
    { $datetime: '2024-02-29T12:30:15+02:00' },
    between(r, -40000, 40000),
  ]);

function callOf(r: Random): unknown[] {
  return r.pick<(r: Random) => unknown[]>([
    (r) => [r.pick(PARTS)],
    (r) => [r.pick(PARTS)],
    (r) => [
      'strftime',
      Array.from(
        { length: 1 + r.below(3) },
        () =>
          `${r.pick(['', '[', ' ', 'é', '%%', '-'])}%${r.pick(FLAGS)}${r.pick(WIDTHS)}${r.pick(MODIFIERS)}${r.pick(ISO_WEEK)}`,
      ).join(''),
    ],
    (r) => [r.pick(['format']), r.pick(['', '%Y', '%d.%m.%Y %H:%M', 'x', '%B', '%Z'])],
    (r) => [r.pick(['+', '-', '+', '-', 'r+']), other(r)],
    (r) => [r.pick(['<', '<=', '>', '>=', '==', '!=']), other(r)],
    (r) => [
      r.pick(['greaterThan', 'greaterThanEqualTo', 'equalTo', 'notEqualTo', 'lessThan', 'lessThanEqualTo']),
      other(r),
    ],
    (r) => [
      'toZone',
      r.pick(ZONES),
      '|',
      r.pick(['str', 'parts', 'ISO8601', 'tzoffset', 'rfc822', 'earliestTime', 'state', 'HTML4', 'timezone']),
    ],
    (r) => [
      r.pick(['+', '-']),
      r.pick([
        1,
        { $float: '0.1' },
        { $float: '0.5' },
        -1,
        { $float: '1.123456789' },
        365,
        { $float: '0.041666666666666664' },
      ]),
      '|',
      r.pick(PARTS),
    ],
    (r) => [r.pick(['earliestTime', 'latestTime', 'toUTC', 'new']), '|', r.pick(PARTS)],
    () => ['hash==', { $date: '2024/02/29 12:30:15 UTC' }],
    (r) => [r.pick(['nope', '%d.%m', '%H'])],
  ])(r);
}

/** A case about a feature: what is made, or what is asked. */
export function dateCase(r: Random): DateCase {
  const calls = [
    ['str'],
    ['parts'],
    ['timezoneNaive'],
    ...Array.from({ length: 3 + r.below(4) }, () => callOf(r)),
  ];
  if (chance(r, 12))
    return {
      state: r.pick<unknown>([
        {
          $tuple: [
            between(r, -2_000_000_000, 2_000_000_000) * 1_000_000 + r.below(1_000_000),
            r.pick([true, false]),
            r.pick(['UTC', 'US/Eastern', 'GMT+1', 'Europe/Berlin']),
          ],
        },
        { $tuple: [{ $float: '1709209815.25' }, false, 'UTC'] },
        {
          $dict: [
            ['_amon', 'Feb'],
            ['_timezone_naive', false],
            ['_millis', 1709209815000],
            ['_tz', 'UTC'],
          ],
        },
        {
          $dict: [
            ['_millis', between(r, -2_000_000_000, 2_000_000_000) * 1000],
            ['_tz', r.pick(['UTC', 'US/Eastern'])],
            ['_year', 2024],
          ],
        },
      ]),
      calls,
    };
  const kw = chance(r, 6) ? { kw: { datefmt: r.pick(['international', 'us']) } } : {};
  return { new: argumentsOf(r), ...kw, calls };
}
