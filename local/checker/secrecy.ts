import type { KeyHelpers } from '../aws/iam/iam-helpers.ts';

/** Looks for secret access keys, by value, in texts where none may be. */
export interface Secrecy {
  /** The access key IDs whose secret is in the text, as it stands or encoded. */
  leaks(text: string): boolean;
}

/** An embedded AWS, or several. */
interface HandsOut {
  readonly iam: Pick<KeyHelpers, 'everySecretAccessKey'>;
}

/** Longest first piece that is looked for at once; a match of it is then compared in full. */
const probeLength = 12;

/** Knows every secret access key that the embedded AWS ever handed out, deleted ones too. */
export function createSecrecy(aws: HandsOut): Secrecy {
  let known = 0;
  let probes: { probe: string; whole: string }[] = [];

  function refresh(): void {
    const secrets = aws.iam.everySecretAccessKey();
    if (secrets.length === known) return;
    known = secrets.length;
    probes = secrets.flatMap((secret) =>
      formsOf(secret).map((whole) => ({ whole, probe: whole.slice(0, probeLength) })),
    );
  }

  return {
    leaks(text) {
      refresh();
      return probes.some(({ probe, whole }) => text.includes(probe) && text.includes(whole));
    },
  };
}

/** The ways in which a value may have been written down. */
function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '');
  return [...new Set([secret, encodeURIComponent(secret), secret.replaceAll('/', '\\/'), base64])];
}
