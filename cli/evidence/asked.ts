import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { EventError } from '../../shared/core/errors.ts';
import type { Asked } from '../../shared/core/evidence/verdict.ts';
import { present } from '../../shared/core/present.ts';
import type { Context } from '../context.ts';

/** What an auditor holds that is not in the bucket. */
export interface AskedOptions {
  head: readonly string[];
  publicKey?: string;
}

/** By what evidence is verified; every command that reads it asks the same. */
export async function askedOf(
  { shell }: Context,
  { head, publicKey }: AskedOptions,
): Promise<Pick<Asked, 'now' | 'heads' | 'isSignedBy'>> {
  return {
    now: shell.clock(),
    heads: head.map(parseHead),
    isSignedBy: publicKey === undefined ? undefined : signedBy(await readPublicKey(publicKey)),
  };
}

/** Of one account alone, where it is named: each has a chain of its own. */
export function parseHead(text: string): Asked['heads'][number] {
  const [, accountId, number, sha256] = /^(?:(\d{12})\/)?(?:(\d+):)?([0-9a-f]{64})$/.exec(text) ?? [];
  if (sha256 === undefined) {
    throw new EventError(
      `--head ${text}: it is a SHA-256 in hex, a digest's number before it, as in 123:9f2c…, and the account before ` +
        'that, as in 111122223333/123:9f2c….',
    );
  }
  return { sha256, ...present({ accountId, number: number === undefined ? undefined : Number(number) }) };
}

async function readPublicKey(file: string): Promise<KeyObject> {
  try {
    return createPublicKey(await readFile(file, 'utf8'));
  } catch {
    throw new EventError(`--public-key ${file}: it cannot be read as a public key in PEM.`);
  }
}

function signedBy(key: KeyObject): NonNullable<Asked['isSignedBy']> {
  return (text, signature) => verify('sha256', Buffer.from(text), key, Buffer.from(signature, 'base64'));
}
