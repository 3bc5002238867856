import type { AccountCall } from './organization.ts';

/** What the hub asks in its own name: for roles of others, of the organization, and topics may be anybody's. */
const ofTheHub = ['sts', 'sns', 'organizations'];

/** Calls with a session of one account that name a resource of another. There must be none. */
export function crossTalk(calls: readonly AccountCall[], hub: string): string[] {
  return calls
    .filter(({ accountId, call }) => accountId !== hub || !ofTheHub.includes(call.service))
    .flatMap(({ accountId, named, call }) =>
      named
        .filter((other) => other !== accountId)
        .map((other) => `${call.service}:${call.operation} by ${call.caller} in ${accountId} names ${other}`),
    );
}
