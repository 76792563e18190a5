import { expect, it } from 'vitest';
import { parseConfig } from './config.load.js';
import { openEventLog } from './event-log.open.js';

const open = (more: string) => {
  const text = `eventLog: { kind: kafka, brokers: ["127.0.0.1:1"], ${more} }`;
  return openEventLog(parseConfig(text, '/nowhere/weir.yaml', '/nowhere/state'));
};

it('names the key of a secret or a file that is not there, before any broker is asked', async () => {
  const password = open('sasl: { user: weir, password: env:WEIR_SPEC_NOT_SET }');
  await expect(password).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message:
      'weir.yaml:1: eventLog.sasl.password: env:WEIR_SPEC_NOT_SET: the environment variable WEIR_SPEC_NOT_SET is not set',
  });
  await expect(open('tls: { ca: ca.pem }')).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'weir.yaml:1: eventLog.tls.ca: /nowhere/ca.pem cannot be read',
  });
});
