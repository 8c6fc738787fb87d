/** The edit page of content with a text or an upload. */
import type { File } from '../ofs/file.ts';
import type { Item } from '../ofs/item.ts';
import type { PageTemplateFile } from '../../templates/index.ts';
import { renderPage, renderTemplate, sizeText } from './page.ts';

/** A page of the management interface: a template that fills the layout's slot `main`. */
export function managePage(
  object: Item,
  template: PageTemplateFile,
  variables: readonly (readonly [string, unknown])[],
  message: string | undefined,
): string {
  return renderTemplate(object, template, Object.fromEntries(variables), { message, tab: 'manage_main' });
}

export interface EditFields {
  /** The method that the form is sent to. */
  readonly action: string;
  /** Name of the text field; `text` unless told. */
  readonly textField?: string;
  /** The method that takes an uploaded file alone, where `action` does not take one. */
  readonly uploadAction?: string;
  readonly contentType?: string;
  /** Of a file. */
  readonly precondition?: string;
  /** Of a script. */
  readonly parameters?: string;
  readonly text: string | null;
  readonly upload: boolean;
  readonly size: number;
  /** URL of an image to show. */
  readonly preview?: string;
  readonly errors?: readonly string[];
  readonly tab?: string;
}

export function editPage(object: Item | File, fields: EditFields, message?: string): string {
  return renderPage(
    object,
    'edit',
    {
      action: fields.action,
      textField: fields.textField ?? 'text',
      uploadAction: fields.uploadAction,
      ownUpload: fields.upload && fields.uploadAction === undefined,
      contentType: fields.contentType,
      precondition: fields.precondition,
      hasPrecondition: fields.precondition !== undefined,
      parameters: fields.parameters,
      hasParameters: fields.parameters !== undefined,
      text: fields.text,
      editable: fields.text !== null,
      preview: fields.preview,
      errors: fields.errors === undefined || fields.errors.length === 0 ? null : [...fields.errors],
      sizeText: sizeText(fields.size),
    },
    { message, tab: fields.tab ?? 'manage_main' },
  );
}
