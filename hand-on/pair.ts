import type { SecretAccessKey } from '../shared/core/redacted.ts';
import { smtpPassword } from '../shared/core/smtp.ts';

/** A key that proved to be the user's, on its way to its destinations. */
export interface Pair {
  accessKeyId: string;
  secret: SecretAccessKey;
  userName: string;
  accountId: string;
}

/** What a field of a destination is to hold. Called where it is sent, and nowhere else. */
export function fieldValue({ accessKeyId, secret, userName, accountId }: Pair, field: string): string {
  const [name, region = ''] = field.split('.');
  switch (name) {
    case 'accessKeyId':
      return accessKeyId;
    case 'secretAccessKey':
      return secret.reveal();
    case 'userName':
      return userName;
    case 'accountId':
      return accountId;
    case 'smtpPassword':
      return smtpPassword(secret.reveal(), region);
    default:
      throw new Error(`There is no field ${field}.`);
  }
}

/** JSON of several fields. */
export function jsonOf(
  pair: Pair,
  fields: Readonly<Record<string, string>>,
  constants: Readonly<Record<string, unknown>> = {},
): string {
  const values = Object.entries(fields).map(([name, field]) => [name, fieldValue(pair, field)]);
  return JSON.stringify({ ...constants, ...Object.fromEntries(values) });
}
