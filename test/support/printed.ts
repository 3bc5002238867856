import { Writable } from 'node:stream';

/** What a pipe would get. */
export function printed(print: (out: Writable) => void): string {
  const written: string[] = [];
  const out = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  print(out);
  return written.join('');
}
