/** Statements that may run, and their outputs: `name`, `name=table.column` bare, `name~table.column` an expression. */
export const carried: readonly (readonly [sql: string, ...outputs: string[]])[] = [
  [`SELECT upper(email) FROM customers`, 'upper~customers.email'],
];
