import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { compileMasking, type MaskingSet, type ResultField, shippedMasking } from '#masking';
import { CopyOutMasker, copyOutOptions } from '../../services/proxy/postgres/copy-out.js';
import { redactError, redactParameterStatus } from '../../services/proxy/postgres/error-redaction.js';
import { planResult, rewriteRows, type RowPlan } from '../../services/proxy/postgres/masking.js';
import type { TypeKind } from '../../services/proxy/postgres/masking-types.js';

/**
 * A relay that masks and does nothing else: by the names of columns (m_… whole, e_… as an e-mail, h_… hashed,
 * r_… revealed, all others classified). It keeps every byte that the client was sent.
 */
export class MaskingTap {
  readonly set: MaskingSet = compileMasking(shippedMasking, { pseudonymKey: Buffer.alloc(32, 1) });
  sent: Buffer[] = [];
  fields: ResultField[] = [];
  statementText = '';
  copyOptions: readonly (readonly [string, unknown])[] = [];
  readonly kinds = new Map<number, TypeKind>();
  /** By class, since `forget`. */
  readonly masked = new Map<string, number>();
  readonly revealed = new Map<string, number>();
  private plan: RowPlan | undefined;
  private copy: CopyOutMasker | undefined;
  private readonly server: Server;

  constructor(private readonly target: { host: string; port: number }) {
    this.server = createServer((client) => this.relay(client));
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.close();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.sent);
  }

  forget(): void {
    this.sent = [];
    this.masked.clear();
    this.revealed.clear();
  }

  get copyRows(): number {
    return this.copy?.rows ?? 0;
  }

  private relay(client: Socket): void {
    const target = connect(this.target.port, this.target.host);
    let pending: Buffer = Buffer.alloc(0);
    client.on('data', (chunk) => target.write(chunk));
    target.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 5 && pending.length > pending.readInt32BE(1)) {
        const end = 1 + pending.readInt32BE(1);
        const out = this.message(pending.subarray(0, end));
        pending = pending.subarray(end);
        if (out === undefined) continue;
        this.sent.push(Buffer.from(out));
        client.write(out);
      }
    });
    for (const [one, other] of [[client, target], [target, client]] as const) {
      one.on('close', () => other.destroy());
      one.on('error', () => other.destroy());
    } // prettier-ignore
  }

  private counted<T>(by: Pick<RowPlan, 'takeCounts' | 'takeRevealed'>, result: T): T {
    by.takeCounts(this.masked);
    by.takeRevealed(this.revealed);
    return result;
  }

  private message(frame: Buffer): Buffer | undefined {
    const context = {
      statementText: this.statementText,
      isCatalogName: (word: string) => ['people', 'people_email_key', 'email', 'age'].includes(word),
    };
    switch (String.fromCharCode(frame[0]!)) {
      case 'T':
        this.fields = readFields(frame);
        this.plan = planResult(this.fields, this.set, (oid) => this.kinds.get(oid));
        return frame;
      case 'D':
        return this.counted(this.plan!, rewriteRows(this.plan!, frame, 0, frame.length) ?? frame);
      case 'H':
        this.copy = new CopyOutMasker(this.fields, this.set, copyOutOptions(this.copyOptions), (oid) =>
          this.kinds.get(oid),
        );
        return frame;
      case 'd':
        return this.counted(this.copy!, this.copy!.data(frame, 0, frame.length).output);
      case 'c':
        this.copy!.done();
        return frame;
      case 'E':
      case 'N':
        return redactError(frame, context);
      case 'S':
        return redactParameterStatus(frame, (value) => value === 'own name');
      case 'A':
        return undefined;
      default:
        return frame;
    }
  }
}

/* RowDescription (B): 'T' length count:int16 [ name tableOid attnum:int16 typeOid size:int16 modifier format:int16 ]* */
function readFields(frame: Buffer): ResultField[] {
  const fields: ResultField[] = [];
  let at = 7;
  for (let i = 0; i < frame.readInt16BE(5); i++) {
    const end = frame.indexOf(0, at);
    const name = frame.toString('utf8', at, end);
    fields.push({
      name,
      typeOid: frame.readInt32BE(end + 7),
      format: frame.readInt16BE(end + 17) === 1 ? 1 : 0,
      mask: maskOf(name),
      revealed: name.startsWith('r_') ? 'email' : undefined,
    });
    at = end + 19;
  }
  return fields;
}

function maskOf(name: string): ResultField['mask'] {
  if (name.startsWith('m_')) return { class: 'secret', transform: 'whole' };
  if (name.startsWith('e_')) return { class: 'email', transform: 'partial' };
  if (name.startsWith('h_')) return { class: 'email', transform: 'hash' };
  return name.startsWith('r_') ? 'revealed' : 'unclassified';
}
