// Also of shared/core/partition.ts.

import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildMessage, type Notice } from '../../../shared/core/messages/build-message.ts';
import { shellQuote } from '../../../shared/core/messages/commands.ts';
import { NEW, notices } from './notices.ts';

const everyNotice: readonly Notice[] = Object.values(notices);

/** Blocks that a reader copies: the lines between two blank ones, indented by four spaces or more. */
function blocksOf(notice: Notice): string[] {
  return buildMessage(notice)
    .body.email.split('\n\n')
    .filter((block) => /^ {4}\S/.test(block));
}

const isPowerShell = (block: string): boolean => block.includes('$env:');

/** Those for a shell. */
function commandsOf(notice: Notice): string[] {
  return blocksOf(notice).filter((block) => !isPowerShell(block));
}

/** What the shell makes of each command, with `npx` and `aws` printing their arguments, and what is piped into them. */
function argumentsOf(commands: readonly string[]): string[][] {
  const aws = `printf '%s\\0' "$@"; case "$*" in *stdin*) cat; printf '\\0';; esac`;
  const each = commands.map((command) => `${command}\nprintf '\\1'\n`);
  const script = `npx() { printf '%s\\0' "$@"; }; aws() { ${aws}; }\n${each.join('')}`;
  const printed = execFileSync('bash', { input: script, encoding: 'utf8' }).split('\u0001');
  return printed.slice(0, -1).map((words) => words.split('\0').slice(0, -1));
}

/** What bash finds wrong in each, each read by itself. */
function errorsOf(commands: readonly string[]): string {
  const script = commands.map((command) => `eval ${shellQuote(`nothing() {\n${command}\n}`)}\n`).join('');
  return spawnSync('bash', { input: script, encoding: 'utf8' }).stderr;
}

function optionOf(args: readonly string[], name: string): string {
  return args[args.indexOf(name) + 1] ?? '';
}

describe('every command of every email', () => {
  it.each(Object.entries(notices))('parses in bash: %s', (_, notice) => {
    expect(errorsOf(commandsOf(notice))).toBe('');
    expect(errorsOf(["echo 'a", 'echo b'])).toMatch(/unexpected EOF/);
  });

  it('says the same to sls and to aws lambda invoke, whatever the name', () => {
    const anyName = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'aZ9_+=,.@-'), minLength: 1, maxLength: 64 }),
      fc.string({ unit: fc.constantFrom(...'ab\'"\\$`!;|&* \n'), minLength: 1, maxLength: 20 }),
    );
    fc.assert(
      fc.property(anyName, (userName) => {
        const commands = argumentsOf(commandsOf({ ...notices.retired, userName }));
        const [iam = [], sls = [], lambda = []] = commands;

        expect(JSON.parse(optionOf(sls, '--data'))).toEqual({ userName, action: 'rotate' });
        expect(JSON.parse(lambda.at(-1) ?? '')).toEqual({ userName, action: 'rotate' });
        expect(iam.includes(`--user-name=${userName}`) || optionOf(iam, '--user-name') === userName).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('asks the deployment that sent the message', () => {
    const args = argumentsOf(commandsOf(notices.held));

    expect(args).toEqual([
      [
        ...['sls', 'invoke', '-f', 'rotate-user', '--stage', 'prod', '--region', 'eu-west-1', '--data'],
        '{"userName":"alice","action":"hold","holdUntil":"2026-04-08"}',
      ],
      [
        ...['lambda', 'invoke', '--function-name', 'keyturn-prod-rotate-user', '--region', 'eu-west-1'],
        ...['--cli-read-timeout', '310', '--payload', 'fileb:///dev/stdin', '/dev/stdout'],
        '{"userName":"alice","action":"hold","holdUntil":"2026-04-08"}',
      ],
    ]);
  });

  it('leaves the stage out where the name of the function does not tell it', () => {
    const [sls = []] = argumentsOf(commandsOf({ ...notices.held, rotateUserFunction: 'renamed' }));

    expect(sls).not.toContain('--stage');
  });

  it('is no option where the name of a user begins with a hyphen', () => {
    const [iam = []] = argumentsOf(commandsOf({ ...notices['inactive-seen'], userName: '-x' }));

    expect(iam).toContain('--user-name=-x');
  });

  it('never holds what is not given: no secret key and no placeholder', () => {
    for (const notice of everyNotice) expect(commandsOf(notice).join()).not.toMatch(/undefined|<[a-z]/);
  });
});

describe('the command line of Keyturn', () => {
  const first = (notice: Notice): string | undefined => blocksOf({ ...notice, switchCommand: 'keyturn' })[0]?.trim();

  it('is offered first, as it was given, and reads by a sign-in where the old key cannot', () => {
    expect(first(notices.issued)).toBe('keyturn switch --profile YOUR-PROFILE --region eu-west-1');
    expect(first(notices['rolled-back'])).toBe('keyturn switch --profile YOUR-PROFILE --region eu-west-1');
    expect(first(notices.exposed)).toBe(
      'aws login --profile signin --region eu-west-1\n    keyturn switch --profile YOUR-PROFILE --region eu-west-1 --read-with signin',
    );
  });

  it('names the secret where its prefix is not the usual one, and then the user too', () => {
    const secretName = 'team-a/AIDACKCEVSQ6C2ALICE0/access-key';
    expect(first({ ...notices.issued, secretName })).toMatch(/ --secret team-a\/AIDACKCEVSQ6C2ALICE0\/access-key$/);
    expect(first({ ...notices.exposed, secretName })).toMatch(/ --secret team-a\/\S+ --user \S+$/);
  });

  it('is not named to owners who do not read', () => {
    expect(first(notices['issued-for-readers'])).not.toContain('keyturn switch');
  });
});

it('shellQuote gives back one word, whatever it holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab\'"\\$`!;|&*~#{} \n\t') }), (word) => {
      expect(argumentsOf([`npx ${shellQuote(word)}`])).toEqual([[word]]);
    }),
    { numRuns: 40 },
  );
});

