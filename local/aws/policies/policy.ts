import { malformedPolicy } from '../errors.ts';
import { isRecord } from '../input.ts';
import {
  type Condition,
  type ContextValue,
  holds,
  like,
  parseConditions,
  substituted,
  texts,
} from './policy-conditions.ts';

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

export interface Statement {
  readonly sid: string;
  readonly effect: 'Allow' | 'Deny';
  /** Undefined in a policy of an identity, which is about its bearer alone. */
  readonly principals: readonly string[] | undefined;
  readonly actions: readonly string[];
  /** Of `NotAction`, whose `actions` are all. */
  readonly exceptActions?: readonly string[];
  readonly resources: readonly string[];
  /** Of `NotResource`, whose `resources` are all. */
  readonly exceptResources?: readonly string[];
  readonly conditions: readonly Condition[];
}

export interface Request {
  /** `secretsmanager:PutSecretValue` */
  readonly action: string;
  readonly resource: string;
  /** Condition keys, also for `${…}`. One that AWS would not send is left out. */
  readonly context?: Readonly<Record<string, ContextValue>>;
}

export type Decision = 'allowed' | 'denied' | 'not allowed';

/** Whether somebody named in a statement of a resource policy is the caller. */
export type IsCaller = (named: string, effect: Statement['effect']) => boolean;

const elements = ['Sid', 'Effect', 'Principal', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'];

/** Every statement of a policy. Refuses what `decide` would pass over otherwise. */
export function parseStatements(document: unknown): Statement[] {
  if (!isRecord(document)) throw malformedPolicy('This resource policy contains invalid JSON.');
  const items: unknown[] = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  return items.map(parseStatement);
}

function parseStatement(value: unknown): Statement {
  if (!isRecord(value)) throw malformedPolicy('This resource policy contains an invalid Statement.');
  const unknown = Object.keys(value).find((key) => !elements.includes(key));
  if (unknown) throw malformedPolicy(`The local AWS does not evaluate the statement element ${unknown}.`);
  if (value.Effect !== 'Allow' && value.Effect !== 'Deny') throw malformedPolicy('Effect must be Allow or Deny.');
  if (value.Resource === undefined && value.NotResource === undefined) {
    throw malformedPolicy('This resource policy contains a statement without a Resource.');
  }
  if ((value.Action === undefined) === (value.NotAction === undefined)) {
    throw malformedPolicy('This resource policy contains a statement without Action or NotAction, or with both.');
  }
  return {
    sid: typeof value.Sid === 'string' ? value.Sid : '',
    effect: value.Effect,
    principals: value.Principal === undefined ? undefined : principalsOf(value.Principal),
    ...(value.NotAction === undefined
      ? { actions: texts(value.Action, 'action') }
      : { actions: ['*'], exceptActions: texts(value.NotAction, 'action') }),
    ...(value.NotResource === undefined
      ? { resources: texts(value.Resource, 'resource') }
      : { resources: ['*'], exceptResources: texts(value.NotResource, 'resource') }),
    conditions: parseConditions(value.Condition),
  };
}

function principalsOf(value: unknown): string[] {
  if (!isRecord(value)) return texts(value, 'principal');
  const unknown = Object.keys(value).find((kind) => kind !== 'AWS' && kind !== 'Service');
  if (unknown !== undefined) throw malformedPolicy(`The local AWS does not evaluate the principal ${unknown}.`);
  const named = [value.AWS, value.Service].filter((each) => each !== undefined);
  if (named.length === 0) throw malformedPolicy('This resource policy contains an unsupported principal.');
  return named.flatMap((each) => texts(each, 'principal'));
}

/** What the statements say together: an explicit Deny binds everybody and beats every Allow. */
export function decide(statements: readonly Statement[], request: Request, isCaller: IsCaller = () => false): Decision {
  const { action, resource } = request;
  const context = new Map(Object.entries(request.context ?? {}).map(([key, value]) => [key.toLowerCase(), value]));
  // Names of actions match ignoring case.
  const isAction = (pattern: string): boolean => like(action.toLowerCase(), pattern.toLowerCase());
  const isResource = (pattern: string): boolean => {
    const wanted = substituted(pattern, context);
    return wanted !== undefined && like(resource, wanted);
  };
  const applying = statements.filter(
    ({ effect, principals = ['*'], actions, exceptActions = [], resources, exceptResources = [], conditions }) =>
      principals.some((named) => named === '*' || isCaller(named, effect)) &&
      actions.some(isAction) &&
      !exceptActions.some(isAction) &&
      resources.some(isResource) &&
      !exceptResources.some(isResource) &&
      conditions.every((condition) => holds(condition, context)),
  );
  if (applying.some(({ effect }) => effect === 'Deny')) return 'denied';
  return applying.length > 0 ? 'allowed' : 'not allowed';
}
