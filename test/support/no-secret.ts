import { inspect } from 'node:util';
import { expect } from 'vitest';
import { afterEachWorld } from './after-each-world.ts';
import type { World } from './world.ts';

/** Callers that are this service's own functions, as `world.ts` names their connections. */
const FUNCTIONS = ['rotate-user', 'worker', 'scheduled-rotation', 'scan', 'secret-rotation'];
const READS = ['GetSecretValue', 'BatchGetSecretValue'];

/**
 * Everything that a person, another tool or a log could see, by where it is; the values of secrets are not. What crossed a
 * wire is plain, and quicker to write out than what a handler returned or threw.
 */
function visible({ aws, logged, shown, queueUrl, deadLetterQueueUrl }: World): Record<string, string> {
  const secrets = aws.secrets.all();
  return {
    'a log line': logged.join('\n'),
    'an answer or an error': everyCharacter(shown),
    'an SNS message': JSON.stringify(aws.sns.published),
    'an SQS message': JSON.stringify([queueUrl, deadLetterQueueUrl].flatMap((url) => aws.sqs.messages(url))),
    'a tag or a description': JSON.stringify([
      secrets.map(({ name, arn, description, tags, policy, versions }) => {
        return { name, arn, description, tags, policy, labels: versions.map(({ labels }) => labels) };
      }),
      aws.iam.users(),
    ]),
    'the input of a call': JSON.stringify(aws.calls),
  };
}

/** As `console.log` would print it at full depth, hidden members and causes included. */
function everyCharacter(value: unknown): string {
  return inspect(value, {
    depth: Number.POSITIVE_INFINITY,
    showHidden: true,
    getters: true,
    maxArrayLength: null,
    maxStringLength: null,
    breakLength: Number.POSITIVE_INFINITY,
  });
}

/** SMTP passwords that are stored: each is as good as the key that it was made of. */
function smtpPasswords({ aws }: World): string[] {
  const values = aws.secrets.all().flatMap(({ versions }) => versions.map(({ value = '' }) => value));
  return values.flatMap((value) =>
    [...value.matchAll(/"SmtpPassword_[^"]+":"([^"]+)"/g)].map(([, found = '']) => found),
  );
}

/** What a secret, half of one and a token are made of. The rest of a text, which is most of it, is passed over once. */
const RUNS = /[\w+/=%-]{15,}/g;

/** No secret access key ever handed out is seen anywhere but in a secret, whole or cut in half; nor what was made of one. */
export function expectNoSecret(world: World): void {
  const halves = world.aws.iam
    .everySecretAccessKey()
    .concat(smtpPasswords(world))
    .flatMap((secret) => [secret.slice(0, 20), secret.slice(20), encodeURIComponent(secret.slice(0, 20))]);
  const sought = [...halves, ...world.aws.secrets.rotations.tokens];
  for (const each of sought) expect(each.match(RUNS), 'is looked for in runs of such characters').toEqual([each]);
  for (const [where, seen] of Object.entries(visible(world))) {
    const text = seen.match(RUNS)?.join(' ') ?? '';
    const found = sought.filter((half) => text.includes(half));
    expect(found, `a secret access key or a RotationToken is in ${where}`).toEqual([]);
  }
}

/** The rotator stores values that it never reads. */
export function expectNoRead({ aws }: World): void {
  const reads = aws.calls.filter(({ caller, operation }) => FUNCTIONS.includes(caller) && READS.includes(operation));
  expect(reads, 'a function read the value of a secret').toEqual([]);
}

/** Called once in a test file: after each of its tests every world that the test made is searched. */
export function searchForSecretsAfterEach(): void {
  afterEachWorld((world) => {
    expectNoSecret(world);
    expectNoRead(world);
  });
}
