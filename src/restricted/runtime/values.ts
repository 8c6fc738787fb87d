/** The value classes of `pickle/` that Python's operators know beside numbers, texts and containers. */
export {
  Complex,
  DateError,
  DateSyntaxError,
  DateTime,
  DateTimeError,
  Ellipsis,
  NotImplemented,
  Range,
  Slice,
  TimeError,
} from '../../pickle/index.ts';
