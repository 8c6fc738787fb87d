export { DateTime, setDefaultDateFormat, Timezones } from './date-time.ts';
export { DateError, DateSyntaxError, DateTimeError, TimeError } from './errors.ts';
