import 'reflect-metadata';
import { isAppError } from '#kernel';
import { loadConfig } from '#platform/config';

try {
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
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void house.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error);
          process.exit(1);
        },
      );
    });
  }
} catch (error) {
  // A wrong configuration is its author's business: one clear text, no stack.
  if (isAppError(error) && error.code !== 'INTERNAL') {
    process.stderr.write(`weir: ${error.message}${error.hint ? `\n      ${error.hint}` : ''}\n`);
  } else console.error(error);
  process.exit(1);
}
