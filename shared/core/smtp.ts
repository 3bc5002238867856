import { createHmac } from 'node:crypto';
import { userTagNames } from './user-settings.ts';

/*
 * Sending mail by SMTP of SES: the user name there is the access key ID, and the password is made of the secret access
 * key and the Region. So it changes with the key, and only who sees the secret access key can make it.
 */

/** With an SMTP endpoint, says https://docs.aws.amazon.com/general/latest/gr/ses.html; other pages of AWS name more. */
const published: readonly string[] = (
  'ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 ' +
  'eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-gov-east-1 us-gov-west-1 us-west-1 us-west-2'
).split(' ');

/** Of a password for one Region, the only kind that AWS still hands out. */
const VERSION = 4;

/** https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html */
export function smtpPassword(secretAccessKey: string, region: string): string {
  let key = Buffer.from(`AWS4${secretAccessKey}`);
  for (const text of ['11111111', region, 'ses', 'aws4_request', 'SendRawEmail']) {
    key = createHmac('sha256', key).update(text).digest();
  }
  return Buffer.concat([Buffer.of(VERSION), key]).toString('base64');
}

/** In the secret. Flat, since not every program that reads secrets goes into objects. */
export const smtpField = (region: string): string => `SmtpPassword_${region}`;

/** What the secret has beside the key itself; nothing without Regions. */
export function smtpFields(secretAccessKey: string, regions: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(regions.map((region) => [smtpField(region), smtpPassword(secretAccessKey, region)]));
}

/** Sentences for those who ask about a user. What was stored before the tag is unknown: no function reads a secret. */
export function aboutSmtp(userName: string, regions: readonly string[] = []): string[] {
  if (regions.length === 0) return [];
  const fields = regions.map(smtpField).join(', ');
  return [
    `Each new key of ${userName} is stored with ${fields}. One that was stored before the tag asked for that has no ` +
      'such field: it comes with the next rotation, or with `rotate`.',
    ...withoutEndpoint(userName, regions),
  ];
}

/** Never refused: AWS's own pages disagree, and a new Region must not wait for a list. */
export function withoutEndpoint(userName: string, regions: readonly string[] = []): string[] {
  const unknown = regions.filter((region) => !published.includes(region));
  if (unknown.length === 0) return [];
  return [
    `Tag ${userTagNames.sesSmtpRegions} of ${userName}: AWS publishes no SMTP endpoint in ${unknown.join(', ')}. A password is ` +
      'stored all the same.',
  ];
}
