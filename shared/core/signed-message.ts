import type { WorkMessage } from './events.ts';
import type { StateKey, Verifier } from './state-key.ts';

/*
 * A message about an exposed key has a key deactivated at once, whatever its owner needs. So whoever may only send to the
 * queue cannot ask for it: such a message is signed, and is an ordinary one otherwise.
 */

/** The message as it is sent: with a MAC over everything else that it says. */
export function signMessage(key: StateKey, message: Omit<WorkMessage, 'mac'>): WorkMessage {
  return { ...message, mac: key.sign(fields(message)) };
}

export function isSignedByUs(verifier: Verifier, { mac, ...message }: WorkMessage): boolean {
  return mac !== undefined && verifier.verifies(fields(message), mac);
}

/** In an order of its own: JSON has none. */
function fields(message: Omit<WorkMessage, 'mac'>): string[] {
  const body = Object.entries(message).filter(([, value]) => value !== undefined);
  return [
    'keyturn/message/1',
    ...body.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}=${value}`),
  ];
}
