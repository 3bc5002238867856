import { describe, expect, it } from 'vitest';
import { asRotationError, isRefusal } from '../../shared/aws/failure.ts';
import { RotationError } from '../../shared/core/errors.ts';

const call = { permission: 'iam:GetUser', input: { UserName: 'alice' } };

function thrown(name: string, status: unknown, message = 'no'): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
}

describe('what the SDK throws', () => {
  it('stays what it is once it is a RotationError', () => {
    const error = new RotationError('Cannot.');
    expect(asRotationError(error, call)).toBe(error);
  });

  it('is unknown, and may pass, where it is no error', () => {
    const { message, code, isTransient } = asRotationError('a text', call);
    expect({ message, code, isTransient }).toEqual({
      message: 'Cannot call iam:GetUser on alice: UnknownError: unknown',
      code: 'UnknownError',
      isTransient: true,
    });
  });

  it.each([
    [400, true],
    [499, true],
    [500, false],
    [399, false],
    ['404', false],
    [undefined, false],
  ])('is definite with status %s: %s', (status, isDefinite) => {
    expect(isRefusal(thrown('NoSuchEntity', status))).toBe(isDefinite);
    expect(asRotationError(thrown('NoSuchEntity', status), call)).toMatchObject({
      isDefinite,
      isTransient: !isDefinite,
    });
  });

  it('is not definite after a try without an answer, nor is a throttle final', () => {
    const uncertain = asRotationError(thrown('NoSuchEntity', 404), { ...call, isUncertain: true });
    expect(uncertain).toMatchObject({ isDefinite: false, isTransient: true });
    expect(asRotationError(thrown('Throttling', 400), call)).toMatchObject({ isDefinite: true, isTransient: true });
  });
});

it('names whoever calls, where it is no function', () => {
  const named = { ...call, caller: 'profile audit' };
  expect(asRotationError(thrown('AccessDenied', 403), named).message).toMatch(
    /Add iam:GetUser on that resource to the policy of profile audit\.$/,
  );
  const denied = thrown('AccessDenied', 403, 'no, with an explicit deny');
  expect(asRotationError(denied, named).message).toMatch(/except profile audit\.$/);
});

