/** The page of an error that nobody made a page for. */

/** For text between tags. */
export const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** For attributes as well. */
export const escapeHtml = (text: string): string =>
  escapeText(text).replaceAll('"', '&quot;').replaceAll("'", '&#x27;');

/** Both are HTML. */
export const errorPage = (title: string, detail: string): string => `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>Site Error</title>
<style>:root{color-scheme:light dark}body{font:17px/1.6 system-ui,sans-serif;max-width:38rem;margin:12vh auto;padding:0 1.5rem}</style>
</head>
<body>
<h2>Site Error</h2>
<p>An error was encountered while publishing this resource.</p>
<p><strong>${title}</strong></p>

${detail}
</body></html>`;
