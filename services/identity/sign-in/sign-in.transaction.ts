import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { openJson, sealJson } from '#domain';

/** Milliseconds between leaving for the provider and coming back. */
export const transactionLife = 10 * 60_000;

const shape = z.strictObject({
  secret: z.string().length(43),
  provider: z.string(),
  to: z.string(),
  at: z.number(),
});

/** One way to a provider and back. All that a protocol needs to be unguessable is derived from one secret. */
export class SignInTransaction {
  private constructor(private readonly data: z.infer<typeof shape>) {}

  static begin(provider: string, to: string, now: number): SignInTransaction {
    return new SignInTransaction({ secret: randomBytes(32).toString('base64url'), provider, to, at: now });
  }

  /** From the cookie's value; undefined for what was not sealed here, or too long ago. */
  static open(value: string | undefined, key: Buffer, now: number): SignInTransaction | undefined {
    if (value === undefined || value.length > 2_048) return undefined;
    try {
      const data = shape.parse(openJson(Buffer.from(value, 'base64url'), key, about));
      return now < data.at + transactionLife ? new SignInTransaction(data) : undefined;
    } catch {
      return undefined;
    }
  }

  /** The value of its cookie. */
  seal(key: Buffer): string {
    return sealJson(this.data, key, about).toString('base64url');
  }

  get provider(): string {
    return this.data.provider;
  }

  /** The local path to go to afterwards. */
  get to(): string {
    return this.data.to;
  }

  get endsAt(): number {
    return this.data.at + transactionLife;
  }

  /** What it is called here; OAuth's state, which goes through the browser and back. */
  get id(): string {
    return this.derive('state');
  }

  /** 256 bits that nobody else can know, the same each time, other ones for each purpose; base64url. */
  derive(purpose: string): string {
    return createHmac('sha256', this.data.secret).update(purpose).digest('base64url');
  }
}

const about = 'sign-in transaction';
