import 'reflect-metadata';
import { loadConfig, runProcess } from '#platform/config';

await runProcess(async () => {
  // First, and alone: what is wrong in it is told before all that it would start is loaded.
  loadConfig();
  const [{ startHouse }, { startOptions }] = await Promise.all([
    import('./house.js'),
    import('./start.options.js'),
  ]);
  const { targets, listen } = startOptions(process.argv.slice(2));
  // In the environment: the processes that this one starts listen where it would.
  if (listen !== undefined) process.env['WEIR_LISTEN'] = listen;
  const house = await startHouse(process.env, process.cwd(), targets);
  process.stdout.write(house.banner);
  return house;
});
