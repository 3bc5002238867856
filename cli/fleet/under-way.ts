import { shellQuote } from '../../shared/core/messages/commands.ts';
import { asScheduled } from '../../shared/core/model.ts';
import { assess, type KeyView, type Situation } from '../../shared/core/situation.ts';
import { formatDate } from '../../shared/core/time.ts';
import { invokeCommand } from '../invoke.ts';
import type { Preview } from '../preview.ts';

/** A user in the middle of a rotation. */
export interface UnderWay {
  userName: string;
  /** In a sentence. */
  says: string;
  current?: KeyView;
  /** The other key, which a rotation would take away. */
  old?: KeyView;
  secretName: string;
}

/** Who was given a key by Keyturn and still has the one before it, or was in a step that did not end. */
export function underWayIn({ plans, found, at }: Preview): UnderWay[] {
  return plans.flatMap(({ state }) => {
    const situation = assess(state, asScheduled, found.settings, at);
    return isUnderWay(situation) ? [describe(situation)] : [];
  });
}

function isUnderWay({ secret, tags, keys, current }: Situation): boolean {
  if (secret === undefined) return false;
  return tags.intent !== undefined || (current !== undefined && keys.length > 1);
}

function describe({ state, secret, tags, keys, current }: Situation): UnderWay {
  const old = keys.find((key) => key !== current);
  const since = tags.currentSince === undefined ? '' : ` since ${formatDate(tags.currentSince.at)}`;
  const says = [
    ...(tags.intent === undefined ? [] : ['a step was interrupted']),
    ...(current === undefined ? [] : [`${current.accessKeyId} is current${since}`]),
    ...(old === undefined ? [] : [`${old.accessKeyId} is ${old.status} beside it`]),
  ];
  return {
    userName: state.user.userName,
    says: says.join(', '),
    secretName: secret?.name ?? '',
    ...(current === undefined ? {} : { current }),
    ...(old === undefined ? {} : { old }),
  };
}

/** How a rotation is ended: the new key stays, or the old one. */
export interface Ways {
  /** Commands, one a line. */
  confirm: readonly string[];
  rollback: readonly string[];
}

export interface Hub {
  accountId: string;
  stage: string;
  region: string;
}

/** While the account is a member, the hub ends it, with all the care of a rotation. */
export function waysByHub({ userName }: UnderWay, { accountId, stage, region }: Hub, form: 'keyturn' | 'aws'): Ways {
  const command = (action: 'confirm' | 'rollback'): string =>
    form === 'aws'
      ? invokeCommand({ name: 'rotate-user', event: { accountId, userName, action } }, { stage, region })
      : `keyturn ${action} ${shellQuote(userName)} --account ${accountId}${stage === 'dev' ? '' : ` --stage ${stage}`}`;
  return { confirm: [command('confirm')], rollback: [command('rollback')] };
}

/** Afterwards a person does. What is deactivated can be brought back; deleting is left to whoever has seen that nothing fails. */
export function waysByHand({ userName, current, old, secretName }: UnderWay, region: string): Ways {
  const deactivate = ({ accessKeyId }: KeyView): string =>
    `aws iam update-access-key --user-name ${shellQuote(userName)} --access-key-id ${accessKeyId} --status Inactive`;
  // Whoever reads it there would go on with a key that is gone.
  const forget = `aws secretsmanager delete-secret --region ${region} --secret-id ${shellQuote(secretName)} --recovery-window-in-days 30`;
  return {
    confirm: old === undefined ? [] : [deactivate(old)],
    rollback: current === undefined || old === undefined ? [] : [deactivate(current), forget],
  };
}
