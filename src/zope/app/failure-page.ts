/** The pages of an error that no page of the site answers: a number for visitors, everything for who develops the site. */
import { escapeHtml, type FailurePage } from '../../paste/index.ts';
import type { HTTPRequest } from '../../publisher/index.ts';
import { BudgetError, PyError, str } from '../../restricted/index.ts';
import { renderPlacesOf } from '../../templates/index.ts';
import { errorNumberOf } from './error-log.ts';
import { type SourceFrame, sourceFrames } from './source-frames.ts';

/** What visitors see: the number under which the log has the whole story, and nothing else. */
export function numberPage(error: unknown): FailurePage | undefined {
  const number = errorNumberOf(error);
  if (number === undefined) return undefined;
  return {
    text: `Error number: ${number}`,
    html: () =>
      page(
        'Something went wrong',
        `<p>This page could not be made. What happened is in the log of this site, under the number</p>
<p class="number">${escapeHtml(number)}</p>
<p>Please tell it to those who look after the site.</p>`,
      ),
  };
}

/** What a developer sees in debug mode: the error with its causes, the frames with their code, the request. */
export function debugPage(error: unknown, request: HTTPRequest): FailurePage {
  const number = errorNumberOf(error);
  return {
    text: number === undefined ? 'See the log.' : `Error number: ${number}`,
    html: () => {
      const chain: unknown[] = [];
      for (let at = error; at !== undefined && at !== null && !chain.includes(at); at = causeOf(at))
        chain.push(at);
      const parts = chain.map((each, index) => errorPart(each, index > 0));
      return page(
        `${nameOf(error)} at ${request.ACTUAL_URL || request.URL}`,
        `${parts.join('')}${number === undefined ? '' : `<p>Number in the log: ${escapeHtml(number)}</p>`}
<details><summary>The request</summary>${request.__str__()}</details>`,
      );
    },
  };
}

/** Its own name: scripts' names of TypeScript's errors would mislead here. */
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'Exception');

const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined);

function errorPart(error: unknown, isCause: boolean): string {
  const text = error instanceof PyError ? str(error) : error instanceof Error ? error.message : String(error);
  const title = `<h2>${isCause ? '<small>caused by</small> ' : ''}${escapeHtml(nameOf(error))}: ${escapeHtml(text)}</h2>`;
  if (!(error instanceof Error)) return title;
  const frames = sourceFrames(error);
  // The first frame of the site's own code is open; those of the library can be opened.
  const first = Math.max(
    0,
    frames.findIndex((frame) => !frame.library),
  );
  return `${title}${places(error)}<ol>${frames.map((frame, index) => framePart(frame, index === first)).join('')}</ol>`;
}

/** Where templates and scripts were, innermost first, before the frames of TypeScript. */
function places(error: Error): string {
  const templates = renderPlacesOf(error).map(
    ({ filename, line, column, expression, excerpt }) =>
      `<p>In <code>${escapeHtml(filename)}</code>, line ${line}, column ${column}: <code>${escapeHtml(expression)}</code></p>
<pre>${escapeHtml(excerpt)}</pre>`,
  );
  const scripts =
    error instanceof PyError || error instanceof BudgetError
      ? error.traceback
          .toReversed()
          .map(
            ({ filename, line, function: name }) =>
              `<p>In <code>${escapeHtml(filename)}</code>, line ${line}, in <code>${escapeHtml(name)}</code></p>`,
          )
      : [];
  return [...templates, ...scripts].join('\n');
}

function framePart({ name, file, line, column, code, library }: SourceFrame, open: boolean): string {
  const lines = code
    .map(
      ({ number, text, here }) =>
        `<span${here ? ' class="here"' : ''}>${String(number).padStart(5)}  ${escapeHtml(text)}</span>`,
    )
    .join('\n');
  const summary = `<code>${escapeHtml(name)}</code> ${escapeHtml(file)}:${line}:${column}`;
  return `<li${library ? ' class="library"' : ''}>${
    code.length === 0
      ? summary
      : `<details${open ? ' open' : ''}><summary>${summary}</summary><pre>${lines}</pre></details>`
  }</li>`;
}

const page = (title: string, body: string): string => `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 8vh auto; padding: 0 1.5rem }
.number { font: 1.6rem ui-monospace, monospace }
pre { overflow-x: auto; padding: .6rem; border: 1px solid #8886; border-radius: 6px; font-size: .85rem }
.here { background: #fc36; font-weight: bold }
.library { opacity: .65 }
small { font-weight: normal }
th { text-align: left; vertical-align: top; padding-right: 1rem }
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${body}
</body>
</html>
`;
