import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { BeforeCall, LocalAws } from '../../local/aws/aws.ts';

import type { Connection } from '../../local/aws/connection.ts';

/** Deployed functions, as `GetFunctionConfiguration` shows them: name → environment. */
export type Deployed = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** One call that no embedded AWS answers: of STS between accounts, or of Lambda. */
export interface OtherCall {
  operation: string;
  parameters: Readonly<Record<string, string>>;
}

/** Several accounts behind one endpoint, with roles that the session of another account may assume. */
export interface Accounts {
  url: string;
  /** A home directory with shared files. */
  home: string;
  /** GetSessionToken, AssumeRole and Lambda's, in order. */
  others: OtherCall[];
  deployed: Map<string, Deployed>;
  writeFiles(config: string, credentials?: string): void;
  close(): Promise<void>;
}

/** Codes that a device shows, each good once. */
const CODE = /^\d{6}$/;

/**
 * The first account is that of whoever signs with anything but a role's session. `roles/<name>` of the others is assumed
 * with a code or with the session of one; `external` only with the external ID `e-1`.
 */
export async function startAccounts(accounts: readonly LocalAws[], before?: BeforeCall): Promise<Accounts> {
  const home = mkdtempSync(join(tmpdir(), 'keyturn-accounts-'));
  const others: OtherCall[] = [];
  const deployed = new Map<string, Deployed>();
  const used = new Set<string>();
  const sessions = new Map<string, { aws: LocalAws | undefined; isMfa: boolean }>();
  const [first] = accounts;
  const connections = new Map(
    accounts.map((aws): [LocalAws | undefined, Connection] => [aws, aws.connect('preview', before)]),
  );

  function open(aws: LocalAws | undefined, isMfa: boolean): string {
    const accessKeyId = `ASIASESSION${String(sessions.size).padStart(9, '0')}`;
    sessions.set(accessKeyId, { aws, isMfa });
    const expiration = new Date((first?.clock.now() ?? 0) + 3_600_000).toISOString();
    return `<Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${expiration}</Expiration></Credentials>`;
  }

  function isGoodCode(code: string | undefined): boolean {
    if (code === undefined || !CODE.test(code) || used.has(code)) return false;
    used.add(code);
    return true;
  }

  function sts(operation: string, parameters: Record<string, string>, accessKeyId: string): Answer {
    others.push({ operation, parameters });
    const mfa = 'MultiFactorAuthentication failed with invalid MFA one time pass code.';
    if (operation === 'GetSessionToken') {
      if (!isGoodCode(parameters.TokenCode)) return denied(mfa);
      return done(operation, open(undefined, true));
    }
    const [, account, role] = /iam::(\d+):role\/(.+)$/.exec(parameters.RoleArn ?? '') ?? [];
    const aws = accounts.find(({ accountId }) => accountId === account);
    const needsCode = parameters.TokenCode !== undefined;
    if (needsCode && !isGoodCode(parameters.TokenCode)) return denied(mfa);
    const isMfa = needsCode || sessions.get(accessKeyId)?.isMfa === true;
    const isTrusted = role !== 'external' || parameters.ExternalId === 'e-1';
    if (aws === undefined || !isMfa || !isTrusted) {
      return denied(`User: x is not authorized to perform: sts:AssumeRole on resource: ${parameters.RoleArn}`);
    }
    return done(operation, open(aws, true));
  }

  function lambda(path: string, aws: LocalAws | undefined): Answer {
    const [, name = ''] = /\/functions\/([^/]+)\/configuration$/.exec(path) ?? [];
    others.push({ operation: 'GetFunctionConfiguration', parameters: { FunctionName: name } });
    const variables = deployed.get(aws?.accountId ?? '')?.[name];
    const headers = { 'content-type': 'application/json' };
    if (variables === undefined) {
      const body = JSON.stringify({ Message: `Function not found: ${name}` });
      return { statusCode: 404, headers: { ...headers, 'x-amzn-errortype': 'ResourceNotFoundException' }, body };
    }
    return {
      statusCode: 200,
      headers,
      body: JSON.stringify({ FunctionName: name, Environment: { Variables: variables } }),
    };
  }

  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const [path = '/', search = ''] = (request.url ?? '/').split('?');
    const [, accessKeyId = '', service = ''] =
      /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(',') : (value ?? ''),
      ]),
    );
    const parameters = Object.fromEntries(new URLSearchParams(body.toString('utf8')));
    const session = sessions.get(accessKeyId);
    const aws = session === undefined ? first : session.aws;
    const wire = {
      method: request.method ?? 'GET',
      path,
      query: Object.fromEntries(new URLSearchParams(search)),
      headers,
      body,
    };
    const { Action = '' } = parameters;
    const answer =
      service === 'sts' && Action !== 'GetCallerIdentity'
        ? sts(Action, parameters, accessKeyId)
        : service === 'lambda'
          ? lambda(path, aws)
          : await (aws ?? first)?.handle(wire, connections.get(aws ?? first));
    response.writeHead(answer?.statusCode ?? 500, answer?.headers);
    response.end(answer?.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    home,
    others,
    deployed,
    writeFiles(config, credentials = '') {
      writeFileSync(join(home, 'config'), config);
      writeFileSync(join(home, 'credentials'), credentials);
    },
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      rmSync(home, { recursive: true });
    },
  };
}

interface Answer {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

const XML = { 'content-type': 'text/xml' };

function done(operation: string, result: string): Answer {
  const body = `<${operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${operation}Result>${result}</${operation}Result></${operation}Response>`;
  return { statusCode: 200, headers: XML, body };
}

function denied(message: string): Answer {
  const body = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`;
  return { statusCode: 403, headers: XML, body };
}
