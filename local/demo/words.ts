import type { Happening } from './chronicle.ts';

const instant = /(\d{4}-\d\d-\d\d)T[\d:.]+Z/g;
/** What the planner's sentence does not say by itself. */
const prefixes: Readonly<Record<string, string>> = { reminder: 'reminder: ', blocked: 'BLOCKED: ' };

/**
 * The sentence of a happening as a line of the timeline has it: the first one of a message, with days instead of
 * instants, and without the name that stands before it.
 */
export function inShort({ actor, event, text, userName }: Happening): string {
  const plain = (userName === undefined ? text : text.replaceAll(` of ${userName}`, '')).replace(instant, '$1');
  const [first = ''] = actor === 'keyturn' ? plain.split(/\.(?: |$)/) : [plain];
  return `${actor === 'operator' ? 'an operator ' : (prefixes[event] ?? '')}${first}`;
}
