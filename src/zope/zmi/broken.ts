/** The page of an object whose class is not there. */
import type { BrokenItem } from '../ofs/broken.ts';
import { renderPage } from './page.ts';

export function brokenPage(object: BrokenItem, message?: string): string {
  return renderPage(
    object,
    'facts',
    {
      facts: [
        { label: 'Class', value: object._className() },
        { label: 'State', value: 'The class is not known here. The object is kept as it is.' },
      ],
      links: [],
    },
    { message, tab: 'manage_main' },
  );
}
