import { decide, type Request } from '../../local/aws/policies/policy.ts';
import { type Permission, statementsOfFunction } from './permissions-table.ts';

/** What each function was seen to ask for, each thing once. */
export type Asked = Map<string, Map<string, Request>>;

export function note(asked: Asked, name: string, request: Request): void {
  const requests = asked.get(name) ?? new Map<string, Request>();
  asked.set(name, requests.set(JSON.stringify(request), request));
}

/** What its role does not allow. */
export function refusedOf(permissions: readonly Permission[], asked: Asked): string[] {
  return [...asked].flatMap(([name, requests]) => {
    const statements = statementsOfFunction(permissions, name);
    return [...requests.values()]
      .filter((request) => decide(statements, request) !== 'allowed')
      .map(({ action, resource }) => `${name}: ${action} on ${resource}`);
  });
}
