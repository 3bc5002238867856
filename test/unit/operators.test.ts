import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadSharedConfigFiles } from '@smithy/core/config';
import { describe, expect, it } from 'vitest';

const file = fileURLToPath(new URL('../../examples/operators/config', import.meta.url));
const page = readFileSync(new URL('../../docs/operators.md', import.meta.url), 'utf8');

describe('~/.aws/config of an operator', () => {
  it('is quoted as it is, and the SDK reads profiles from it that lead to one device', async () => {
    expect(page).toContain(`\`\`\`ini\n${readFileSync(file, 'utf8')}\`\`\``);
    const { configFile } = await loadSharedConfigFiles({ configFilepath: file, filepath: file });
    const { base, ...audits } = configFile;
    expect(Object.keys(audits)).toEqual(['audit-prod', 'audit-preprod']);
    for (const profile of Object.values(audits)) {
      expect(profile?.role_arn).toMatch(/^arn:aws:iam::\d{12}:role\//);
      expect([profile?.source_profile, profile?.mfa_serial]).toEqual(['base', base?.mfa_serial]);
    }
  });
});
