import { setTimeout } from 'node:timers/promises';
import { createLocalAws, type LocalAws } from './aws/aws.ts';
import type { Call } from './aws/call.ts';
import { functionCredentials } from './aws/principals.ts';
import { type LocalServer, startServer } from './aws/server.ts';
import { parseMessage } from './checker/mailbox.ts';
import { cast } from './demo/cast.ts';
import { deployFunctions } from './host/deployment.ts';
import { deliver } from './host/event-source.ts';
import { createFleet, functionNames, isFunctionName, startProcess } from './host/process.ts';
import { httpLine, type LogLine } from './host/runtime.ts';
import { addCharacter, addEvidence, createResources, type Resources } from './host/set-up.ts';

const defaultPort = 4599;
/** Until a rotation that failed is attempted again. Secrets Manager does not say how long it waits. */
const nextAttemptMs = 60_000;

const configRuleName = 'keyturn-local-access-keys';
const rotationArn = (accountId: string, region: string) =>
  `arn:aws:lambda:${region}:${accountId}:function:keyturn-local-secret-rotation`;

type Print = (line: string) => void;

export interface LocalOptions {
  readonly port: number;
  readonly print: Print;
  /** Between two looks at a queue that was empty. */
  readonly pollMs?: number;
}

/** The functions of one deployment, and the account that they work on. */
interface Deployment {
  invoke(name: string, event: unknown): Promise<unknown>;
  queueUrl(): string;
  /** After the account was emptied: fills it again, and starts every process anew. */
  refill(): void;
}

/** `url` is asked for when a process starts: the server needs the functions first. */
function deploy(aws: LocalAws, url: () => string, print: Print): Deployment {
  const fleet = createFleet((name) => {
    const line = httpLine(aws, url());
    return startProcess(name, { aws, line, environment: resources.environment, onLog: log });
  });
  let resources = fill();

  function fill(): Resources {
    const secretRotationArn = rotationArn(aws.accountId, aws.region);
    aws.config.addRule(configRuleName);
    aws.secrets.rotations.register(secretRotationArn, (event) => invoke('secret-rotation', event));
    for (const character of cast) addCharacter(aws, character);
    const made = createResources(aws, {
      KEYTURN_CONFIG_RULE_NAME: configRuleName,
      KEYTURN_SECRET_ROTATION_FUNCTION_ARN: secretRotationArn,
      ...addEvidence(aws),
    });
    deployFunctions(aws, made, invoke);
    return made;
  }

  function log({ level, message, facts }: LogLine): void {
    if (level !== 'info') print(`${level}: ${message} ${JSON.stringify(facts)}`);
  }

  async function invoke(name: string, event: unknown): Promise<unknown> {
    if (!isFunctionName(name)) {
      throw new Error(`There is no function "${name}". There are: ${functionNames.join(', ')}.`);
    }
    return fleet.invoke(name, event);
  }

  return {
    invoke,
    queueUrl: () => resources.queueUrl,
    refill() {
      fleet.clear();
      resources = fill();
    },
  };
}

/** The event source mapping: one message at a time, what fails comes back. False if there was nothing to do. */
async function work(aws: LocalAws, { invoke, queueUrl }: Deployment, print: Print): Promise<boolean> {
  if (!aws.lambda.isDelivering(aws.sqs.queueArn(queueUrl()))) return false;
  const handler = (event: unknown) => invoke('rotation-worker', event);
  const { received, errors } = await deliver(aws, { queueUrl: queueUrl(), handler });
  for (const error of errors) report(error, print);
  return received > 0;
}

/** Secrets Manager, after RotateSecret. Returns when it attempts a rotation again, if one has failed. */
async function rotate(aws: LocalAws, notBefore: number, print: Print): Promise<number> {
  if (aws.clock.now() < notBefore) return notBefore;
  const attempts = await aws.secrets.rotations.attempt();
  const failed = attempts.filter(({ error }) => error !== undefined);
  for (const { error } of failed) report(error, print);
  return failed.length > 0 ? aws.clock.now() + nextAttemptMs : 0;
}

function report(error: unknown, print: Print): void {
  print(`error: ${error instanceof Error ? error.message : error}`);
}

/** The embedded AWS with the demo's users, its queue wired to the worker, until it is closed. */
export async function startLocal({ port, print, pollMs = 500 }: LocalOptions): Promise<LocalServer> {
  // On the machine's clock: `sls invoke local` runs functions outside this process, which have no other.
  const aws = createLocalAws({ now: Date.now(), ticking: true, latencyMs: 0 });
  const deployment = deploy(aws, () => server.url, print);
  let notBefore = 0;
  const server = await startServer(aws, {
    port,
    invoke: deployment.invoke,
    onReset() {
      notBefore = 0;
      deployment.refill();
    },
  });
  const stop = aws.onCall((call) => announce(call, aws.sns.published.at(-1), print));
  const abort = new AbortController();
  const rotations = async () => {
    notBefore = await rotate(aws, notBefore, print);
    return false;
  };
  const pause = () => setTimeout(pollMs, undefined, { signal: abort.signal }).catch(() => {});
  const polling = Promise.all(
    [() => work(aws, deployment, print), rotations].map((once) => repeat(once, pause, abort.signal)),
  );
  return {
    url: server.url,
    async close() {
      abort.abort();
      await polling;
      stop();
      await server.close();
    },
  };
}

