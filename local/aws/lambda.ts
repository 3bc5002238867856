import { AwsError, constraintError } from './errors.ts';
import { type Input, optionalInteger, optionalText, text } from './input.ts';
import { type Environment, type Operations, type OperationsOn, operationsOn } from './service.ts';

/** A function as somebody deployed it. */
export interface DeployedFunction {
  readonly functionName: string;
  readonly roleArn: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What it throws is answered as Lambda does it: by the error's name and message. */
  readonly handler: (event: unknown) => Promise<unknown>;
  /** `nodejs24.x`. */
  readonly runtime?: string;
  /** Active. */
  readonly state?: 'Pending' | 'Active' | 'Inactive' | 'Failed';
}

/** A queue whose messages go to a function. Nothing here polls it: whoever does asks `isDelivering` first. */
export interface EventSourceMapping {
  readonly uuid: string;
  readonly functionName: string;
  readonly eventSourceArn: string;
  readonly isEnabled: boolean;
}

/** Lambda as the command line uses it. https://docs.aws.amazon.com/lambda/latest/api/ */
export interface Lambda {
  readonly operations: Operations;
  /** Deploys a function, or again. */
  deploy(deployed: DeployedFunction): void;
  addEventSourceMapping(mapping: { readonly functionName: string; readonly eventSourceArn: string }): void;
  /** False once somebody has disabled the queue's mapping. */
  isDelivering(eventSourceArn: string): boolean;
  /** How many functions may run at once; a new account has ten. */
  limitConcurrency(executions: number): void;
  /** Until all events that nobody waits for are over. */
  settled(): Promise<void>;
}

function notFound(message: string): AwsError {
  return new AwsError(404, 'ResourceNotFoundException', message);
}

/** `name`, `name:qualifier` and ARNs all mean the function. */
function nameOf(input: Input): string {
  const given = text(input, 'FunctionName');
  return (given.startsWith('arn:') ? given.split(':')[6] : given.split(':')[0]) ?? '';
}

function eventOf(payload: string): unknown {
  try {
    return JSON.parse(payload === '' ? '{}' : payload);
  } catch {
    throw new AwsError(400, 'InvalidRequestContentException', 'Could not parse request body into json.');
  }
}

/** What is deployed in an account. */
interface Account {
  readonly environment: Environment;
  /** By name. */
  readonly functions: Map<string, DeployedFunction>;
  /** By UUID. */
  readonly mappings: Map<string, EventSourceMapping>;
  concurrency: number;
  /** What was begun for events that nobody waits for. */
  readonly events: Promise<unknown>[];
}

function arnOf({ environment: { region, accountId } }: Account, name: string): string {
  return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
}

function existing(account: Account, input: Input): DeployedFunction {
  const name = nameOf(input);
  const found = account.functions.get(name);
  if (found === undefined) throw notFound(`Function not found: ${arnOf(account, name)}`);
  return found;
}

function view(account: Account, { uuid, functionName, eventSourceArn, isEnabled }: EventSourceMapping) {
  return {
    UUID: uuid,
    FunctionArn: arnOf(account, functionName),
    EventSourceArn: eventSourceArn,
    BatchSize: 1,
    LastModified: account.environment.clock.now() / 1000,
    State: isEnabled ? 'Enabled' : 'Disabled',
    StateTransitionReason: 'USER_INITIATED',
  };
}

const operations: OperationsOn<Account> = {
  async Invoke(account, input) {
    const type = optionalText(input, 'InvocationType') ?? 'RequestResponse';
    if (type !== 'RequestResponse' && type !== 'Event')
      throw constraintError('invocationType', 'be RequestResponse or Event: the local AWS has no other');
    const { handler } = existing(account, input);
    const event = eventOf(optionalText(input, 'Payload') ?? '');
    if (type === 'Event') {
      // Nobody hears what becomes of it, and it is not tried again.
      account.events.push(handler(event).catch(() => undefined));
      return { ExecutedVersion: '$LATEST', Payload: '' };
    }
    try {
      return { ExecutedVersion: '$LATEST', Payload: JSON.stringify((await handler(event)) ?? null) };
    } catch (error) {
      // https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
      const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
      const Payload = JSON.stringify({ errorType: name, errorMessage: message, trace: [] });
      return { ExecutedVersion: '$LATEST', FunctionError: 'Unhandled', Payload };
    }
  },

  GetFunctionConfiguration(account, input) {
    const { functionName, roleArn, environment, runtime = 'nodejs24.x', state = 'Active' } = existing(account, input);
    return {
      FunctionName: functionName,
      FunctionArn: arnOf(account, functionName),
      Role: roleArn,
      Runtime: runtime,
      Handler: 'index.handler',
      Version: '$LATEST',
      State: state,
      LastUpdateStatus: 'Successful',
      Environment: { Variables: environment },
    };
  },

  GetAccountSettings({ concurrency, functions }) {
    return {
      AccountLimit: { ConcurrentExecutions: concurrency, UnreservedConcurrentExecutions: concurrency },
      AccountUsage: { FunctionCount: functions.size },
    };
  },

  ListEventSourceMappings(account, input) {
    const functionName = input.FunctionName === undefined ? undefined : nameOf(input);
    const eventSourceArn = optionalText(input, 'EventSourceArn');
    const found = [...account.mappings.values()].filter(
      (mapping) =>
        (functionName === undefined || mapping.functionName === functionName) &&
        (eventSourceArn === undefined || mapping.eventSourceArn === eventSourceArn),
    );
    const start = Number(optionalText(input, 'Marker') ?? 0);
    const end =
      start + Math.min(optionalInteger(input, 'MaxItems', 1, 10_000) ?? 100, account.environment.pageSize ?? 100);
    const NextMarker = end < found.length ? String(end) : undefined;
    return { EventSourceMappings: found.slice(start, end).map((mapping) => view(account, mapping)), NextMarker };
  },

  UpdateEventSourceMapping(account, input) {
    const mapping = account.mappings.get(text(input, 'UUID'));
    if (mapping === undefined) throw notFound('The resource you requested does not exist.');
    const isEnabled = typeof input.Enabled === 'boolean' ? input.Enabled : mapping.isEnabled;
    account.mappings.set(mapping.uuid, { ...mapping, isEnabled });
    return { ...view(account, mapping), State: isEnabled ? 'Enabling' : 'Disabling' };
  },
};

export function createLambda(environment: Environment): Lambda {
  const account: Account = { environment, functions: new Map(), mappings: new Map(), concurrency: 1_000, events: [] };
  const { functions, mappings } = account;
  return {
    operations: operationsOn(account, operations),
    deploy: (deployed) => void functions.set(deployed.functionName, deployed),
    addEventSourceMapping(mapping) {
      const uuid = environment.random.uuid();
      mappings.set(uuid, { ...mapping, uuid, isEnabled: true });
    },
    limitConcurrency(executions) {
      account.concurrency = executions;
    },
    async settled() {
      // What is begun meanwhile counts too.
      for (const event of account.events) await event;
    },
    isDelivering: (eventSourceArn) =>
      ![...mappings.values()].some((mapping) => mapping.eventSourceArn === eventSourceArn && !mapping.isEnabled),
  };
}
