import type { Call } from '../aws/call.ts';
import { isRecord } from '../aws/input.ts';
import type { AccountCall } from './organization.ts';
import { parsed } from './work.ts';

/** What the hub asks in its own name: for roles of others, of the organization, and topics may be anybody's. */
const ofTheHub = ['sts', 'sns', 'organizations'];

/**
 * Calls in which the account of the session, of the resource and of the message that is worked on are not one and the
 * same. There must be none. The hub itself works on every member, but in one invocation on no other than its message's:
 * it takes no role there, asks the organization about none, and tells nothing of another.
 */
export function crossTalk(calls: readonly AccountCall[], hub: string): string[] {
  return calls.flatMap((made) => [...ofResources(made, hub), ...ofMessages(made, hub)]);
}

function ofResources({ accountId, named, call }: AccountCall, hub: string): string[] {
  if (accountId === hub && ofTheHub.includes(call.service)) return [];
  return named.filter((other) => other !== accountId).map((other) => `${shown(call, accountId)} names ${other}`);
}

/** Only of calls that are made in an invocation. */
function ofMessages({ accountId, named, call, about }: AccountCall, hub: string): string[] {
  if (about === undefined) return [];
  const may = new Set([hub, ...about]);
  const others = new Set([accountId, ...named, ...toldOf(call)].filter((other) => !may.has(other)));
  // A run over the whole fleet lists all accounts, and has a message for each; it works in none.
  const isOfAll = about.every((one) => one === hub) && !(call.service === 'sts' || accountId !== hub);
  if (isOfAll) return [];
  return [...others].map(
    (other) => `${shown(call, accountId)} is about ${other}, and the message about ${about.join()}`,
  );
}

function shown({ service, operation, caller }: Call, accountId: string): string {
  return `${service}:${operation} by ${caller} in ${accountId}`;
}

/** Accounts of the messages that a call sends or publishes. */
function toldOf({ service, input }: Call): string[] {
  if (service === 'sns') return accountIn(wordsFor('default', input.Message));
  if (service !== 'sqs') return [];
  const entries = Array.isArray(input.Entries) ? input.Entries : [input];
  return entries.flatMap((entry) => accountIn(wordsFor('MessageBody', entry)));
}

/** Of a record, or of the text of one. */
function wordsFor(name: string, value: unknown): unknown {
  const record = typeof value === 'string' ? parsed(value) : value;
  return isRecord(record) && typeof record[name] === 'string' ? parsed(record[name]) : undefined;
}

function accountIn(document: unknown): string[] {
  return isRecord(document) && typeof document.accountId === 'string' ? [document.accountId] : [];
}
