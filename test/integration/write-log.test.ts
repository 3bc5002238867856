import { describe, expect, it } from 'vitest';
import { createLife, keysOf, type Life, live, newKeyOf, use, writes } from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { pass, rotateUser } from '../support/world.ts';

searchForSecretsAfterEach();

interface Line {
  call: string;
  runId: string;
  transitionId?: string;
  accessKeyId?: string;
}

function linesOf({ logged }: Life): Line[] {
  return logged.map((line) => JSON.parse(line)).filter(({ message }) => message === 'Wrote');
}

describe('the log of writes', () => {
  it('has a line for every write of a life, in order, with the run and the transition', async () => {
    const life = createLife();
    const daily = (day: number): void => use(life, day > 1 ? newKeyOf(life, [life.oldKey]) : life.oldKey);
    await live(life, { from: 0, to: 25, daily });
    expect(Object.keys(keysOf(life))).toHaveLength(1);
    const lines = linesOf(life);
    expect(lines.map(({ call }) => call)).toEqual(writes(life));
    for (const { runId } of lines) expect(runId).toMatch(/^[0-9a-f-]{36}$/);
    const verbs = lines
      .filter(({ call }) => call.startsWith('iam:'))
      .map(({ call, transitionId = '', accessKeyId }) => [call, transitionId.split('/')[0], accessKeyId]);
    expect(verbs).toEqual([
      ['iam:CreateAccessKey', 'issue', newKeyOf(life, [life.oldKey])],
      ['iam:UpdateAccessKey', 'deactivate', life.oldKey],
      ['iam:DeleteAccessKey', 'delete', life.oldKey],
    ]);
  });

  it('has the same transition from its intent to its end, and in its announcement', async () => {
    const life = createLife();
    await pass(life, 'alice');
    const [intent, ...rest] = linesOf(life).filter(({ transitionId }) => transitionId !== undefined);
    expect(intent?.transitionId).toMatch(new RegExp(`^issue/${life.userId}/`));
    expect(new Set(rest.map(({ transitionId }) => transitionId))).toEqual(new Set([intent?.transitionId]));
    expect(rest.at(-1)?.call).toBe('secretsmanager:UntagResource');
    expect(life.logged.join('\n')).toContain(
      `"message":"Announced","event":"issued","transitionId":"${intent?.transitionId}"`,
    );
  });

  it('names a key whose secret was lost with the pass', async () => {
    const life = createLife();
    const dies = rotateUser(life, { userName: 'alice', action: 'rotate' }, ({ operation }) =>
      operation === 'GetCallerIdentity' ? { kind: 'crash-before' } : undefined,
    );
    await expect(dies).rejects.toThrow('has crashed');
    expect(linesOf(life).at(-1)).toMatchObject({
      call: 'iam:CreateAccessKey',
      transitionId: expect.stringMatching(/^issue\//),
      accessKeyId: newKeyOf(life, [life.oldKey]),
    });
  });
});
