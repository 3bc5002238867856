import { validationError } from '../errors.ts';
import { type Input, optionalInteger, optionalText } from '../input.ts';
import type { Environment, Principal } from '../service.ts';
import type { IamState, IamUser } from './iam-state.ts';

/** The user named, or the caller itself where the caller is a user. */
export function target(state: IamState, input: Input, principal: Principal, asOf?: number): IamUser {
  const userName = optionalText(input, 'UserName');
  if (userName !== undefined) return state.user(userName, asOf);
  const self = principal.kind === 'user' ? state.users.get(principal.userId, asOf) : undefined;
  if (self === undefined) throw validationError('Must specify userName when calling with non-User credentials');
  return self;
}

/** Markers are places in the order of creation, so that a page goes on where the last one ended, whatever changed. */
export function start(input: Input): number {
  const marker = optionalText(input, 'Marker');
  if (marker === undefined) return 0;
  if (!/^m\d+$/.test(marker)) throw validationError('Invalid Marker.');
  return Number(marker.slice(1));
}

/** One page in the form that all lists of IAM have. */
export function pageOf(items: readonly unknown[], next: number | undefined, name: string) {
  return { [name]: items, IsTruncated: next !== undefined, Marker: next === undefined ? undefined : `m${next}` };
}

/** The length of a page: 100 unless asked for up to 1,000. */
export const limit = (input: Input, environment: Environment) =>
  Math.min(optionalInteger(input, 'MaxItems', 1, 1000) ?? 100, environment.pageSize ?? 1000);

/** A page of a list that belongs to one user. */
export function pageOfArray<T>(
  environment: Environment,
  input: Input,
  all: readonly T[],
  name: string,
  view: (item: T) => unknown,
) {
  const from = start(input);
  const end = from + limit(input, environment);
  return pageOf(all.slice(from, end).map(view), end < all.length ? end : undefined, name);
}
