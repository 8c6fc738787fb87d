import { Exception, registerException } from '../../restricted/index.ts';

/** A mail has no recipients or no sender, or could not be handed to the mail server. */
export class MailHostError extends Exception {
  readonly code = 'MAIL_HOST_ERROR';
}
registerException(MailHostError, 'MailHostError');
