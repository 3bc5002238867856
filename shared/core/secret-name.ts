/** `<prefix>/<UserId>/access-key`: the fixed suffix keeps a name from ending in a hyphen and six characters. */
export function secretNameOf(prefix: string, userId: string): string {
  return `${prefix}/${userId}/access-key`;
}

/** The UserId in a secret's name, or undefined if the name is not one of ours. */
export function userIdOfSecretName(prefix: string, name: string): string | undefined {
  const match = name.startsWith(`${prefix}/`)
    ? /^([A-Za-z0-9]+)\/access-key$/.exec(name.slice(prefix.length + 1))
    : null;
  return match?.[1];
}

/** With the exact name of the user: a tag cannot hold every character of it. */
export function secretDescription(userName: string): string {
  return `Access key of IAM user ${userName}, kept by Keyturn`;
}

const described = new RegExp(`^${secretDescription('([\\w+=,.@-]{1,64})')}$`);

/** The name in such a description: only a hint, because it may have been edited. */
export function describedUserName(description = ''): string | undefined {
  return described.exec(description)?.[1];
}
