import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { DEPLOYER, type Emulator, REGION, ROOT, VENV } from './emulator.ts';

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** The commands of an operator and of owners, and all that they printed. */
export interface Terminal {
  /** `npx sls …` in a copy of the project, so that a build here disturbs nobody. */
  sls(...args: string[]): Promise<string>;
  stackDirectory: string;
  /** The aws CLI of whoever deploys. */
  aws(...args: string[]): Promise<string>;
  /** The aws CLI with the profile `default` of that home directory. Does not throw. */
  awsAs(owner: string, ...args: string[]): Promise<Finished>;
  /** Writes the profile `default` of an owner. */
  configure(owner: string, key: KeyPair): void;
  printed: string[];
}

export interface KeyPair {
  accessKeyId: string;
  secretAccessKey: string;
  /** Of a role only. */
  sessionToken?: string;
}

export function createTerminal({ endpoint, workDir }: Pick<Emulator, 'endpoint' | 'workDir'>): Terminal {
  const printed: string[] = [];
  const stackDirectory = copyProject(workDir);
  const everywhere = {
    PATH: [dirname(process.execPath), join(ROOT, 'node_modules/.bin'), join(VENV, 'bin'), '/usr/bin', '/bin'].join(
      delimiter,
    ),
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    SLS_TELEMETRY_DISABLED: '1',
    SLS_NOTIFICATIONS_MODE: 'off',
  };
  const asDeployer = {
    ...everywhere,
    HOME: workDir,
    AWS_ACCESS_KEY_ID: DEPLOYER.accessKeyId,
    AWS_SECRET_ACCESS_KEY: DEPLOYER.secretAccessKey,
  };
  // AWS CLI 1 does not follow AWS_ENDPOINT_URL for SQS.
  const here = ['--endpoint-url', endpoint];
  const homeOf = (owner: string) => join(workDir, 'homes', owner);

  async function must(command: string, args: string[], cwd: string): Promise<string> {
    const { code, stdout, stderr } = await run(command, args, cwd, asDeployer);
    printed.push(stdout, stderr);
    if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit status ${code}\n${stdout}\n${stderr}`);
    return stdout;
  }

  return {
    printed,
    stackDirectory,
    sls: (...args) => must('sls', [...args, '--stage', 'e2e', '--region', REGION], stackDirectory),
    aws: (...args) => must('aws', [...args, ...here], workDir),
    // What an owner reads of their own secret is not kept: it holds their key.
    awsAs: (owner, ...args) =>
      run('aws', [...args, ...here, '--profile', 'default'], workDir, { ...everywhere, HOME: homeOf(owner) }),
    configure(owner, { accessKeyId, secretAccessKey, sessionToken }) {
      mkdirSync(join(homeOf(owner), '.aws'), { recursive: true });
      const token = sessionToken === undefined ? '' : `aws_session_token = ${sessionToken}\n`;
      const profile = `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n${token}`;
      writeFileSync(join(homeOf(owner), '.aws/credentials'), profile, { mode: 0o600 });
    },
  };
}

function copyProject(workDir: string): string {
  const directory = join(workDir, 'stack');
  mkdirSync(directory);
  for (const source of ['serverless.yml', 'resources', 'package.json']) {
    cpSync(join(ROOT, source), join(directory, source), { recursive: true });
  }
  for (const source of ['node_modules', 'cli']) symlinkSync(join(ROOT, source), join(directory, source));
  return directory;
}

function run(command: string, args: string[], cwd: string, env: Record<string, string>): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      { cwd, env, maxBuffer: 64 * 1024 * 1024, timeout: 120_000 },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error);
        else resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
    // `sls invoke` without --data waits for the end of its input.
    child.stdin?.end();
  });
}
