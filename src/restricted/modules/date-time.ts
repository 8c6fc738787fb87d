/** `DateTime.DateTime` for scripts. */
import { Dict, isFloat } from '../../pickle/index.ts';
import { chargeSteps } from '../runtime/budget.ts';
import { BuiltinFunction } from '../runtime/builtin-function.ts';
import { registerBuiltin } from '../runtime/builtins.ts';
import { registerForeignError } from '../runtime/errors.ts';
import { asInt } from '../runtime/numbers.ts';
import { registerType } from '../runtime/types.ts';
import { DateError, DateSyntaxError, DateTime, DateTimeError, TimeError } from '../runtime/values.ts';
import { registerModule } from './registry.ts';

registerForeignError(DateTimeError, 'DateTimeError');
registerForeignError(DateSyntaxError, 'SyntaxError');
registerForeignError(DateError, 'DateError');
registerForeignError(TimeError, 'TimeError');

/** Characters of a date, a format or a zone. */
const LONGEST = 1000;

const isDate = (v: unknown): v is DateTime => v instanceof DateTime;
const isNumber = (v: unknown): boolean => asInt(v) !== undefined || isFloat(v);

function construct(args: unknown[], kwargs: Dict<string, unknown> | undefined): DateTime {
  const format = kwargs?.get('datefmt');
  chargeSteps(8);
  // A date is a short text; what reads it is not made for others.
  for (const arg of args) short(arg);
  return format === undefined || format === null
    ? new DateTime(...args)
    : DateTime.withFormat(format as 'us' | 'international', ...args);
}

function short(text: unknown): unknown {
  chargeSteps(8);
  if (typeof text === 'string' && text.length > LONGEST) throw new DateSyntaxError(text.slice(0, LONGEST));
  return text;
}

const type = registerType(DateTime, {
  attributes: 'all',
  operators: {
    add: (self, other) => (isNumber(other) ? self.__add__(other) : undefined),
    radd: (self, other) => (isNumber(other) ? self.__add__(other) : undefined),
    sub: (self, other) => (isNumber(other) || isDate(other) ? self.__sub__(other) : undefined),
    eq: (self, other) => (isDate(other) || isNumber(other) ? self.__eq__(other) : undefined),
    lt: (self, other) => (isDate(other) || isNumber(other) ? self.lessThan(other) : undefined),
    le: (self, other) => (isDate(other) || isNumber(other) ? self.lessThanEqualTo(other) : undefined),
    str: (self) => self.__str__(),
    repr: (self) => self.__repr__(),
    format: (self, spec) => self.__format__(spec),
    hash: (self) => self.__hash__(),
    int: (self) => self.__int__(),
    float: (self) => Number(self.__float__()),
    getattr: (self, name) => {
      const found = self.__getattr__(name);
      return found === undefined ? undefined : new BuiltinFunction(name, '', found);
    },
  },
  methods: {
    strftime: ['format', (self, format: unknown) => self.strftime(short(format) as string)],
    toZone: ['z', (self, zone: unknown) => self.toZone(short(zone) as string)],
  },
  construct,
});

registerModule(
  'DateTime',
  { DateTime: type },
  { denied: ['Timezones', 'DateError', 'TimeError', 'DateTimeError', 'SyntaxError'] },
);
registerBuiltin('DateTime', type);
