import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addFleet, functionNames, pluginThat, type Serverless } from '../../scripts/build.ts';

/** The plugin of serverless.yml with functions of one line: no template depends on what is in them. */
export default function unbundled(serverless: Serverless) {
  return pluginThat(serverless, async (dist, fleet) => {
    await rm(dist, { recursive: true, force: true });
    for (const name of await functionNames()) {
      await mkdir(join(dist, name), { recursive: true });
      await writeFile(join(dist, name, 'index.js'), 'export const handler = () => {};\n');
    }
    await addFleet(dist, fleet);
  });
}
