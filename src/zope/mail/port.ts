/** The port of a mail server. */
const MAX_PORT = 65_535;

/** The port that a number or its digits name; undefined when it is none from 1 to 65535. */
export function portFrom(value: unknown): number | undefined {
  const text = String(value).trim();
  const port = /^\d+$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= MAX_PORT ? port : undefined;
}

export const portProblem = (value: unknown): string =>
  `The port of a mail server is a number from 1 to ${MAX_PORT}, not "${String(value)}"`;
