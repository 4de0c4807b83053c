/**
 * Loaded before the service (`node --import`): SIGUSR2 starts a CPU profile, the next one writes it to PROFILE_FILE.
 * So the profile excludes the start of the service, which `--cpu-prof` would include.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

const SAMPLE_US = 200;
let session = null;

process.on('SIGUSR2', async () => {
  if (session === null) {
    session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US });
    await session.post('Profiler.start');
    return;
  }
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  session = null;
  writeFileSync(process.env.PROFILE_FILE, JSON.stringify(profile));
});
