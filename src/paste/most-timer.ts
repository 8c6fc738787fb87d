/** The longest time that Node's timers take, in milliseconds; a longer one would be over at once. */
export const MOST_TIMER_MS = 2 ** 31 - 1;
