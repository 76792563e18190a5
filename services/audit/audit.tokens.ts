/** Ingest's own client, and the one that may kill queries and nothing waits behind. */
export const AUDIT_WRITER = Symbol('AUDIT_WRITER');
export const AUDIT_CONTROL = Symbol('AUDIT_CONTROL');
/** Reads for our own routes; auditors' SQL has clients of its own. */
export const AUDIT_READER = Symbol('AUDIT_READER');
/** Reads the whole record for whoever verifies it. */
export const RECORD_READER = Symbol('RECORD_READER');
/** Retention's own: what it erases takes long, and nothing waits behind. */
export const AUDIT_RETENTION = Symbol('AUDIT_RETENTION');
/** Detection's own: what writes its tables, what runs detectors' queries, and those of a house's own beside them. */
export const DETECTION_WRITER = Symbol('DETECTION_WRITER');
export const DETECTION_READER = Symbol('DETECTION_READER');
export const DETECTION_OWN_READER = Symbol('DETECTION_OWN_READER');
export const SQL_READERS = Symbol('SQL_READERS');
