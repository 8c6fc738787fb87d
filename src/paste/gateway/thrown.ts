/** What was thrown, as an error: code may throw anything, also what has no text. */
export function errorOf(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  try {
    return new Error(String(thrown));
  } catch {
    return new Error('something without a text was thrown');
  }
}
