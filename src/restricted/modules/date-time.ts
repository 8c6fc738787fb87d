/** `DateTime.DateTime` for scripts. */
import { BadValueError, Dict, isFloat } from '../../pickle/index.ts';
import { chargeSteps } from '../runtime/budget.ts';
import { BuiltinFunction } from '../runtime/builtin-function.ts';
import { registerBuiltin } from '../runtime/builtins.ts';
import { registerForeignError, TypeError, ValueError } from '../runtime/errors.ts';
import { asInt } from '../runtime/numbers.ts';
import { registerType, typeName } from '../runtime/types.ts';
import { DateError, DateSyntaxError, DateTime, DateTimeError, TimeError } from '../runtime/values.ts';
import { registerModule } from './registry.ts';

registerForeignError(DateTimeError, 'DateTimeError');
registerForeignError(DateSyntaxError, 'SyntaxError');
registerForeignError(DateError, 'DateError');
registerForeignError(TimeError, 'TimeError');
registerForeignError(BadValueError, 'ValueError', ValueError);

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

/** Dates are compared with dates, numbers and None; as in Python, others are refused as what cannot be compared with the seconds. */
function ordered(other: unknown, operator = '<'): true {
  if (other === null || isDate(other) || isNumber(other)) return true;
  throw new TypeError(`'${operator}' not supported between instances of 'int' and '${typeName(other)}'`);
}

const type = registerType(DateTime, {
  attributes: 'all',
  operators: {
    add: (self, other) => self.__add__(short(other)),
    radd: (self, other) => self.__add__(short(other)),
    sub: (self, other) => self.__sub__(other),
    eq: (self, other) => (isDate(other) || isNumber(other) ? self.__eq__(other) : undefined),
    lt: (self, other, operator) => ordered(other, operator) && self.lessThan(other),
    le: (self, other, operator) => ordered(other, operator) && self.lessThanEqualTo(other),
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