/** Does it again and again, at once as long as there was something to do. */
async function repeat(once: () => Promise<boolean>, pause: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (!(await once())) await pause();
  }
}

/** One line for each message that a subscriber would get. */
function announce(
  { operation, outcome }: Call,
  published: Parameters<typeof parseMessage>[0] | undefined,
  print: Print,
): void {
  if (operation !== 'Publish' || outcome !== 'ok' || published === undefined) return;
  const message = parseMessage(published);
  print(message === undefined ? 'published: the daily digest' : `published: ${message.event}: ${message.message}`);
}

/** What a shell needs to know, and what to try first. */
export function instructions(url: string, accountId = '111122223333', region = 'eu-west-1'): string {
  const { accessKeyId, secretAccessKey } = functionCredentials('rotate-user');
  return `Keyturn local AWS ready on ${url}

export AWS_ENDPOINT_URL=${url}
export AWS_REGION=${region} AWS_DEFAULT_REGION=${region}
export AWS_ACCESS_KEY_ID=${accessKeyId}   # the role of rotate-user; with any other you are a person
export AWS_SECRET_ACCESS_KEY=${secretAccessKey}
export KEYTURN_TOPIC_ARN=arn:aws:sns:${region}:${accountId}:keyturn-local
export KEYTURN_QUEUE_URL=${url}/${accountId}/keyturn-local.fifo
export KEYTURN_CONFIG_RULE_NAME=${configRuleName}
export KEYTURN_SECRET_ROTATION_FUNCTION_ARN=${rotationArn(accountId, region)}
export KEYTURN_ENFORCE=true

In another terminal, after these lines, for example:

  npm run build && npx sls invoke local -f rotate-user --path events/rotate-user-plan.json
  npx sls invoke local -f rotate-user --path events/rotate-user-rotate.json --param="enforce=true"
  npx sls invoke local -f scheduled-rotation --data '{}' --param="enforce=true"   # the worker runs here
  aws iam list-access-keys --user-name alice
  aws secretsmanager list-secrets --query 'SecretList[].Name'
  curl -s ${url}/_local/invoke -d '{"function": "rotate-user", "event": {"userName": "alice", "action": "status"}}'

To see what happens later, move the local clock, and run functions on it (sls keeps the machine's):

  curl -s -X PUT ${url}/_local/clock -d '{"advanceDays": 10}'
  curl -s ${url}/_local/invoke -d '{"function": "scheduled-rotation"}'

The other triggers: AWS Config's verdicts, a user whom it calls non-compliant, a rotation by Secrets Manager:

  npx sls invoke local -f config-rule --path events/config-rule-periodic.json
  user=$(aws iam get-user --user-name alice --query User.UserId --output text)
  curl -s ${url}/_local/invoke -d '{"function": "config-remediation", "event": {"resourceId": "'$user'"}}'

  user=$(aws iam create-user --user-name robot --query User.UserId --output text)
  curl -s ${url}/_local/invoke -d '{"function": "rotate-user", "event": {"userName": "robot", "action": "rotate"}}'
  aws secretsmanager rotate-secret --secret-id keyturn/$user/access-key --rotation-lambda-arn $KEYTURN_SECRET_ROTATION_FUNCTION_ARN

Evidence of the account, kept in a bucket, and its chain:

  curl -s ${url}/_local/invoke -d '{"function": "evidence-collector"}'

Users: ${cast.map(({ userName }) => userName).join(' ')}
Ctrl-C stops it; nothing is kept.
`;
}

/** Of KEYTURN_LOCAL_PORT. Throws a sentence for what is no port. */
export function portOf(value: string | undefined): number {
  const port = Number(value || defaultPort);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`KEYTURN_LOCAL_PORT is "${value}", which is no port: use a whole number from 0 to 65535.`);
}

function sentenceOf(error: unknown, port: string): string {
  if (!(error instanceof Error)) return String(error);
  if (!('code' in error) || error.code !== 'EADDRINUSE') return error.message;
  return `Port ${port} of 127.0.0.1 is in use, perhaps by another \`npm run local\`. Stop that, or set KEYTURN_LOCAL_PORT to another port.`;
}

async function main(): Promise<void> {
  const setting = process.env.KEYTURN_LOCAL_PORT;
  try {
    const print = (line: string) => process.stdout.write(`${line}\n`);
    const server = await startLocal({ port: portOf(setting), print });
    const end = () => {
      // A second Ctrl-C does not wait.
      process.once('SIGINT', () => process.exit(130));
      server.close().then(
        () => process.exit(0),
        (error) => {
          process.stderr.write(`${error}\n`);
          process.exit(1);
        },
      );
    };
    process.once('SIGINT', end);
    process.once('SIGTERM', end);
    process.stdout.write(`${instructions(server.url)}\n`);
  } catch (error) {
    process.stderr.write(`${sentenceOf(error, setting || String(defaultPort))}\n`);
    process.exit(1);
  }
}

if (import.meta.main) await main();
