import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterVerdict, type MessageAttributes, readFilter } from '../../../shared/core/subscription-filter.ts';

const SCOPE = 'MessageAttributes';
const filter = (policy: unknown, scope = SCOPE) => ({ policy: JSON.stringify(policy), scope });
const of = (value: string | undefined): MessageAttributes => ({
  event: 'deactivated',
  ...(value === undefined ? {} : { userName: value }),
});
/** What a filter with this one value for the user's name makes of that name. */
const judged = (asked: unknown, value: string | undefined) => filterVerdict(filter({ userName: [asked] }), of(value));
const because = (policy: unknown, scope = SCOPE): string => {
  const read = readFilter(filter(policy, scope));
  return read.kind === 'understood' ? 'understood' : read.because;
};

describe('one value', () => {
  it.each<[asked: unknown, passes: string | undefined, doesNot: string | undefined]>([
    ['alice', 'alice', 'Alice'],
    ['alice', 'alice', undefined],
    ['', '', undefined],
    [{ prefix: 'ali' }, 'ali', 'al'],
    [{ prefix: 'ali' }, 'alice', 'Alice'],
    [{ prefix: '' }, 'alice', undefined],
    [{ suffix: 'bot' }, 'bot', 'ot'],
    [{ suffix: 'bot' }, 'deploy-bot', 'bots'],
    [{ suffix: 'bot' }, 'bot', undefined],
    [{ 'equals-ignore-case': 'ALICE' }, 'alice', 'alice2'],
    [{ 'equals-ignore-case': 'alice' }, 'Alice', undefined],
    [{ 'anything-but': 'alice' }, 'Alice', 'alice'],
    [{ 'anything-but': 'alice' }, 'bob', undefined],
    [{ 'anything-but': ['alice', 'bob'] }, 'eve', 'bob'],
    [{ 'anything-but': { prefix: 'al' } }, 'a', 'al'],
    [{ 'anything-but': { prefix: 'al' } }, 'bob', undefined],
    [{ 'anything-but': { suffix: '-bot' } }, 'bot', 'deploy-bot'],
    [{ exists: true }, 'alice', undefined],
    [{ exists: false }, undefined, 'alice'],
    [{ cidr: '10.0.0.0/24' }, '10.0.0.0', '9.255.255.255'],
    [{ cidr: '10.0.0.0/24' }, '10.0.0.255', '10.0.1.0'],
    [{ cidr: '10.0.0.7/32' }, '10.0.0.7', '10.0.0.6'],
    [{ cidr: '0.0.0.0/0' }, '255.255.255.255', '255.255.255.256'],
    [{ cidr: '0.0.0.0/0' }, '1.2.3.4', 'alice'],
    [{ cidr: '0.0.0.0/0' }, '1.2.3.4', '1.2.3.4.5'],
    [{ cidr: '0.0.0.0/0' }, '1.2.3.4', undefined],
  ])('%j lets %j through, and not %j', (asked, passes, doesNot) => {
    expect(judged(asked, passes)).toBe('passes');
    expect(judged(asked, doesNot)).toBe('does-not-pass');
  });

  it.each([
    100,
    true,
    null,
    { numeric: ['=', 100] },
    { numeric: ['<', 200] },
    { numeric: ['>=', 0, '<', 200] },
    { numeric: ['>', 0, '<=', 200] },
  ])('%j is not about text, whatever the text looks like', (asked) => {
    for (const value of ['100', 'true', 'null', undefined]) expect(judged(asked, value)).toBe('does-not-pass');
  });
});

describe('several', () => {
  const alice = { userName: 'alice', owner: 'team-a', event: 'deactivated' };

  it('values are alternatives, several attributes are not', () => {
    expect(filterVerdict(filter({ userName: ['bob', { prefix: 'al' }] }), alice)).toBe('passes');
    expect(filterVerdict(filter({ userName: ['alice'], owner: ['team-a', 'team-b'] }), alice)).toBe('passes');
    expect(filterVerdict(filter({ userName: ['alice'], owner: ['team-b'] }), alice)).toBe('does-not-pass');
    expect(filterVerdict(filter({}), alice)).toBe('passes');
  });

  it('attributes are alternatives under $or, and those may be nested', () => {
    const either = { $or: [{ userName: ['bob'] }, { owner: ['team-a'] }] };
    expect(filterVerdict(filter(either), alice)).toBe('passes');
    expect(filterVerdict(filter({ ...either, event: ['deleted'] }), alice)).toBe('does-not-pass');
    expect(filterVerdict(filter(either), { userName: 'eve', owner: 'team-b' })).toBe('does-not-pass');
    const nested = { $or: [{ userName: ['bob'] }, { event: ['deactivated'], $or: [either, { event: ['held'] }] }] };
    expect(filterVerdict(filter(nested), alice)).toBe('passes');
    expect(filterVerdict(filter(nested), { ...alice, event: 'held' })).toBe('does-not-pass');
  });

  it('does not take $or for alternatives where SNS does not', () => {
    expect(filterVerdict(filter({ $or: ['alice', 'bob'] }), alice)).toBe('does-not-pass');
    expect(because({ $or: [{ userName: ['alice'] }] })).toContain('operator "userName"');
    expect(because({ $or: [{ numeric: 123 }, { prefix: 'abc' }] })).toContain('"numeric"');
    expect(because({ $or: [{ wildcard: ['a'] }, { userName: ['alice'] }] })).toContain('"wildcard"');
  });

  it('asks only for attributes that the message itself has', () => {
    expect(filterVerdict(filter({ constructor: [{ exists: true }] }), alice)).toBe('does-not-pass');
    expect(filterVerdict({ policy: '{"__proto__":[{"exists":true}]}', scope: SCOPE }, alice)).toBe('does-not-pass');
    expect(filterVerdict(filter({ owner: [{ exists: false }] }), {})).toBe('does-not-pass');
  });
});

