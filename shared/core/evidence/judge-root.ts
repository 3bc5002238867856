import type { ControlId, FindingResource, Verdict } from './finding.ts';
import { type Judgement, notKnown } from './judgement.ts';
import type { SeenRoot, Snapshot } from './snapshot.ts';

export function accountResource(accountId: string): FindingResource {
  return { type: 'account', id: accountId, accountId, region: 'global' };
}

/** The root user, who is no user of IAM and is counted among none. */
export function judgeRoot({ accountId, root, rootHasVirtualMfa, at }: Snapshot): Judgement[] {
  const asOf = root.isSeen ? root.value.reportedAt : at;
  const judgement = (control: ControlId, verdict: Verdict): Judgement => {
    return { control, parts: [accountId], resource: accountResource(accountId), verdict, asOf };
  };
  if (!root.isSeen) {
    return (['root-keys', 'root-mfa', 'root-hardware-mfa'] as const).map((control) =>
      judgement(control, notKnown(root)),
    );
  }
  return [
    judgement('root-keys', keys(root.value)),
    judgement('root-mfa', mfa(root.value)),
    judgement('root-hardware-mfa', hardware(root.value, rootHasVirtualMfa)),
  ];
}

function keys({ activeKeys, basis }: SeenRoot): Verdict {
  const facts = { activeKeys, basis };
  if (activeKeys === 0) {
    return { status: 'pass', reason: 'no-root-key', sentence: 'The root user has no active access key.', facts };
  }
  const sentence = `The root user has ${activeKeys === 1 ? 'an active access key' : `${activeKeys} active access keys`}.`;
  return { status: 'fail', reason: 'root-key', sentence, facts };
}

function withoutCredentials({ mayHavePassword, activeKeys, basis }: SeenRoot): Verdict | undefined {
  if (mayHavePassword || activeKeys > 0) return undefined;
  const sentence = 'The root user has neither a password nor an access key.';
  return { status: 'not-applicable', reason: 'no-root-credentials', sentence, facts: { basis } };
}

function mfa(root: SeenRoot): Verdict {
  const { hasMfa, basis } = root;
  const facts = { mfaActive: hasMfa, basis };
  if (hasMfa) return { status: 'pass', reason: 'has-mfa', sentence: 'The root user has MFA.', facts };
  return (
    withoutCredentials(root) ?? {
      status: 'fail',
      reason: 'no-mfa',
      sentence: 'The root user has no MFA device.',
      facts,
    }
  );
}

function hardware(root: SeenRoot, hasVirtual: Snapshot['rootHasVirtualMfa']): Verdict {
  const first = mfa(root);
  if (first.status !== 'pass') return first;
  if (!hasVirtual.isSeen) return notKnown(hasVirtual);
  const facts = { ...first.facts, virtualDevice: hasVirtual.value };
  if (hasVirtual.value) {
    const sentence = 'A virtual device is among the MFA devices of the root user.';
    return { status: 'fail', reason: 'virtual-device', sentence, facts };
  }
  const sentence = 'The MFA devices of the root user are security keys, passkeys or hardware tokens.';
  return { status: 'pass', reason: 'no-virtual-device', sentence, facts };
}
