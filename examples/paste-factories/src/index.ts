import { type AppFactory, booleanOption, type FilterFactory, readOptions, textOption } from 'zope-ts/paste';

/** `npm:paste-factories-example`: an application that greets. */
export const main: AppFactory = (globalConf, localConf) => {
  const { greeting, loud } = readOptions(localConf, {
    greeting: textOption('Hello'),
    loud: booleanOption(false),
  });
  const site = globalConf['site_title'] ?? 'an unnamed site';
  return (request) => {
    const text = `${greeting} from ${site}: ${new URL(request.url).pathname}`;
    return new Response(loud ? text.toUpperCase() : text, {
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    });
  };
};

/** `npm:paste-factories-example#stamp`: a filter that adds a header to every answer. */
export const stamp: FilterFactory = (_globalConf, localConf) => {
  const { header, value } = readOptions(localConf, { header: textOption('X-Stamp'), value: textOption() });
  return (app) => async (request) => {
    const response = await app(request);
    const headers = new Headers(response.headers);
    headers.set(header, value);
    return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
  };
};
