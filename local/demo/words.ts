import type { Happening } from './chronicle.ts';

const instant = /(\d{4}-\d\d-\d\d)T[\d:.]+Z/g;

/** The sentence of a happening, as short as a line of the timeline wants it: without the name that stands before it. */
export function inShort({ actor, event, text, userName }: Happening): string {
  const plain = (userName === undefined ? text : text.replaceAll(` of ${userName}`, '')).replace(instant, '$1');
  const rule = shortenings[event];
  return rule !== undefined ? rule(plain) : actor === 'operator' ? `an operator ${plain}` : plain;
}

const shortenings: Readonly<Record<string, (text: string) => string>> = {
  issued: (text) =>
    text
      .replace(/(\d)\.\d days/, '$1 days')
      .replace(': a replacement is issued.', ': a new one is made, proven, stored and announced'),
  reminder: (text) => `reminder: ${text.replace(/; last used.*$/, '')}`,
  deactivated: (text) =>
    text
      .replace(/\. It can be reactivated.*$/, '')
      .replace(/ \(active, .*$/, ' stays')
      .replace(/(; last used \S+) by (\S+) in \S+/, '$1 ($2)'),
  retired: (text) => text.replace(/ \(.*last used (\S+) by .*?\) is unused and/, ', last used $1,').replace(/\.$/, ''),
  blocked: (text) =>
    `BLOCKED: ${text.replace(/\(active, ([^,]+), [^)]*\)/g, '($1)').replace(/\. Deactivate and delete one.*$/, '')}`,
  postponed: (text) =>
    text
      .replace(/: the old key is still in use.*$/, ', for it is still in use')
      .replace(/: the new key has not.*$/, ''),
  'orphan-removed': (text) => text.replace(/ If you made this key yourself.*$/, ''),
  retry: (text) =>
    `${text.replace(/^.*Cannot call (\S+) on \S+: /, 'a pass fails at $1: ')}; its message comes back in half an hour`,
};