describe('the way out of a refusal', () => {
  const ROLE = 'arn:aws:sts::123456789012:assumed-role/keyturn-worker/keyturn';
  const refusal = (permission: string, code: string, message: string) =>
    asRotationError(thrown(code, 400, message), { permission, input: {} }).message;
  const denied = (permission: string, why: string, action = permission) =>
    refusal(
      permission,
      'AccessDeniedException',
      `User: ${ROLE} is not authorized to perform: ${action} on resource: x ${why}`,
    );

  it.each([
    [
      'because no identity-based policy allows the sns:Publish action',
      'Add sns:Publish on that resource to the policy',
    ],
    ['', 'Add sns:Publish on that resource to the policy'],
    ['with an explicit deny in an identity-based policy', 'find the Deny statement'],
    ['with an explicit deny', 'find the Deny statement'],
    ['with an explicit deny in a service control policy', 'A service control policy of the organization denies it'],
    ['because no service control policy allows the sns:Publish action', 'A service control policy of the organization'],
    ['with an explicit deny in a resource control policy', 'A resource control policy of the organization denies it'],
    [
      'because no permissions boundary allows the sns:Publish action',
      "allow sns:Publish in the boundary of this function's role",
    ],
    ['with an explicit deny in a permissions boundary', "allow sns:Publish in the boundary of this function's role"],
    ['because no VPC endpoint policy allows the sns:Publish action', "allow sns:Publish in the endpoint's policy"],
    ['with an explicit deny in a VPC endpoint policy', "allow sns:Publish in the endpoint's policy"],
    ['because no session policy allows the sns:Publish action', 'session policy'],
    ['because no resource-based policy allows the sns:Publish action', 'The policy of the topic does not allow it'],
    ['with an explicit deny in a resource-based policy', 'The policy of the topic denies it: except'],
    [
      'with an explicit deny in a service control policy: arn:aws:organizations::111111111111:policy/o-x/service_control_policy/p-x',
      'A service control policy of the organization denies it',
    ],
  ])('of a policy: %s', (why, wayOut) => {
    const message = denied('sns:Publish', why);
    expect(message).toContain(wayOut);
    expect(message.includes('Add sns:Publish')).toBe(wayOut.startsWith('Add '));
  });

  it.each([
    ['AccessDenied', 'with an explicit deny in a service control policy', true],
    ['AccessDenied', 'with an explicit deny in a resource control policy', true],
    ['AccessDenied', 'with an explicit deny', undefined],
    ['Throttling', 'with an explicit deny in a service control policy', undefined],
  ])('is a fact of its own where the organization refuses: %s %s', (code, why, isByOrganization) => {
    const { facts } = asRotationError(thrown(code, 403, why), call);
    expect(facts.isDeniedByOrganization).toBe(isByOrganization);
  });

  it.each([
    ['sqs:SendMessage', 'queue'],
    ['secretsmanager:TagResource', 'secret'],
    ['kms:GenerateMac', 'KMS key'],
  ])('of a resource names which: %s', (permission, noun) => {
    expect(denied(permission, 'because no resource-based policy allows it')).toContain(`The policy of the ${noun} `);
  });

  describe('of the KMS key', () => {
    it.each([
      [
        'sns:Publish',
        'KMSAccessDeniedException',
        'not authorized to perform: kms:GenerateDataKey',
        "The topic's KMS key",
      ],
      ['sqs:SendMessage', 'KmsAccessDenied', 'The caller does not have access to the key', "The queue's KMS key"],
      [
        'secretsmanager:PutSecretValue',
        'AccessDeniedException',
        'Access to KMS is not allowed',
        "The secret's KMS key",
      ],
      ['secretsmanager:PutSecretValue', 'DecryptionFailure', 'no', "The secret's KMS key"],
      [
        'sns:Publish',
        'AuthorizationErrorException',
        'is not authorized to perform: kms:Decrypt on resource: k because no identity-based policy allows the kms:Decrypt action',
        "The topic's KMS key",
      ],
      [
        'sqs:SendMessage',
        'KmsAccessDenied',
        'is not authorized to perform: kms:Decrypt on resource: k because no resource-based policy allows the kms:Decrypt action',
        "The queue's KMS key",
      ],
    ])('by %s, %s', (permission, code, said, whose) => {
      const message = refusal(permission, code, said);
      expect(message).toContain(`${whose} refuses it: allow this function's role kms:GenerateDataKey and kms:Decrypt`);
      expect(message).not.toContain(`Add ${permission}`);
    });

    it.each([
      ['sns:Publish', 'KMSDisabledException', "The topic's KMS key is not usable"],
      ['sns:Publish', 'KMSNotFoundException', "The topic's KMS key is not usable"],
      ['sqs:SendMessage', 'KmsInvalidState', "The queue's KMS key is not usable"],
      ['secretsmanager:PutSecretValue', 'KMSInvalidStateException', "The secret's KMS key is not usable"],
    ])('that is disabled or gone: %s, %s', (permission, code, wayOut) => {
      const message = refusal(permission, code, 'key is pending deletion');
      expect(message).toContain(wayOut);
      expect(message).not.toContain('allow this');
    });

    it('names the action of KMS where a policy of the organization or a boundary stands against it', () => {
      const why = 'because no permissions boundary allows the kms:GenerateDataKey action';
      const message = denied('sns:Publish', why, 'kms:GenerateDataKey');
      expect(message).toContain("allow kms:GenerateDataKey in the boundary of this function's role");
      const scp = denied('sns:Publish', 'with an explicit deny in a service control policy', 'kms:GenerateDataKey');
      expect(scp).toContain('A service control policy of the organization denies it');
      expect(scp).toContain('kms:GenerateDataKey');
    });

    it('of a throttle is to wait', () => {
      expect(refusal('sns:Publish', 'KMSThrottlingException', 'slow down')).toMatch(/slow down$/);
    });
  });

  it('is not looked for where nothing was refused', () => {
    expect(refusal('sns:Publish', 'InvalidParameter', 'with an explicit deny')).toMatch(/explicit deny$/);
  });

  it('quotes nothing of what AWS says about a call that carries a secret', () => {
    const message = denied('iam:CreateAccessKey', 'with an explicit deny in a permissions boundary');
    expect(message).not.toContain('not authorized');
    expect(message).toContain('allow iam:CreateAccessKey in the boundary');
  });
});
