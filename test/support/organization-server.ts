import type { WireRequest, WireResponse } from '../../local/aws/call.ts';
import { HTTP, type LocalServer, listen } from '../../local/aws/server.ts';
import type { LocalOrganization } from '../../local/organization/organization.ts';

/** An organization over loopback, for a command line with an endpoint. `first` may answer what the embedded AWS does not know. */
export function serveOrganization(
  organization: LocalOrganization,
  first: (request: WireRequest) => WireResponse | undefined = () => undefined,
): Promise<LocalServer> {
  const connection = organization.connect(HTTP);
  return listen(connection, undefined, async (request) => first(request) ?? organization.handle(request, connection));
}
