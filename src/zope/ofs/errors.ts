/** Exceptions of content management, under Python's names. */
import { Exception, registerException } from '../../restricted/index.ts';

/** An object cannot be copied, moved or renamed; the message is Python's. */
export class CopyError extends Exception {
  readonly code = 'COPY_ERROR';
}

/** No revision of an object's history was selected, or too many. */
export class HistorySelectionError extends Exception {
  readonly code = 'HISTORY_SELECTION';
}

registerException(CopyError, 'CopyError');
registerException(HistorySelectionError, 'HistorySelectionError');
