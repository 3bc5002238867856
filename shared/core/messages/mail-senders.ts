import { smtpField } from '../smtp.ts';
import { userTagNames } from '../user-settings.ts';
import type { Notice } from './notice.ts';
import { type Block, text } from './text.ts';

/* Whoever sends mail by SMTP of SES has no AWS profile: a user name and a password change with the key. */

/** As IAM names SES where it says what a key was last used for. */
const MAIL_SERVICES: readonly string[] = ['email', 'ses', 'ses-smtp'];

const DERIVED =
  'the SMTP user name is the new access key ID, and the SMTP password must be derived again from the new secret access ' +
  'key, for each Region: https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html';

/** Of a new key. */
export function smtp(notice: Notice): Block[] {
  const stored = smtpInSecret(notice);
  if (stored.length > 0) return stored;
  if (hasRegions(notice)) return [text(`The user sends mail by SMTP of SES, and both change: ${DERIVED}`)];
  if (!MAIL_SERVICES.includes(notice.lastUsed?.service ?? '')) return [];
  return [text(`The old key was last used to send mail by SES. If that is by SMTP, both change: ${DERIVED}`)];
}

/** Where the secret has the passwords; it may be older than the tag, which nobody sees who does not read it. */
export function smtpInSecret({ secretName, smtpRegions = [] }: Notice): Block[] {
  if (secretName === undefined || smtpRegions.length === 0) return [];
  return [
    text(
      'The user sends mail by SMTP of SES, so this changes too: the SMTP user name is the access key ID in the secret, ' +
        'and the SMTP password of each Region stands beside it, in a field of its own:',
    ),
    { list: smtpRegions.map(smtpField) },
    text(
      `A field is missing if its Region was added to the tag ${userTagNames.sesSmtpRegions} after this key was issued: ` +
        'the next key has it.',
    ),
  ];
}

function hasRegions({ smtpRegions = [] }: Notice): boolean {
  return smtpRegions.length > 0;
}
