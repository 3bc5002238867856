import type { LocalAws } from '../aws/aws.ts';
import { documentOf } from '../checker/json.ts';
import { parseMessage } from '../checker/mailbox.ts';
import { type Chronicle, shorten } from './chronicle.ts';
import type { Owner } from './owners.ts';

/** Everybody's mailbox. */
export interface Mail {
  /** Lets everybody read what was published about them since the last time; it goes into the chronicle. */
  read(): void;
}

/** `aws` is where the messages are published. */
export function createMail(aws: LocalAws, chronicle: Chronicle, owners: ReadonlyMap<string, Owner>): Mail {
  let read = 0;
  let lonelySecrets = 0;

  function readDigest(digest: string): void {
    const { secretsWithoutUserCount: count } = documentOf(digest);
    if (typeof count !== 'number' || count <= lonelySecrets) return;
    lonelySecrets = count;
    const text = 'the digest reports a secret whose user is gone; it is never touched';
    chronicle.add({ at: aws.clock.now(), actor: 'keyturn', event: 'digest', text });
  }

  return {
    read() {
      for (const published of aws.sns.published.slice(read)) {
        const message = parseMessage(published);
        if (message === undefined) {
          readDigest(published.message.default ?? '');
          continue;
        }
        const owner = owners.get(message.userId);
        const replacedDays = message.event === 'issued' ? owner?.oldestKeyDays : undefined;
        chronicle.add({ ...message, actor: 'keyturn', text: shorten(message.message), replacedDays });
        owner?.hear(message);
      }
      read = aws.sns.published.length;
    },
  };
}
