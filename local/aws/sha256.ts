import { hash } from 'node:crypto';

// Of one shot: `createHmac` makes an object of the key for each digest, which takes several times as long.

const BLOCK = 64;

/** SHA-256 of some bytes, or of a text. */
export function sha256(data: string | Uint8Array): Buffer {
  return hash('sha256', data, 'buffer');
}

/** HMAC-SHA-256, https://datatracker.ietf.org/doc/html/rfc2104 */
export function hmac(key: string | Uint8Array, data: string | Uint8Array): Buffer {
  const bytes = Buffer.from(key);
  const short = bytes.length > BLOCK ? sha256(bytes) : bytes;
  const padded = (pad: number): Buffer => {
    const block = Buffer.alloc(BLOCK, pad);
    for (const [index, byte] of short.entries()) block[index] = byte ^ pad;
    return block;
  };
  return sha256(Buffer.concat([padded(0x5c), sha256(Buffer.concat([padded(0x36), Buffer.from(data)]))]));
}

type Data = string | ArrayBuffer | ArrayBufferView;

/** The same for the SDK, which signs each call with it: a digest of what was added, with a key if one is given. */
export class Sha256 {
  readonly #key: Uint8Array | undefined;
  readonly #added: Uint8Array[] = [];

  constructor(key?: Data) {
    this.#key = key === undefined ? undefined : bytesOf(key);
  }

  update(data: Data): void {
    this.#added.push(bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    const data = Buffer.concat(this.#added);
    return Promise.resolve(this.#key === undefined ? sha256(data) : hmac(this.#key, data));
  }

  reset(): void {
    this.#added.length = 0;
  }
}

function bytesOf(data: Data): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
