import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { type HandOnFile, parseHandOnFile } from '../../hand-on/hand-on-file.ts';
import { type HandOnAnswer, handle } from '../../hand-on/handler.ts';
import type { HandOnRuntime } from '../../hand-on/runtime.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import * as host from '../../local/host/runtime.ts';
import { createWorld, logTo, rotateUser, type World } from './world.ts';

export const ROLE = { name: 'keyturn-hand-on-shop' };
export const SCHEDULE = { source: 'aws.events' };

/** An account with a user whose keys are handed on, and the role that does it. */
export interface HandOnWorld {
  world: World;
  file: HandOnFile;
  userId: string;
  secretName: string;
  /** Everything that GitHub was asked. */
  asked: { method: string; url: string; body: string; authorization: string }[];
  github(url: string, init: RequestInit): Promise<Response>;
  /** One invocation, in a process of its own. */
  invoke(event?: unknown, before?: BeforeCall): Promise<HandOnAnswer>;
  /** What each destination holds now, by name. */
  held(): Record<string, string>;
  /** Moves AWSCURRENT to the version of another key, as a rotation or a roll-back does, and gives the event of it. */
  move(accessKeyId: string): unknown;
  /** The tag `keyturn:handed-on`. */
  tag(): string;
  currentKeyId(): string;
}

export interface HandOnWorldOptions {
  destinations?: unknown;
  environment?: Record<string, string>;
  fetch?: HandOnWorld['github'];
}

export const DESTINATIONS = [
  { secret: 'shop/prod', fields: { ID: 'accessKeyId', KEY: 'secretAccessKey' }, constants: { HOST: 'example.com' } },
  { parameter: '/report/aws', fields: { id: 'accessKeyId', mail: 'smtpPassword.eu-west-1' } },
  { parameters: { '/report/id': 'accessKeyId', '/report/key': 'secretAccessKey' } },
  { ecs: { cluster: 'shop', service: 'mailer' } },
];

/** The user has a first key that Keyturn stored; nothing was handed on. */
export async function createHandOnWorld(options: HandOnWorldOptions = {}): Promise<HandOnWorld> {
  const reader = { arn: `arn:aws:iam::111122223333:role/${ROLE.name}`, users: ['ci-shop'], handOn: true };
  const environment = { KEYTURN_READER_ARNS: JSON.stringify([reader]), ...options.environment };
  const world = createWorld({ environment });
  const { aws } = world;
  const role = aws.iam.addRole(ROLE);
  const { userId } = aws.iam.addUser({ userName: 'ci-shop' });
  await rotateUser(world, { userName: 'ci-shop', action: 'rotate' });
  const secretName = `keyturn/${userId}/access-key`;
  const users = { 'ci-shop': options.destinations ?? DESTINATIONS };
  const file = parseHandOnFile({ schemaVersion: 1, domain: 'shop', users }, 'keyturn');
  const asked: HandOnWorld['asked'] = [];
  const operator = world.runtime('operator').aws;
  await operator.secrets.send(new CreateSecretCommand({ Name: 'shop/prod', SecretString: 'before' }));
  aws.ecs.deployments.set('shop/mailer', [aws.clock.now() - 86_400_000]);

  const made: HandOnWorld = {
    world,
    file,
    userId,
    secretName,
    asked,
    github: options.fetch ?? (async () => new Response(null, { status: 404 })),
    async invoke(event = SCHEDULE, before) {
      const name = `hand-on-${aws.calls.length}`;
      const runtime = host.createRuntime({
        aws,
        line: host.directLine(aws.connect(name, before)),
        credentials: role,
        environment: {},
        onLog: logTo(world),
      });
      const handOnRuntime: HandOnRuntime = {
        ...runtime,
        file: made.file,
        secretPrefix: 'keyturn',
        topicArn: world.topicArn,
        region: aws.region,
        fetch: (url, init) => {
          const headers = new Headers(init.headers);
          const authorization = headers.get('authorization') ?? '';
          asked.push({ method: init.method ?? 'GET', url, body: String(init.body ?? ''), authorization });
          return made.github(url, init);
        },
      };
      const answer = await handle(handOnRuntime, event, aws.clock.now() + 180_000);
      world.shown.push(answer);
      return answer;
    },
    held() {
      const current = aws.secrets.state.find('shop/prod')?.versions.find(({ labels }) => labels.includes('AWSCURRENT'));
      const parameters = [...aws.ssm.parameters].map(([name, { value }]) => [name, value]);
      return { 'shop/prod': current?.value.text ?? '', ...Object.fromEntries(parameters) };
    },
    move(accessKeyId) {
      const secret = aws.secrets.state.find(secretName);
      if (secret === undefined) throw new Error('There is no secret.');
      const isMeant = (labels: readonly string[]) => labels.some((label) => label.startsWith(`${accessKeyId}.`));
      const versions = secret.versions.map((version) => {
        const labels = version.labels.filter((label) => label !== 'AWSCURRENT');
        return { ...version, labels: isMeant(labels) ? [...labels, 'AWSCURRENT'] : labels };
      });
      aws.secrets.state.save({ ...secret, versions });
      const versionId = versions.find(({ labels }) => labels.includes('AWSCURRENT'))?.versionId;
      const detail = { name: secretName, labelUpdated: 'AWSCURRENT', versionId };
      return { source: 'aws.secretsmanager', 'detail-type': 'Secret Label Updated', detail };
    },
    tag: () => aws.secrets.state.find(secretName)?.tags.find(({ Key }) => Key === 'keyturn:handed-on')?.Value ?? '',
    currentKeyId() {
      const current = aws.secrets.state.find(secretName)?.versions.find(({ labels }) => labels.includes('AWSCURRENT'));
      return current?.labels.find((label) => label.startsWith('AKIA'))?.split('.')[0] ?? '';
    },
  };
  return made;
}
