import { Logger } from '@nestjs/common';
import type { OnFoldError } from '#domain';

const log = new Logger('fold');

/** What the folds of this process could not take, in its log. */
export const logFoldError: OnFoldError = (line) => log.error(line);
