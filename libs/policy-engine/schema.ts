/**
 * The vocabulary of policies. It is part of the product and never read from a user's directory: a schema that
 * could be edited there could be weakened there. `policies/weir.cedarschema` is the same text, for editors.
 */
export const schema = `// What a policy may name. A copy for editors: Weirkeeper carries its own, changing this one changes nothing.
//
// Ids:  User::"issuer:subject"   Agent::"issuer:subject"   Group::"name as the identity provider says it"
//       Connection::"orders"     Schema::"orders/public"   Table::"orders/public/customers"
//       Column::"orders/public/customers/email"            DataClass::"email"
//       A "/" or "%" inside a name is written %2F or %25.

// Who. An Agent is a principal whose token matches identity.*.agents; everyone else is a User.
entity Group;
entity User, Agent in [Group] = {
  issuer: String,
  subject: String,
  // The person in whose name it acts, "issuer:subject".
  onBehalfOf?: String,
};

// On what. Every resource knows its connection, a connection itself included.
entity Connection = {
  connection: Connection,
  name: String,
  owner: String,
  protocol: String,
};
entity Schema in [Connection];
entity Table in [Schema] = {
  connection: Connection,
  schema: String,
  name: String,
};
entity Column in [Table] = {
  connection: Connection,
  schema: String,
  table: String,
  name: String,
};
// A class of data that masking knows: email, card, iban, …
entity DataClass in [Connection] = {
  connection: Connection,
  name: String,
};

// How it is asked.
type Statement = {
  hour: Long, // UTC, 0 to 23
  weekday: Long, // 1 is Monday, 7 is Sunday
  kinds: Set<String>, // "select", "create table", …
  functions: Set<String>, // as called: "lower", "pg_catalog.now"
  hasLimit: Bool,
  multiStatement: Bool,
  inTransaction: Bool,
  locksRows: Bool, // SELECT … FOR UPDATE, FOR SHARE
  risk: String, // "none", "watch", "high"
};
type FilteredStatement = {
  hour: Long,
  weekday: Long,
  kinds: Set<String>,
  functions: Set<String>,
  hasLimit: Bool,
  multiStatement: Bool,
  inTransaction: Bool,
  locksRows: Bool,
  risk: String,
  where: String, // "none", "constant" (WHERE true), "present"
};

// To do what.
action "sql:any";
action "sql:read", "sql:write", "sql:privileged" in ["sql:any"];

action "sql:select", "sql:copy-out" in ["sql:read"] appliesTo {
  principal: [User, Agent],
  resource: [Connection, Table, Column],
  context: Statement,
};
// Reads of the system catalogs only: \\d, an ORM's introspection.
action "sql:metadata" in ["sql:read"] appliesTo {
  principal: [User, Agent],
  resource: [Connection, Table],
  context: Statement,
};
action "sql:insert", "sql:merge", "sql:copy-in" in ["sql:write"] appliesTo {
  principal: [User, Agent],
  resource: [Connection, Table, Column],
  context: Statement,
};
action "sql:update", "sql:delete" in ["sql:write"] appliesTo {
  principal: [User, Agent],
  resource: [Connection, Table, Column],
  context: FilteredStatement,
};
action "sql:truncate" in ["sql:write"] appliesTo {
  principal: [User, Agent],
  resource: [Connection, Table],
  context: Statement,
};
// ddl: CREATE, ALTER, DROP. code: DO, CALL, functions that are not on the list. unknown: what could not be
// understood; it is refused whatever policies say, a forbid can only give it a better reason.
action "sql:ddl", "sql:code", "sql:admin", "sql:unknown" in ["sql:privileged"] appliesTo {
  principal: [User, Agent],
  resource: [Connection, Table],
  context: Statement,
};
// Settings on the allow-list and cursors' housekeeping; BEGIN, COMMIT, SAVEPOINT.
action "sql:session", "sql:transaction" in ["sql:any"] appliesTo {
  principal: [User, Agent],
  resource: [Connection, Table],
  context: Statement,
};
// Reading a class of data in the clear. A permit counts for it only if it names reveal or DataClass.
action reveal appliesTo {
  principal: [User, Agent],
  resource: [DataClass],
};
`;
