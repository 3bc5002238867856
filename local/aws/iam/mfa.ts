import { isoSeconds } from '../clock.ts';
import { AwsError } from '../errors.ts';
import { optionalText, text } from '../input.ts';
import { type Environment, type Operations, type OperationsOn, operationsOn } from '../service.ts';
import { limit, pageOf, start } from './iam-lookup.ts';
import type { IamState, IamUser } from './iam-state.ts';

interface Account {
  readonly environment: Environment;
  readonly state: IamState;
}

function serialOf({ environment: { accountId } }: Account, name: string): string {
  return `arn:aws:iam::${accountId}:mfa/${name}`;
}

function withDevices({ state }: Account): IamUser[] {
  return state.users.ids.flatMap((id) => state.users.get(id) ?? []).filter(({ mfaActive }) => mfaActive);
}

/** Passwords and devices, as far as they are looked at: every device of a user is a virtual one. */
const operations: OperationsOn<Account> = {
  GetLoginProfile({ state }, input) {
    const { userName, passwordEnabled, createdAt } = state.user(text(input, 'UserName'));
    if (!passwordEnabled) {
      throw new AwsError(404, 'NoSuchEntity', `Login Profile for User ${userName} cannot be found.`);
    }
    return { LoginProfile: { UserName: userName, CreateDate: isoSeconds(createdAt), PasswordResetRequired: false } };
  },

  ListMFADevices(account, input) {
    const { userName, mfaActive, createdAt } = account.state.user(text(input, 'UserName'));
    const device = { UserName: userName, SerialNumber: serialOf(account, userName), EnableDate: isoSeconds(createdAt) };
    return { MFADevices: mfaActive ? [device] : [], IsTruncated: false };
  },

  ListVirtualMFADevices(account, input) {
    const { environment, state } = account;
    // None is made here before it is assigned.
    if (optionalText(input, 'AssignmentStatus') === 'Unassigned') return pageOf([], undefined, 'VirtualMFADevices');
    const users = withDevices(account).map(({ userName, path, arn, userId, createdAt }) => ({
      SerialNumber: serialOf(account, userName),
      User: { UserName: userName, Path: path, UserId: userId, Arn: arn, CreateDate: isoSeconds(createdAt) },
    }));
    const { accountId } = environment;
    const root = {
      SerialNumber: serialOf(account, 'root-account-mfa-device'),
      User: {
        UserName: accountId,
        Path: '/',
        UserId: accountId,
        Arn: `arn:aws:iam::${accountId}:root`,
        CreateDate: isoSeconds(0),
      },
    };
    const all = [...(state.isRootMfaVirtual ? [root] : []), ...users];
    const from = start(input);
    const end = from + limit(input, environment);
    return pageOf(all.slice(from, end), end < all.length ? end : undefined, 'VirtualMFADevices');
  },
};

export function createMfaOperations(environment: Environment, state: IamState): Operations {
  return operationsOn({ environment, state }, operations);
}
