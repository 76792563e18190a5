import type { Column, Table } from '../model.js';

type Row = readonly [
  name: string,
  rows: number,
  growth: number,
  rowBytes: number,
  columns: string,
  use?: Table['use'],
];

/* One line a table: its rows on the first day, growth a week, bytes a row, and columns; `email:email` has a data class. */
const connections: Readonly<Record<string, readonly Row[]>> = {
  orders: [
    ['orders', 2_400_000, 0.006, 140, 'customer_id status total currency placed_by'],
    ['order_items', 6_100_000, 0.006, 90, 'order_id sku quantity price'],
    ['customers', 48_000, 0.004, 220, 'name segment country email:email phone:phone'],
    ['addresses', 61_000, 0.004, 180, 'customer_id street city zip phone:phone'],
    ['carts', 90_000, 0.01, 110, 'customer_id items total expires_at'],
    ['payment_methods', 52_000, 0.004, 130, 'customer_id brand card_number:card iban:iban'],
    ['customers_2019', 31_000, 0, 240, 'name email:email ssn:ssn birth_date:birth_date', 'rare'],
    ['coupons', 4_000, 0.01, 70, 'code percent campaign', 'rare'],
    ['vip_customers', 500, 0, 260, 'name ssn:ssn card_number:card', 'honeytoken'],
  ],
  crm: [
    ['accounts', 24_000, 0.003, 260, 'name owner tier email:email phone:phone'],
    ['contacts', 58_000, 0.004, 240, 'account_id name email:email phone:phone birth_date:birth_date'],
    ['leads', 37_000, 0.012, 210, 'source score email:email'],
    ['activities', 900_000, 0.01, 160, 'contact_id kind subject outcome'],
    ['notes', 300_000, 0.008, 420, 'account_id author body'],
    ['legal_holds', 600, 0.001, 900, 'account_id matter counsel', 'rare'],
  ],
  billing: [
    ['invoices', 700_000, 0.006, 170, 'account_id number total due_on state'],
    ['invoice_lines', 2_800_000, 0.006, 110, 'invoice_id text amount tax'],
    ['payments', 650_000, 0.006, 150, 'invoice_id amount iban:iban'],
    ['refunds', 38_000, 0.006, 120, 'payment_id amount why'],
    ['ledger', 3_000_000, 0.007, 100, 'account debit credit booked_on'],
    ['dunning', 9_000, 0.005, 130, 'invoice_id level sent_on'],
    ['payout_accounts', 12_000, 0.001, 190, 'partner iban:iban account_number:account_id', 'rare'],
    ['kyc_documents', 22_000, 0.002, 800, 'account_id kind passport_no:ssn birth_date:birth_date', 'rare'],
    ['master_cards', 2_000, 0, 160, 'holder card_number:card card_pin:pin', 'honeytoken'],
  ],
  warehouse: [
    ['fact_sales', 5_200_000, 0.007, 95, 'customer_id sku day amount'],
    ['fact_returns', 240_000, 0.005, 95, 'order_id sku day why'],
    ['dim_customer', 48_000, 0.004, 200, 'name segment country email:email'],
    ['daily_kpis', 3_000, 0.02, 80, 'day metric value'],
    ['stock', 60_000, 0.002, 90, 'sku site quantity'],
    ['shipments', 800_000, 0.007, 130, 'order_id carrier tracking state'],
    ['supplier_terms', 1_500, 0.001, 300, 'supplier discount valid_to', 'rare'],
  ],
  people: [
    ['employees', 2_600, 0.002, 260, 'name team title email:email salary:salary birth_date:birth_date'],
    ['absences', 41_000, 0.006, 80, 'employee_id kind first_on last_on'],
    ['salary_history', 14_000, 0.002, 120, 'employee_id salary:salary valid_from', 'rare'],
    ['reviews', 7_000, 0.002, 900, 'employee_id grade comment', 'rare'],
    ['executive_bonus', 120, 0, 140, 'employee_id salary:salary', 'honeytoken'],
  ],
  support: [
    ['tickets', 350_000, 0.008, 300, 'customer_id state priority subject'],
    ['messages', 1_600_000, 0.009, 700, 'ticket_id author body'],
    ['customers', 48_000, 0.004, 180, 'name plan email:email phone:phone'],
    ['attachments', 120_000, 0.008, 150, 'ticket_id name size'],
    ['macros', 800, 0.002, 500, 'title body'],
    ['chat_archive_2020', 210_000, 0, 650, 'ticket_id email:email body', 'rare'],
  ],
}; // prettier-ignore

export const tables: readonly Table[] = Object.entries(connections)
  .flatMap(([connection, rows]) => rows.map((row) => ({ connection, row })))
  .map(({ connection, row: [name, rows, growth, rowBytes, columns, use = 'daily'] }, index) => ({
    ...{ index, connection, schema: 'public', name, rows, growth, rowBytes, use },
    columns: columns.split(' ').map(columnOf),
  }));

export const connectionNames: readonly string[] = Object.keys(connections);

/** `public.orders`. */
export const fullName = ({ schema, name }: Table): string => `${schema}.${name}`;

/** Canary tables: nothing reads them. Detectors learn their names from configuration, as a security team would write it. */
export const honeytokens: readonly { readonly connection: string; readonly table: string }[] = tables
  .filter(({ use }) => use === 'honeytoken')
  .map((table) => ({ connection: table.connection, table: fullName(table) }));

function columnOf(text: string): Column {
  const [name = '', dataClass = ''] = text.split(':');
  return { name, dataClass };
}