describe('what is not understood', () => {
  it.each<[policy: unknown, says: string]>([
    [[], 'the filter is no object'],
    ['alice', 'the filter is no object'],
    [{ userName: 'alice' }, 'what it asks of attribute "userName" is no list of values'],
    [{ userName: [] }, 'is no list of values'],
    [{ userName: { first: ['alice'] } }, 'is no list of values'],
    [{ userName: [['alice']] }, 'a value is neither text nor one operator'],
    [{ userName: [{}] }, 'a value is neither text nor one operator'],
    [{ userName: [{ prefix: 'a', suffix: 'b' }] }, 'a value is neither text nor one operator'],
    [{ userName: ['alice', { wildcard: 'a*' }] }, 'operator "wildcard" is not known here'],
    [{ userName: [{ constructor: 'a' }] }, 'operator "constructor" is not known here'],
    [{ userName: [{ prefix: 1 }] }, 'what "prefix" asks for is no text'],
    [{ userName: [{ exists: 'true' }] }, '"exists" is neither true nor false'],
    [{ userName: [{ numeric: [] }] }, '"numeric" is neither a comparison nor a range'],
    [{ userName: [{ numeric: ['=', 1, '<', 2] }] }, '"numeric" is neither'],
    [{ userName: [{ numeric: ['>', 1, '<', 2, 3] }] }, '"numeric" is neither'],
    [{ userName: [{ numeric: ['>', '1'] }] }, '"numeric" is neither'],
    [{ userName: [{ 'anything-but': [] }] }, '"anything-but" has values that are no text'],
    [{ userName: [{ 'anything-but': [1] }] }, '"anything-but" has values that are no text'],
    [{ userName: [{ 'anything-but': 1 }] }, '"anything-but" is neither text nor one operator'],
    [{ userName: [{ 'anything-but': { cidr: '10.0.0.0/8' } }] }, 'operator "cidr" is not known here'],
    [{ userName: [{ 'anything-but': { prefix: ['a'] } }] }, 'what "prefix" asks for is no text'],
    [{ userName: [{ cidr: '10.0.0.0' }] }, '"10.0.0.0" is no range of IPv4 addresses'],
    [{ userName: [{ cidr: '10.0.0.0/33' }] }, 'is no range of IPv4 addresses'],
    [{ userName: [{ cidr: '10.0.0.256/8' }] }, 'is no range of IPv4 addresses'],
    [{ userName: [{ cidr: '2001:db8::/32' }] }, 'is no range of IPv4 addresses'],
    [{ $or: [{}, { userName: ['alice'] }] }, 'an alternative of $or is empty'],
  ])('%j: lets nothing through, and says what it is and what would be understood', (policy, says) => {
    expect(because(policy)).toContain(says);
    expect(because(policy)).toContain('{"userName":["alice"]}');
    expect(filterVerdict(filter(policy), of('alice'))).toBe('not-understood');
  });

  it('is a filter of the body, one that is no JSON, and one without a bottom', () => {
    expect(because({ userName: ['alice'] }, 'MessageBody')).toContain('its scope is "MessageBody"');
    expect(filterVerdict({ policy: '{"userName":', scope: SCOPE }, of('alice'))).toBe('not-understood');
    const nested = (levels: number) => `${'{"$or":[{"a":["b"]},'.repeat(levels)}{"a":["b"]}${']}'.repeat(levels)}`;
    const ofLevels = (levels: number) => filterVerdict({ policy: nested(levels), scope: SCOPE }, { a: 'b' });
    expect([5, 6, 10_000].map(ofLevels)).toEqual(['passes', 'not-understood', 'not-understood']);
  });

  it('is quoted briefly, on one line', () => {
    const says = because({ userName: [{ [`${'x'.repeat(1_000)}\n`]: 'a' }] });
    expect(says.length).toBeLessThan(300);
    expect(says).not.toContain('\n');
  });
});

describe('any filter', () => {
  const attributes = fc.dictionary(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), {
    minKeys: 1,
    maxKeys: 5,
  });
  const verdicts = ['passes', 'does-not-pass', 'not-understood'];

  it('that is made of the message’s own attributes lets it through', () => {
    const isOwn = (name: string) => name !== '$or';
    fc.assert(
      fc.property(attributes, (own) => {
        const asked = Object.entries(own).filter(([name]) => isOwn(name));
        const exact = Object.fromEntries(asked.map(([name, value]) => [name, ['-', value]]));
        const other = Object.fromEntries(asked.map(([name, value]) => [name, [`${value}-`]]));
        expect(filterVerdict(filter(exact), own)).toBe('passes');
        expect(filterVerdict(filter(other), own)).toBe(asked.length === 0 ? 'passes' : 'does-not-pass');
      }),
    );
  });

  it('gets an answer, whatever JSON or text it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), attributes, (policy, own) => {
        expect(verdicts).toContain(filterVerdict({ policy, scope: SCOPE }, own));
      }),
    );
    const value = fc.oneof(
      fc.string(),
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom('prefix', 'cidr', 'anything-but', 'numeric', 'exists', 'other'), fc.jsonValue(), {
        maxKeys: 2,
      }),
    );
    const policies = fc.dictionary(fc.constantFrom('userName', 'owner', '$or'), fc.array(value, { maxLength: 3 }));
    fc.assert(
      fc.property(policies, (policy) => {
        expect(verdicts).toContain(filterVerdict(filter(policy), { userName: 'alice', owner: 'team-a' }));
      }),
    );
  });
});
