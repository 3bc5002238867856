import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aboutSmtp, smtpFields, smtpPassword, withoutEndpoint } from '../../../shared/core/smtp.ts';
import { regionNames, secretAccessKeys } from '../../support/smtp.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const VECTORS = {
  'us-east-1': 'BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9',
  'us-west-2': 'BF2PynzbSCAjX08zhZZnP/kW+T9P5zs/1Er0pi5vTEmd',
  'eu-west-1': 'BMW5RDrXmmVs0lV7GpI4oLkHXpZ4stDsk6q91z1g38Pk',
};

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

/** RFC 2104, from the hash alone. */
function hmac(key: Buffer, text: string): Buffer {
  const block = Buffer.alloc(64);
  (key.length > 64 ? sha256(key) : key).copy(block);
  const padded = (pad: number): Buffer => block.map((byte) => byte ^ pad) as Buffer;
  return sha256(padded(0x5c), sha256(padded(0x36), Buffer.from(text)));
}

/** AWS's algorithm once more, with nothing of ours. */
function passwordByHand(secretAccessKey: string, region: string): string {
  const dated = hmac(Buffer.from(`AWS4${secretAccessKey}`), '11111111');
  const signature = hmac(hmac(hmac(hmac(dated, region), 'ses'), 'aws4_request'), 'SendRawEmail');
  return Buffer.concat([Buffer.from('04', 'hex'), signature]).toString('base64');
}

describe('the password of SES for a Region', () => {
  it.each(Object.entries(VECTORS))('is what AWS computes: %s', (region, password) => {
    expect(smtpPassword(SECRET, region)).toBe(password);
    expect(passwordByHand(SECRET, region)).toBe(password);
  });

  it('is the same by another way, for 1,000 secrets', () => {
    const property = fc.property(secretAccessKeys, regionNames, (secret, region) => {
      expect(smtpPassword(secret, region)).toBe(passwordByHand(secret, region));
    });
    fc.assert(property, { numRuns: 1_000, seed: 13 });
  });
});

describe('the fields of a secret', () => {
  it('are flat, one for each Region', () => {
    expect(smtpFields(SECRET, ['eu-west-1', 'us-east-1', 'eu-west-1'])).toEqual({
      'SmtpPassword_eu-west-1': VECTORS['eu-west-1'],
      'SmtpPassword_us-east-1': VECTORS['us-east-1'],
    });
  });

  it('are none without Regions', () => {
    expect([smtpFields(SECRET), smtpFields(SECRET, [])]).toEqual([{}, {}]);
  });
});

describe('what is said of a user', () => {
  it('is nothing without Regions', () => {
    expect([...aboutSmtp('mailer'), ...aboutSmtp('mailer', []), ...withoutEndpoint('mailer')]).toEqual([]);
  });

  it('is which fields a new key comes with, and that one from before the tag may lack them', () => {
    expect(aboutSmtp('mailer', ['eu-west-1', 'us-east-1'])).toEqual([
      'Each new key of mailer is stored with SmtpPassword_eu-west-1, SmtpPassword_us-east-1. One that was stored ' +
        'before the tag asked for that has no such field: it comes with the next rotation, or with `rotate`.',
    ]);
  });

  it('is a warning of a Region where AWS publishes no endpoint, and never a refusal', () => {
    const sentence =
      'Tag keyturn:ses-smtp-regions of mailer: AWS publishes no SMTP endpoint in eu-south-1, xx-moon-1. A password is ' +
      'stored all the same.';
    expect(withoutEndpoint('mailer', ['eu-west-1', 'eu-south-1', 'us-gov-east-1', 'xx-moon-1'])).toEqual([sentence]);
    expect(aboutSmtp('mailer', ['eu-south-1', 'xx-moon-1'])).toContain(sentence);
  });
});
