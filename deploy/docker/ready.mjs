// Whether the service on this port of loopback takes work: the image's health check. `node ready.mjs [PORT]`
const port = process.argv[2] ?? '8080';
const ready = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(4_000) }).then(
  (answer) => answer.ok,
  () => false,
);
process.exit(ready ? 0 : 1);
