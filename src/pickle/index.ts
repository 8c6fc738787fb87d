export { BLANK, NO_BLANK, strip, stripEnd, words } from './blanks.ts';
export {
  DateError,
  DateSyntaxError,
  DateTime,
  DateTimeError,
  setDefaultDateFormat,
  TimeError,
  Timezones,
} from './datetime/index.ts';
export {
  type Decoder,
  type Encoder,
  type Encoding,
  findEncoding,
  isNoTextEncoding,
  SIMPLE_ESCAPES,
} from './encodings/index.ts';
export {
  BadValueError,
  PickleError,
  PicklingError,
  UnpicklableError,
  type UnpicklingCode,
  UnpicklingError,
} from './errors.ts';
export { type Reduction, registerValueClass } from './value-classes.ts';
export { Pickler, type PicklerOptions } from './pickler.ts';
export { Unpickler, type UnpicklerOptions } from './unpickler.ts';
export { strftime, type TimeFields } from './strftime.ts';
export { ByteArray } from './values/bytearray.ts';
export { Counter, DefaultDict, Deque, OrderedDict, Range, Slice } from './values/collections.ts';
export { Complex } from './values/complex.ts';
export { PyDate, PyDatetime, PyTime } from './values/datetime.ts';
export { Decimal } from './values/decimal.ts';
export { Dict } from './values/dict.ts';
export { float, isFloat, PyFloat } from './values/float.ts';
export { Fraction } from './values/fraction.ts';
export { int, isInt, type PyInt } from './values/int.ts';
export { isHashable, KEY, normalKey } from './values/key.ts';
export { Ellipsis, GlobalRef, Instance, NotImplemented, PersistentRef, Reduce } from './values/references.ts';
export { FrozenSet, PySet } from './values/set.ts';
export { Timedelta } from './values/timedelta.ts';
export { Timezone } from './values/timezone.ts';
export { Tuple, tuple, tupleFrom } from './values/tuple.ts';
export { UUID } from './values/uuid.ts';
