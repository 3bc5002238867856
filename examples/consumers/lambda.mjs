const secretId = encodeURIComponent('keyturn/AIDACKCEVSQ6C2EXAMPLE/access-key');
const url = `http://localhost:2773/secretsmanager/get?secretId=${secretId}`;

/** Asks the extension, which keeps the secret for five minutes. So call it for each use, and keep nothing. */
export async function readKey() {
  const headers = { 'X-Aws-Parameters-Secrets-Token': process.env.AWS_SESSION_TOKEN };
  const answer = await fetch(url, { headers });
  if (!answer.ok) throw new Error(`The extension answered ${answer.status}.`);
  const { SecretString } = await answer.json();
  const { AccessKeyId, SecretAccessKey } = JSON.parse(SecretString);
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
}
