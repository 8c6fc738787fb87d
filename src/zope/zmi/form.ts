/** A page that is one form of plain fields, with what is known below it. */
import { type Managed, renderPage, urlOf } from './page.ts';

export interface FormField {
  readonly label: string;
  readonly name: string;
  /** The text of the field, or whether it is checked. */
  readonly value: string | boolean;
  readonly type?: 'text' | 'number' | 'password';
  /** Shown in a fixed-width font. */
  readonly code?: boolean;
}

export interface FormPage {
  /** The method that the form is sent to; empty for the object itself. */
  readonly action: string;
  readonly method?: 'get' | 'post';
  readonly intro?: string;
  readonly fields: readonly FormField[];
  readonly button?: string;
  /** The tab that is shown as the current one. */
  readonly tab: string;
  readonly heads?: readonly string[];
  readonly rows?: readonly (readonly string[])[];
}

export function formPage(object: Managed & object, page: FormPage, message?: string): string {
  const rows = page.rows ?? [];
  return renderPage(
    object,
    'form',
    {
      action: page.action === '' ? urlOf(object) : `${urlOf(object)}/${page.action}`,
      method: page.method ?? 'post',
      intro: page.intro ?? null,
      fields: page.fields.map(({ label, name, value, type = 'text', code = false }) => ({
        label,
        name,
        value: value === false ? null : value,
        checkbox: typeof value === 'boolean',
        type,
        class: code ? 'code' : null,
      })),
      button: page.button ?? 'Save changes',
      heads: page.heads ?? [],
      rows: rows.length === 0 ? null : rows.map((row) => [...row]),
    },
    { message, tab: page.tab },
  );
}
