import { createHash, createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { hmac, Sha256, sha256 } from '../../../local/aws/sha256.ts';

const texts = ['', 'x', 'ü'.repeat(500)];
/** Shorter than a block, as long, and longer. */
const keys = ['', 'k', 'k'.repeat(64), 'ü'.repeat(64)];

test('a digest and a MAC are those of OpenSSL', () => {
  for (const text of texts) {
    expect(sha256(text)).toEqual(createHash('sha256').update(text).digest());
    for (const key of keys) expect(hmac(key, text)).toEqual(createHmac('sha256', key).update(text).digest());
  }
});

test('the SDK adds text, bytes and buffers, and may begin again', async () => {
  const bytes = new TextEncoder().encode('--bytes--').subarray(2, 7);
  for (const key of [undefined, 'key', new TextEncoder().encode('key')]) {
    const mine = new Sha256(key);
    mine.update('lost');
    mine.reset();
    mine.update('text');
    mine.update(bytes);
    mine.update(new TextEncoder().encode('buffer').buffer);
    const whole = key === undefined ? sha256('textbytesbuffer') : hmac('key', 'textbytesbuffer');
    expect(Buffer.from(await mine.digest())).toEqual(whole);
  }
});
