import { addFleet, pluginThat, type Serverless } from '../../scripts/build.ts';

/** The plugin of serverless.yml for a service whose functions are bundled already. */
export default function bundled(serverless: Serverless) {
  return pluginThat(serverless, addFleet);
}
