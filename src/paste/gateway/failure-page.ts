/** What an application has to say about an error that it lets out, for the server that answers in its place. */

export interface FailurePage {
  /** For clients that do not ask for HTML: a line, such as the number of the error. */
  readonly text: string;
  /** A whole document, made when it is sent. */
  html(): string;
}

const pages = new WeakMap<object, FailurePage>();

/** Keeps a page with an error on its way up the pipeline. */
export function setFailurePage(error: unknown, page: FailurePage): void {
  if (typeof error === 'object' && error !== null) pages.set(error, page);
}

export function failurePageOf(error: unknown): FailurePage | undefined {
  return typeof error === 'object' && error !== null ? pages.get(error) : undefined;
}
