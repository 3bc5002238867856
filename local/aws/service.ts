import type { Clock } from './clock.ts';
import type { Input } from './input.ts';
import type { Random } from './random.ts';

/** Who signed the call. Roles and root may do everything that no resource policy denies; users next to nothing. */
export type Principal =
  | {
      readonly kind: 'role';
      readonly arn: string;
      readonly sessionArn: string;
      readonly userId: string;
      /** When the session began; undefined: at the call itself. */
      readonly issuedAt: number | undefined;
    }
  | {
      readonly kind: 'user';
      readonly arn: string;
      readonly userId: string;
      readonly accessKeyId: string;
      /** Of a session made with the user's key; undefined for the key itself. */
      readonly issuedAt: number | undefined;
    }
  | { readonly kind: 'root'; readonly arn: string; readonly userId: string }
  /** A service of AWS by itself, on nobody's behalf: `secretsmanager.amazonaws.com`. */
  | { readonly kind: 'service'; readonly arn: string; readonly userId: string };

/** What an operation knows about the call beside its parameters. */
export interface CallContext {
  readonly now: number;
  /** Set when the read is ordered to be stale: answer with the state as it was at this instant. */
  readonly asOf: number | undefined;
  readonly principal: Principal;
  /** The Region that the call was signed for. */
  readonly region: string | undefined;
  /** Scheme and host that the caller spoke to; queue URLs are made from it. */
  readonly endpoint: string;
}

export type Operation = (input: Input, context: CallContext) => unknown;
export type Operations = Readonly<Record<string, Operation>>;

/** What all services of one local AWS share. */
export interface Environment {
  readonly accountId: string;
  readonly region: string;
  /** Of the names of the functions' roles. */
  readonly roleSuffix: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Upper limit of a page, for tests of paging; undefined leaves AWS's own. */
  readonly pageSize: number | undefined;
}

/** The Arn that GetCallerIdentity and AccessDenied messages show. */
export function callerArn(principal: Principal): string {
  return principal.kind === 'role' ? principal.sessionArn : principal.arn;
}

/** Operations before they belong to an account: what they work on comes first. */
export type OperationsOn<State> = Readonly<
  Record<string, (state: State, input: Input, context: CallContext) => unknown>
>;

/** The operations of a service, on its state. */
export function operationsOn<State>(state: State, operations: OperationsOn<State>): Operations {
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [
      name,
      (input: Input, context: CallContext) => operation(state, input, context),
    ]),
  );
}
