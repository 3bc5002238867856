/** One test, or those of a file whose names begin alike. */
export interface Test {
  readonly file: string;
  readonly name: string;
}

/** A deliberate defect, and the test that must fail with it: the fastest of those that do. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Must occur exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly caughtBy: Test;
}

const tests =
  (folder: string) =>
  (file: string, name: string): Test => ({ file: `${folder}/${file}.test.ts`, name });
const unit = tests('test/unit/core');
const integration = tests('test/integration');
const proof = tests('test/proof');
const crash = (scenario: string): Test => proof('crash-everywhere', `${scenario}:`);
const issuing = (scenario: string): Test => proof('crash-issuing', `${scenario}, one fault:`);
const contest = (name: string): Test => proof('two-workers', `${name}:`);
const attacked = (attack: string): Test => proof('under-attack', `${attack}:`);
const stale = (name: string): Test => proof('two-workers', `${name}: nobody is locked out`);

const apply = 'shared/apply';
const checks = 'shared/core/checks';

/** One for each invariant and each guard of the design, in the order of a key's life. */
export const mutants: readonly Mutant[] = [
  // ---- mutual exclusion ----
  {
    name: 'the compare-and-swap dropped',
    file: `${apply}/secret.ts`,
    find: '...(fromVersionId === undefined ? {} : { RemoveFromVersionId: fromVersionId }),',
    replace:
      "RemoveFromVersionId: Object.entries((await describeSecret(pass.reader, secret.name))?.versions ?? {}).find(([, labels]) => labels.includes('AWSCURRENT'))?.[0],",
    caughtBy: integration('edges', 'gives way to whoever was faster'),
  },
  {
    name: 'a live lease ignored',
    file: `${checks}/hands-off.ts`,
    find: 'now < doing.deadlineAt && !',
    replace: 'now < 0 && !',
    caughtBy: unit('rows-0-to-3', 'is busy while the intent of another run'),
  },
  {
    name: 'a takeover before the deadline',
    file: `${checks}/hands-off.ts`,
    find: 'now < doing.deadlineAt && !',
    replace: 'now < doing.at + 60_000 && !',
    caughtBy: unit('rows-0-to-3', 'leaves an orphan alone while the issue'),
  },
  {
    name: 'a record of the last minute not waited for',
    file: `${checks}/hands-off.ts`,
    find: 'now - at < SETTLING &&',
    replace: 'now - at < 0 &&',
    caughtBy: unit('rows-0-to-3', 'settles while somebody else has writte'),
  },
  {
    name: 'an intent written on an old read',
    file: `${apply}/lease.ts`,
    find: 'return seen?.tags[secretTagNames.doing] === state.secret?.tags[secretTagNames.doing];',
    replace: 'return seen !== undefined;',
    caughtBy: stale('rollback and rollback'),
  },
  {
    name: "another run's lease taken for ours",
    file: `${apply}/lease.ts`,
    find: '  if (parseSecretTags(secret.tags, ANY_TIME).tags.doing?.runId !== lease.doing.runId) return false;\n',
    replace: '',
    caughtBy: contest('rotate and rotate, first key'),
  },
  {
    name: 'the lease not read back after the proof',
    file: `${apply}/issue.ts`,
    find: 'if (isProven && (await holds(pass, lease))) return undefined;',
    replace: 'if (isProven) return undefined;',
    caughtBy: integration('edges', 'ends the issue: the key just made is deleted'),
  },
  {
    name: 'no wait outside the queue',
    file: `${apply}/lease.ts`,
    find: "if (!pass.isQueued) await pass.runtime.sleep(doing.verb === 'issue' ? OUTSIDE_WAIT_TO_ISSUE : OUTSIDE_WAIT);",
    replace: '',
    caughtBy: contest('rotate and rotate, first key'),
  },
  {
    name: 'a wait outside the queue that stale reads outlast',
    file: `${apply}/lease.ts`,
    find: 'const OUTSIDE_WAIT = 35 * SECOND;',
    replace: 'const OUTSIDE_WAIT = 15 * SECOND;',
    caughtBy: stale('deactivation and give-up of the current key'),
  },
  {
    name: 'nothing read again before the write',
    file: `${apply}/replan.ts`,
    find: '  return steps.some((other) => other.action === step.action && keyOf(other) === keyOf(step));',
    replace: '  return steps.length > 0;',
    caughtBy: stale('deactivation and give-up of the current key'),
  },
  // ---- an issue ----
  {
    name: 'retries on for CreateAccessKey',
    file: `${apply}/access-keys.ts`,
    find: 'await runtime.aws.iamOnce.send(',
    replace: 'await runtime.aws.iam.send(',
    caughtBy: issuing('first key by hand'),
  },
  {
    name: 'the proof skipped',
    file: `${apply}/issue.ts`,
    find: 'const isProven = await proveKey(pass, state.user, key);',
    replace: 'const isProven = true;',
    caughtBy: integration('exposed-key', 'is deactivated also when the new key never works'),
  },
  {
    name: 'the old key touched before the new one is current',
    file: `${apply}/issue.ts`,
    find: '  if (!(await promote(pass, lease, versionId))) {\n    await giveWay',
    replace:
      "  const { setStatus } = await import('./keys.ts');\n  for (const old of fresh.keys) await setStatus(pass, fresh.user, old.accessKeyId, 'Inactive');\n  if (!(await promote(pass, lease, versionId))) {\n    await giveWay",
    caughtBy: integration('edges', 'gives way to whoever was faster'),
  },
  {
    name: 'the key deleted before its label on a lost swap',
    file: `${apply}/issue.ts`,
    find: '  await takeLabelOff(pass, lease.secret, key.accessKeyId, versionId);\n  await deleteAccessKey(pass, state.user, key.accessKeyId);\n',
    replace:
      '  await deleteAccessKey(pass, state.user, key.accessKeyId);\n  await takeLabelOff(pass, lease.secret, key.accessKeyId, versionId);\n',
    caughtBy: integration('edges', 'gives way to whoever was faster'),
  },
  {
    name: 'current-since written before the announcement',
    file: `${apply}/issue.ts`,
    find: "  const announced = await announce(pass, state, step, {\n    event: 'issued',",
    replace:
      "  await tagSecret(pass, lease.secret, { [secretTagNames.currentSince]: currentSince(pass, accessKeyId) });\n  const announced = await announce(pass, state, step, {\n    event: 'issued',",
    caughtBy: issuing('due, first rotation'),
  },
  {
    name: 'a time-out taken for a refusal',
    file: 'shared/aws/failure.ts',
    find: 'const isDefinite = isRefusal(thrown) && !call.isUncertain;',
    replace: 'const isDefinite = true;',
    caughtBy: crash('give-up'),
  },
  {
    name: 'the last of several tries believed',
    file: 'shared/aws/clients.ts',
    find: 'if (!isRefusal(error)) context[UNCERTAIN] = true;',
    replace: '',
    caughtBy: crash('give-up'),
  },
  {
    name: 'the daily limit ignored',
    file: `${checks}/due.ts`,
    find: 'limits.issuedToday < maxNewRotationsPerDay) return undefined;',
    replace: 'limits.issuedToday >= 0) return undefined;',
    caughtBy: integration('worker-limits', 'is put off when the daily limit is reached'),
  },
  {
    name: 'the circuit breaker ignored',
    file: `${checks}/due.ts`,
    find: 'if (limits?.isBreakerOpen) return',
    replace: 'if (limits?.isBreakerOpen && s.now < 0) return',
    caughtBy: integration('worker-limits', 'is put off by the breaker'),
  },
  {
    name: 'issued although nobody would be told',
    file: `${checks}/heard.ts`,
    find: "  issue: 'issued',\n",
    replace: '',
    caughtBy: integration('worker-limits', 'is not begun while nobody would be told'),
  },
  // ---- what a crash leaves ----
  {
    name: 'an Inactive key finished forward',
    file: `${checks}/in-flight.ts`,
    find: 'if (key.isActive && isPromotable)',
    replace: 'if (isPromotable)',
    caughtBy: unit('row-4-intent', 'an issue is cleared when its stored key'),
  },
  {
    name: 'any stranger taken for an orphan',
    file: 'shared/core/situation.ts',
    find: 'if (key.createdAt < earliest || key.createdAt > doing.at + CREATED_LATEST) return false;',
    replace: 'if (key.createdAt < earliest) return false;',
    caughtBy: unit('row-4-intent', 'who counts as the orphan'),
  },
  {
    name: 'an orphan deleted at once',
    file: 'shared/core/situation.ts',
    find: 'export const ORPHAN_RECOVERY = 12 * HOUR;',
    replace: 'export const ORPHAN_RECOVERY = 0 * HOUR;',
    caughtBy: unit('row-4-intent', 'a recorded orphan waits'),
  },
  {
    name: 'the intent taken off before the announcement',
    file: `${apply}/transitions.ts`,
    find: '  const announced = await announce(pass, state, step, announcementOf(held));\n',
    replace:
      '  await release(pass, lease);\n  const announced = await announce(pass, state, step, announcementOf(held));\n',
    caughtBy: crash('grace end, second rotation'),
  },
  {
    name: 'another transitionId when it is repeated',
    file: `${apply}/lease.ts`,
    find: '{ ...doing, ...leaseOf(pass) }, {});',
    replace: '{ ...doing, ...leaseOf(pass), at: pass.runtime.clock() }, {});',
    caughtBy: crash('grace end, second rotation'),
  },
  // ---- the ladder ----
  {
    name: 'the quiet check inverted',
    file: `${checks}/grace-period.ts`,
    find: 'const isQuiet = s.now - old.quietSince >= s.settings',
    replace: 'const isQuiet = s.now - old.quietSince < s.settings',
    caughtBy: unit('ladder', 'quiet'),
  },
  {
    name: 'the switch not waited for',
    file: `${checks}/grace-period.ts`,
    find: 'const hasSwitched = isConfirmed ||',
    replace: 'const hasSwitched = true || isConfirmed ||',
    caughtBy: unit('ladder', 'switched'),
  },
  {
    name: 'our own proof taken for the switch',
    file: `${checks}/grace-period.ts`,
    find: '> grace.since + PROOF_WINDOW;',
    replace: '> grace.since;',
    caughtBy: unit('ladder', 'switched'),
  },
  {
    name: 'no reminder before a deactivation',
    file: `${checks}/grace-period.ts`,
    find: "if (told.is === 'missing') return remind(s, old, s.now + NOTICE_MIN);",
    replace: "if (told.is === 'missing') return deactivate(s, old, reason, does);",
    caughtBy: unit('ladder', 'notice'),
  },
  {
    name: 'a throttle read as "never used"',
    file: 'shared/aws/observe.ts',
    find: 'await aws.iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: accessKeyId }));',
    replace:
      'await aws.iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: accessKeyId })).catch(() => ({ AccessKeyLastUsed: undefined }));',
    caughtBy: integration('worker', 'to read the last use is not read as "never used"'),
  },
  {
    name: 'the only Active key given up',
    file: `${checks}/asked.ts`,
    find: 'const other = s.keys.find((candidate) => candidate !== key && candidate.isActive);',
    replace: 'const other = s.keys.find((candidate) => candidate !== key);',
    caughtBy: integration('rotate-user-rotate', 'is refused for the only Active key'),
  },
  {
    name: 'a freeze ignored',
    file: `${checks}/inactive-keys.ts`,
    find: '? undefined : freezeEnd(settings, now);',
    replace: '? undefined : freezeEnd({ ...settings, freeze: [] }, now);',
    caughtBy: unit('rows-5-to-11', 'a freeze stops the deletion'),
  },
  {
    name: 'the grace kept when a key is reactivated',
    file: `${apply}/bookkeeping.ts`,
    find: '  await untagSecret(pass, secret, secretTagNames.currentSince);\n',
    replace: '',
    caughtBy: crash('reactivated old key'),
  },
  {
    name: 'a rollback without its hold',
    file: `${apply}/transitions.ts`,
    find: '  await tagSecret(pass, secret, { [secretTagNames.hold]: formatDate(step.holdUntil) });\n',
    replace: '',
    caughtBy: integration('rotate-user-second-thoughts', 'puts the previous key back in use'),
  },
  // ---- deletion ----
  {
    name: 'deleted without a record',
    file: 'shared/core/situation.ts',
    find: '...(isRecordValid ? { inactiveSince: record.at, deletableAt: deletableAt(record, settings) } : {}),',
    replace: '...(isActive ? {} : { inactiveSince: record?.at ?? key.createdAt, deletableAt: key.createdAt }),',
    caughtBy: unit('rows-5-to-11', 'an older S beside an Active C, too'),
  },
  {
    name: 'a use after the deactivation ignored',
    file: 'shared/core/situation.ts',
    find: '(isForGood || !isUsedAfter(key, record.at));',
    replace: '(isForGood || key !== undefined);',
    caughtBy: unit('rows-5-to-11', 'C that was used after we deactivated'),
  },
  {
    name: 'the recovery period ignored',
    file: `${checks}/inactive-keys.ts`,
    find: 'const at = key.deletableAt;',
    replace: 'const at = key.inactiveSince;',
    caughtBy: unit('rows-5-to-11', 'P waits for its deletion'),
  },
  {
    name: 'deleted without a notice',
    file: `${checks}/inactive-keys.ts`,
    find: "if (told.is === 'missing') return remindOfDeletion(",
    replace: "if (told.is === 'missing' && s.now < at) return remindOfDeletion(",
    caughtBy: unit('rows-5-to-11', 'told too long ago'),
  },
  {
    name: 'retired without a notice',
    file: `${checks}/due.ts`,
    find: "if (told.is === 'missing') {",
    replace: "if (told.is === 'missing' && s.now < 0) {",
    caughtBy: unit('rows-12-to-17', 'whose owner is told before'),
  },
  {
    name: 'a notice taken for one however old it is',
    file: 'shared/core/noticed.ts',
    find: ' || now - notice.at > oldest',
    replace: '',
    caughtBy: unit('ladder', '4 days after it'),
  },
  {
    name: 'a notice in force before the day that it named',
    file: 'shared/core/noticed.ts',
    find: 'Math.max(notice.at + NOTICE_MIN, notice.earliestAt)',
    replace: 'notice.at + NOTICE_MIN',
    caughtBy: unit('ladder', 'on the earliest day that it named'),
  },
  {
    name: 'taken away although nobody would hear of it',
    file: `${checks}/heard.ts`,
    find: "  deactivate: 'deactivated',\n",
    replace: '',
    caughtBy: unit('rows-12-to-17', 'a deactivation waits until somebody would hear of it'),
  },
  {
    name: 'a grace cut off by its setting',
    file: 'shared/core/promises.ts',
    find: 'Math.max(graceDays, since?.promised?.graceDays ?? 0)',
    replace: 'graceDays',
    caughtBy: unit('ladder', 'outlives a shorter grace'),
  },
  {
    name: 'a recovery cut off by its setting',
    file: 'shared/core/promises.ts',
    find: 'Math.max(recoveryDays, record.recoveryDays ?? 0)',
    replace: 'recoveryDays',
    caughtBy: unit('rows-5-to-11', 'what was promised outlives the setting'),
  },
  {
    name: 'a refusal taken for a failed proof',
    file: 'shared/core/breaker.ts',
    find: " && announced.reason === 'not-proven'",
    replace: '',
    caughtBy: unit('limits', 'three refusals'),
  },
  {
    name: 'what came to nothing counted for the day',
    file: `${apply}/lease.ts`,
    find: 'await release(pass, lease, ...countedBy(lease.doing.verb));',
    replace: 'await release(pass, lease);',
    caughtBy: integration('worker-limits', 'count no issue that came to nothing'),
  },
  {
    name: 'deleted while no key is Active',
    file: `${checks}/inactive-keys.ts`,
    find: 'if (s.keys.length > 1 && !s.keys.some(({ isActive }) => isActive)) {',
    replace: 'if (s.keys.length > 2) {',
    caughtBy: unit('rows-5-to-11', 'nothing is deleted while no key is Act'),
  },
  {
    name: 'a postponement cut off by its setting',
    file: 'shared/core/promises.ts',
    find: 'Math.max(maxPostponeDays, since.promised?.postponeDays ?? 0)',
    replace: 'maxPostponeDays',
    caughtBy: integration('what-was-promised', 'does not bring the limit of a deactivation forward'),
  },
  {
    name: 'a use in the minute of the record taken for a later one',
    file: 'shared/core/situation.ts',
    find: 'lastUsed.at > at + USE_SLACK',
    replace: 'lastUsed.at > at',
    caughtBy: integration('what-was-promised', 'a use that IAM shows seconds after'),
  },
  {
    name: 'a notice in force as soon as it is published',
    file: 'shared/core/noticed.ts',
    find: 'export const NOTICE_MIN = 12 * HOUR;',
    replace: 'export const NOTICE_MIN = 0 * HOUR;',
    caughtBy: unit('ladder', 'notice'),
  },
  {
    name: 'retirements without a limit',
    file: `${checks}/due.ts`,
    find: '  if (full !== undefined) return full;\n',
    replace: '',
    caughtBy: integration('what-was-promised', 'everybody is told first'),
  },
  {
    name: 'a filter that is not understood taken for one that lets through',
    file: 'shared/core/audience.ts',
    find: "=== 'passes'",
    replace: "!== 'does-not-pass'",
    caughtBy: unit('audience', 'not through a filter that is not understood'),
  },
  {
    name: 'a machine of ours taken for somebody who hears',
    file: 'shared/aws/audience.ts',
    find: ' || isOwnMachine(Endpoint)',
    replace: '',
    caughtBy: tests('test/unit')('audience', 'is nobody who has not confirmed, and no machine'),
  },
  // ---- who is left alone ----
  {
    name: 'the hold ignored',
    file: `${checks}/hands-off.ts`,
    find: 'if (tags.holdUntil === undefined || now >= tags.holdUntil) return undefined;',
    replace: 'if (tags.holdUntil === undefined || now >= 0) return undefined;',
    caughtBy: unit('rows-0-to-3', 'holds against a command by hand'),
  },
  {
    name: 'the exemption ignored',
    file: `${checks}/hands-off.ts`,
    find: 'return malformed(s) ?? exempt(s) ?? held(s);',
    replace: 'return malformed(s) ?? held(s);',
    caughtBy: unit('rows-0-to-3', 'leaves a user with the tag exempt alone'),
  },
  {
    name: 'tags that do not parse ignored',
    file: `${checks}/hands-off.ts`,
    find: 'return malformed(s) ?? exempt(s) ?? held(s);',
    replace: 'return exempt(s) ?? held(s);',
    caughtBy: unit('rows-0-to-3', 'blocks on a tag of the secret that'),
  },
  {
    name: 'a namesake taken for the user',
    file: 'shared/aws/observe.ts',
    find: '(userId !== undefined && user.UserId !== userId)',
    replace: '(userId === null)',
    caughtBy: integration('worker', 'about a user whose UserId is another one by now'),
  },
  {
    name: 'a dry run that applies',
    file: 'shared/service/reconcile.ts',
    find: 'options.isDryRun ? [] : answer.steps',
    replace: 'answer.steps',
    caughtBy: integration('exposed-key', 'is changed by no dry run'),
  },
  {
    name: 'blocked, and nobody told',
    file: `${checks}/blocked.ts`,
    find: '...(isDue && !isByHand(s) ? [announce] : [])',
    replace: '...(isDue && isByHand(s) ? [announce] : [])',
    caughtBy: unit('rows-5-to-11', 'C that somebody deactivated blocks'),
  },
  // ---- the secret ----
  {
    name: 'the secret not verified',
    file: 'shared/core/verify-secret.ts',
    find: 'const foreign = [...authorshipFacts(secret, user), ...foreignFacts(secret, user, settings)];',
    replace: 'const foreign = authorshipFacts(secret, user);',
    caughtBy: unit('verify-secret', 'a secret that Keyturn would not have made is foreign'),
  },
  {
    name: 'the resource policy not put',
    file: `${apply}/secret.ts`,
    find: '  await onceOwnerIsKnown(pass, () => runtime.aws.secrets.send(command));\n',
    replace: '',
    caughtBy: integration('secret-reads', 'puts the policy before any value is there'),
  },
  {
    name: 'a log line with the key',
    file: `${apply}/access-keys.ts`,
    find: "  const action = 'iam:CreateAccessKey';\n",
    replace: "  const action = 'iam:CreateAccessKey';\n  runtime.log.info('Made', { value: made?.SecretAccessKey });\n",
    caughtBy: integration('worker', 'and a second one about the same user make one key'),
  },
  {
    name: 'a secret that prints itself',
    file: 'shared/core/redacted.ts',
    find: "  toJSON(): string {\n    return '[redacted]';",
    replace: '  toJSON(): string {\n    return this.#value;',
    caughtBy: unit('small', 'does not print by JSON'),
  },
  {
    name: 'a write outside of apply',
    file: 'shared/aws/observe.ts',
    find: 'new GetUserCommand({ UserName: userName })',
    replace: "new UpdateAccessKeyCommand({ UserName: userName, AccessKeyId: userName, Status: 'Inactive' })",
    caughtBy: tests('test/unit')('architecture', 'makes mutating calls in shared/apply only'),
  },
  // ---- state has an author ----
  {
    name: 'a tag believed without its MAC',
    file: 'shared/core/signed-state.ts',
    find: 'fields && verifier.verifies(fields, signed.mac)',
    replace: 'fields',
    caughtBy: attacked('a forged clock and notice'),
  },
  {
    name: 'a label believed without its MAC',
    file: 'shared/core/signed-state.ts',
    find: 'return verifier.verifies(labelFields(secret, versionId, named.value), named.mac) ? [named.value] : [];',
    replace: 'return [named.value];',
    caughtBy: unit('signed-state', 'moved to another version names none'),
  },
  {
    name: 'a MAC over less than the ARN',
    file: 'shared/core/signed-state.ts',
    find: "return ['keyturn/state/1', arn, userId, name, value];",
    replace: "return ['keyturn/state/1', arn.slice(0, -7), userId, name, value];",
    caughtBy: unit('signed-state', 'of another secret, also one made anew'),
  },
  {
    name: 'a copied birth certificate believed however late',
    file: 'shared/core/signed-state.ts',
    find: ' || Math.abs(createdAt - at) > MADE_WITHIN',
    replace: '',
    caughtBy: attacked('a copy of a secret that was deleted'),
  },
  {
    name: 'a secret of somebody else written to',
    file: 'shared/core/verify-secret.ts',
    find: 'const foreign = [...authorshipFacts(secret, user), ...foreignFacts(secret, user, settings)];',
    replace: 'const foreign = foreignFacts(secret, user, settings);',
    caughtBy: attacked('a secret made first by somebody else'),
  },
  {
    name: 'a forged hold or exposure ignored',
    file: `${checks}/authorship.ts`,
    find: 'if (odd.length === 0) return undefined;\n  const found',
    replace: 'if (odd.length >= 0) return undefined;\n  const found',
    caughtBy: attacked('a forged hold'),
  },
  {
    name: 'a leftover kept Active by a forged hold',
    file: `${checks}/authorship.ts`,
    find: '{ isRecordable: false, also: orphanStep(s) }',
    replace: '{ isRecordable: false }',
    caughtBy: unit('authorship', 'but not the leftover of an issue'),
  },
  {
    name: 'a roll-back finished by reactivating',
    file: `${checks}/in-flight.ts`,
    find: 'if (!key.isActive) return clear(doing,',
    replace:
      "if (!key.isActive) return act({ action: 'roll-back', accessKeyId: key.accessKeyId, holdUntil: s.now + 3 * 86_400_000 }, 'rolled-back', '-');\n  if (!key.isActive) return clear(doing,",
    caughtBy: unit('row-4-intent', 'reactivates nothing'),
  },
  {
    name: 'an intent gone on with however old it is',
    file: `${checks}/in-flight.ts`,
    find: 'const isOld = isTooOld(s, doing);',
    replace: 'const isOld = s.now < 0;',
    caughtBy: unit('row-4-intent', 'tells of what may be the leftover of an issue'),
  },
  {
    name: 'the same for a user who is otherwise left alone',
    file: `${checks}/hands-off.ts`,
    find: 'if (s.tags.doing === undefined || isTooOld(s, s.tags.doing)) return undefined;',
    replace: 'if (s.tags.doing === undefined) return undefined;',
    caughtBy: unit('rows-0-to-3', 'the leftover of an issue that is too old'),
  },
  {
    name: 'an intent that is too old told of and kept',
    file: `${apply}/transitions.ts`,
    find: "const isTold = step.action === 'clear-intent' && step.tells === 'failed';",
    replace: 'const isTold = step.action.length === 0;',
    caughtBy: integration('edges', 'is told of once and forgotten'),
  },
  {
    name: 'an intent that ends by other facts than it is judged by',
    file: `${apply}/issue.ts`,
    find: '    orphansOf(known).some(({ accessKeyId }) => accessKeyId === id),\n',
    replace: '    orphansOf(known).some(({ accessKeyId }) => accessKeyId === id && id.length === 0),\n',
    caughtBy: crash('a key made by hand, and used, in the minute of an issue that died'),
  },
  {
    name: 'a policy that lets anybody tag',
    file: 'shared/core/secret-policy.ts',
    find: "      onlyKeyturn('OnlyKeyturnTags', ['secretsmanager:TagResource'], [...roles, ...handOn]),\n",
    replace: '',
    caughtBy: integration('forged-state', 'are refused by its policy'),
  },
  {
    name: 'rotations by hand counted for the day',
    file: 'shared/aws/limits.ts',
    find: "return issuedFor === 'schedule' || issuedFor === 'config';",
    replace: 'return issuedFor !== undefined;',
    caughtBy: integration('worker-limits', 'are not used up by rotations by hand'),
  },
  {
    name: 'changed although nothing can be verified',
    file: `${checks}/authorship.ts`,
    find: '  if (!s.request.isStateKeyMissing) return undefined;',
    replace: '  if (s.now > 0) return undefined;',
    caughtBy: unit('authorship', 'nothing is known, so nothing is done'),
  },
  {
    name: 'a reader who was taken off reads on',
    file: `${checks}/authorship.ts`,
    find: '  if (parts.length > 0) {',
    replace: '  if (parts.length > 99) {',
    caughtBy: integration('forged-state', 'is put again when a reader was taken away'),
  },
  {
    name: 'a secret adopted before anybody has read the list',
    file: `${checks}/authorship.ts`,
    find: '  if (!asked.force) return wait(',
    replace: '  if (!asked.force && s.now < 0) return wait(',
    caughtBy: unit('authorship', 'lists what it would sign'),
  },
  {
    name: 'a reader of some users reads every secret',
    file: 'shared/core/secret-policy.ts',
    find: '    if (users.length === 0 && paths.length === 0) return true;',
    replace: '    if (users.length >= 0) return true;',
    caughtBy: unit('readers', 'an entry of readerArns reads'),
  },
  {
    name: 'an owner who is not to read reads',
    file: 'shared/core/secret-policy.ts',
    find: '...(ownersRead ? [ownerReads(user)] : []),',
    replace: 'ownerReads(user),',
    caughtBy: integration('settings-that-change', 'ownersRead: the next run'),
  },
  {
    name: 'administrators like everybody else',
    file: 'shared/core/secret-policy.ts',
    find: '...(administratorArns.length === 0',
    replace: '...(administratorArns.length >= 0',
    caughtBy: integration('settings-that-change', 'administratorArns: the next run'),
  },
  // ---- the account ----
  {
    name: 'pagination cut',
    file: 'shared/aws/observe.ts',
    find: "createdAt: required(key.CreateDate, 'iam:ListAccessKeys', 'CreateDate').getTime(),\n      });\n    }\n",
    replace:
      "createdAt: required(key.CreateDate, 'iam:ListAccessKeys', 'CreateDate').getTime(),\n      });\n    }\n    break;\n",
    caughtBy: crash('due, lists of one key a page'),
  },
  {
    name: 'a scan that fails in silence',
    file: 'shared/service/scheduled-rotation.ts',
    find: '  if (run.errors.length > 0) throw failureOf(run, scan);\n',
    replace: '',
    caughtBy: integration('scan', 'of one user stops nobody else, and names them when all is done'),
  },
  {
    name: 'one failing user ends the scan',
    file: 'shared/aws/scan.ts',
    find: '    return scanned;\n  }\n}',
    replace: '    throw error;\n  }\n}',
    caughtBy: integration('scan', 'of one user stops nobody else, and names them when all is done'),
  },
  {
    name: 'a sweep by days, not by runs',
    file: 'shared/core/runs.ts',
    find: 'Math.ceil(exactSweepDays / runEveryDays)',
    replace: 'Math.ceil(exactSweepDays)',
    caughtBy: unit('runs', 'the exact sweep'),
  },
  {
    name: 'what is told weekly told in each run',
    file: 'shared/core/runs.ts',
    find: 'return weekOf(scheduledAt) !== weekOf(previousAt);',
    replace: 'return scheduledAt !== previousAt;',
    caughtBy: unit('runs', 'what no tag remembers'),
  },
  {
    name: 'more of the day given away than is left',
    file: 'shared/core/shares.ts',
    find: 'wanting.slice(0, left)',
    replace: 'wanting.slice(0)',
    caughtBy: integration('scan', 'is given to the oldest keys'),
  },
  // ---- the other triggers ----
  {
    name: 'an exposed key replaced before it is Inactive',
    file: `${apply}/exposed.ts`,
    find: "    if (key.status !== 'Inactive') await deactivate(pass, fresh.user, key.accessKeyId);\n",
    replace: '',
    caughtBy: integration('exposure', 'is never the replacement'),
  },
  {
    name: 'an exposed key taken for Inactive before a list shows it',
    file: `${apply}/exposed.ts`,
    find: "if (keys.every((key) => key.accessKeyId !== accessKeyId || key.status === 'Inactive')) return;",
    replace: 'if (keys.length > 0) return;',
    caughtBy: integration('exposure', 'since no list shows it is told'),
  },
  {
    name: 'an exposed key that waits for a lease',
    file: 'shared/core/plan.ts',
    find: "  'exposed-key': exposedKey,\n  'state-key-missing': stateKeyMissing,\n  'row-0-busy': busy,\n",
    replace: "  'state-key-missing': stateKeyMissing,\n  'row-0-busy': busy,\n  'exposed-key': exposedKey,\n",
    caughtBy: unit('exposed', 'is deactivated while another run'),
  },
  {
    name: 'a replacement stored where sessions of the exposed key can read it',
    file: `${apply}/secret.ts`,
    find: 'ResourcePolicy: JSON.stringify(secretPolicy(user, own, exposed?.at)),',
    replace: 'ResourcePolicy: JSON.stringify(secretPolicy(user, own)),',
    caughtBy: integration('exposure', 'is never the replacement'),
  },
  {
    name: 'what an exposed key could read left in use',
    file: 'shared/core/exposure.ts',
    find: '...(named.size === 0 ? [] : readable)',
    replace: '',
    caughtBy: unit('exposed', 'the current key, when the old one is exposed in its grace'),
  },
  {
    name: 'an exposed key forgotten while it is there',
    file: `${checks}/exposed.ts`,
    find: 'if (isLeft || s.now - exposed.at < EXPOSED_SESSIONS_END',
    replace: 'if (s.now - exposed.at < EXPOSED_SESSIONS_END',
    caughtBy: unit('exposed', 'not a millisecond before, nor while one of them is there'),
  },
  {
    name: 'a message of the queue about an exposed key believed without its MAC',
    file: 'shared/service/rotation-worker.ts',
    find: ' && isSignedByUs(opened.reader.verifier, message)',
    replace: '',
    caughtBy: integration('exposure', 'a message that nobody signed deactivates nothing'),
  },
  {
    name: 'a roll-back to an exposed key',
    file: `${checks}/asked.ts`,
    find: '  if (old.isExposed) {',
    replace: '  if (old.isExposed && s.now < 0) {',
    caughtBy: unit('exposed', 'a rollback to it is refused'),
  },
  {
    name: 'an exposed key left alone by a hold',
    file: `${checks}/hands-off.ts`,
    find: '  if (awaitsReplacement(s)) return undefined;\n',
    replace: '',
    caughtBy: unit('exposed', 'is issued in spite of a hold'),
  },
  {
    name: 'an exposed key that waits behind another message of its user',
    file: 'shared/aws/enqueue.ts',
    find: 'MessageGroupId: (isExposed ?',
    replace: 'MessageGroupId: (isExposed && index < 0 ?',
    caughtBy: integration('exposure', 'two keys of one user in one event'),
  },
  {
    name: 'an entity of an event that is no key spoils the others',
    file: 'shared/core/events.ts',
    find: '    else unreadable.add(nameOf(entity));',
    replace: "    else throw new EventError('No key.');",
    caughtBy: integration('exposed-key', 'is dealt with beside an entity that is no key'),
  },
  {
    name: 'a rotation that never comes told to nobody',
    file: `${checks}/due.ts`,
    find: '!hasPassed(dueAt, 1, s.now))',
    replace: 's.now > 0)',
    caughtBy: integration('worker-limits', "leave a secret to Secrets Manager's own rotation"),
  },
  {
    name: 'what could be read deactivated before the key that is named',
    file: `${checks}/exposed.ts`,
    find: 'const key = named ?? open.find(({ accessKeyId }) => isKnown(accessKeyId)) ?? open[0];',
    replace: 'const key = named ?? open[0];',
    caughtBy: unit('exposed', 'one that a tag names comes before'),
  },
  {
    name: 'a lost key named as the one to use',
    file: `${checks}/exposed.ts`,
    find: " && role !== 'orphan');",
    replace: ' && role.length > 0);',
    caughtBy: unit('exposed', 'names no leftover as the one to use'),
  },
  {
    name: 'the confused deputy',
    file: 'shared/service/secret-rotation.ts',
    find: 'secretProblem(secret, state.user, settings)?.message ?? rotatorProblem(secret);',
    replace: 'rotatorProblem(secret);',
    caughtBy: integration('secret-rotation', 'for a secret that is tagged as another user’s'),
  },
  {
    name: 'the pending version of a rotation discarded',
    file: `${apply}/secret.ts`,
    find: "...(isTaken(secret, versionId) ? [] : ['AWSPENDING'])",
    replace: "...(isTaken(secret, versionId) ? ['AWSPENDING'] : ['AWSPENDING'])",
    caughtBy: integration('secret-rotation', 'a command by hand does not take AWSPENDING from a rotation'),
  },
  {
    name: 'the Config rule accusing by an old report',
    file: 'shared/core/compliance.ts',
    find: 'isActive && hasPassed(rotatedAt ?? 0, limitDays, now))) {\n    return undefined;',
    replace:
      "isActive && hasPassed(rotatedAt ?? 0, limitDays, now))) {\n    return verdict('NON_COMPLIANT', 'By the report.');",
    caughtBy: unit('compliance', 'accuses nobody at the limit'),
  },
  {
    name: 'the Config rule acquitting by an old report',
    file: 'shared/core/compliance.ts',
    find: 'problems.length > 0 || isOutdated(report, tags);',
    replace: 'problems.length > 0;',
    caughtBy: unit('compliance', 'from before the latest record'),
  },
];