// Shapes of AWS's own: 40 characters of base64's alphabet.
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const VALUE = `{"Version":1,"AccessKeyId":"${NEW}","SecretAccessKey":"${SECRET}","UserName":"alice"}`;

describe('the switch', () => {
  const home = mkdtempSync(join(tmpdir(), 'keyturn-switch-'));
  const log = join(home, 'arguments');
  const written = join(home, 'written');

  function stub(name: string, body: string): void {
    writeFileSync(join(home, 'bin', name), `#!/usr/bin/env bash\necho "${name} $*" >> '${log}'\n${body}\n`);
    chmodSync(join(home, 'bin', name), 0o755);
  }

  function run(notice: Notice, environment: Record<string, string> = {}) {
    return runScript(commandsOf(notice).find((each) => each.includes('get-secret-value')) ?? 'exit 9', environment);
  }

  function runScript(command: string, environment: Record<string, string> = {}) {
    writeFileSync(log, '');
    writeFileSync(written, '');
    const path = `${join(home, 'bin')}${delimiter}${process.env.PATH}`;
    const env = { ...process.env, ...environment, PATH: path };
    const { stdout } = spawnSync('bash', { input: command, env, encoding: 'utf8' });
    return { stdout, calls: readFileSync(log, 'utf8'), answers: readFileSync(written, 'utf8') };
  }

  beforeAll(() => {
    mkdirSync(join(home, 'bin'));
    stub(
      'aws',
      `if [ -n "$AWS_SESSION_TOKEN" ]; then echo "session $AWS_SESSION_TOKEN" >> '${log}'; fi
      case "$1 $2" in
        "sts get-session-token") if [ -n "$DENIED" ]; then exit 254; fi; printf 'ASIA\\tsecret\\tTOKEN\\n';;
        "secretsmanager get-secret-value") if [ -n "$DENIED" ]; then echo denied >&2; exit 254; fi; echo '${VALUE}';;
        "configure "*) echo "prompts"; cat > '${written}'; echo "profile $3$AWS_PROFILE$AWS_DEFAULT_PROFILE" >> '${log}';;
      esac`,
    );
    // jq is what the owner needs; a machine that only has Node stands in for this one filter.
    if (spawnSync('jq', ['--version']).status !== 0) {
      const filter = `let s='';process.stdin.on('data',(d)=>{s+=d}).on('end',()=>{if(!s)return;const v=JSON.parse(s);
        console.log([v.AccessKeyId,v.SecretAccessKey,'','',''].join(String.fromCharCode(10)))})`;
      stub('jq', `node -e "${filter}"`);
    }
  });
  afterAll(() => rmSync(home, { recursive: true }));

  it.each(['issued', 'reminder', 'rolled-back', 'exposed'] as const)('writes the profile: %s', (event) => {
    const { answers } = run(notices[event]);

    expect(answers).toBe(`${NEW}\n${SECRET}\n\n\n\n`);
  });

  it('writes the profile that it names, whatever the environment says', () => {
    const { calls } = run(notices.issued, { AWS_PROFILE: 'other', AWS_DEFAULT_PROFILE: 'other' });

    expect(calls).toMatch(/^profile $/m);
  });

  it('shows the secret access key neither on the screen nor in the list of processes', () => {
    const { stdout, calls } = run(notices.issued);

    expect(calls).toContain('aws secretsmanager get-secret-value --profile default --region eu-west-1');
    expect(stdout).toBe('');
    expect(calls).not.toContain(SECRET);
  });

  it('reads with a session of MFA where the account demands it, and still writes the profile', () => {
    const [switching = '', mfa = ''] = ['get-secret-value', 'get-session-token'].map((call) =>
      commandsOf(notices.issued).find((each) => each.includes(call)),
    );
    const { calls, answers } = runScript(`${mfa}\n${switching.replace(' --profile default', '')}`);

    expect(calls).toContain('--serial-number arn:aws:iam::111122223333:mfa/alice --token-code 000000');
    expect(calls).toContain('session TOKEN');
    expect(answers).toBe(`${NEW}\n${SECRET}\n\n\n\n`);
  });

  it('sets nothing where the code of MFA is wrong', () => {
    const mfa = commandsOf(notices.issued).find((each) => each.includes('get-session-token')) ?? 'exit 9';
    const { stdout, calls } = runScript(`${mfa}\naws secretsmanager get-secret-value`, { DENIED: '1' });

    expect(calls).not.toMatch(/^session/m);
    expect(stdout).toBe('');
  });

  it('names the device in the partition of the Region', () => {
    for (const [region, arn] of [
      ['cn-north-1', 'arn:aws-cn:iam::'],
      ['us-gov-west-1', 'arn:aws-us-gov:iam::'],
      ['eusc-de-east-1', 'arn:aws-eusc:iam::'],
      ['us-isob-east-1', 'arn:aws-iso-b:iam::'],
      ['us-east-1', 'arn:aws:iam::'],
    ] as const) {
      expect(commandsOf({ ...notices.issued, region }).join()).toContain(`--serial-number ${arn}`);
    }
  });

  it('has its form for PowerShell, which writes nothing if the secret cannot be read', () => {
    for (const event of ['issued', 'reminder', 'exposed', 'issued-first-key', 'rolled-back'] as const) {
      const lines = blocksOf(notices[event]).find(isPowerShell)?.trim().split(/\n */) ?? [];

      expect(lines.at(-2)).toMatch(/^\$key = aws secretsmanager get-secret-value .* \| ConvertFrom-Json$/);
      expect(lines.at(-1)).toBe(
        "if ($key) { $key.AccessKeyId, $key.SecretAccessKey, '', '', '' | aws configure | Out-Null }",
      );
      expect(lines[0]?.startsWith('aws login')).toBe(event === 'exposed' || event === 'issued-first-key');
    }
  });

  it('writes nothing if the secret cannot be read', () => {
    expect(run(notices.issued, { DENIED: '1' }).answers).toBe('');
  });

  it('signs in first where the old key cannot read any more', () => {
    for (const event of ['exposed', 'issued-first-key', 'issued-without-grace'] as const) {
      const { calls } = run(notices[event]);

      expect(calls).toMatch(/^aws login --profile signin /);
      expect(calls).toContain('get-secret-value --profile signin ');
    }
  });

  it('is left out where the secret does not hold the key to use', () => {
    const { secretName: _, ...notice } = notices.reminder;

    expect(run(notice).calls).toBe('');
    expect(buildMessage(notice).body.email).toContain(`other key, ${NEW}`);
  });

  it('needs no key ID of the new key', () => {
    const { newAccessKeyId: _, ...notice } = notices.reminder;

    expect(run(notice).answers).toContain(SECRET);
  });
});
