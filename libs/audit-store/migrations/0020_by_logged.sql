-- A day of the log is a partition, and yet a time of the log prunes nothing where rows are merged on reading (FINAL): of one
-- key a row of another day may be the one that counts. An index may leave out what it will: what lies beside in the order of keys is
-- read again. So reading an hour costs what is in the hour.
ALTER TABLE weir.session_event_rows ADD INDEX IF NOT EXISTS by_logged logged_at TYPE minmax GRANULARITY 1;

ALTER TABLE weir.session_event_rows MATERIALIZE INDEX by_logged;

-- Cuts of trees of an hour, among those of all time; what was published, among all that topic has.
ALTER TABLE weir.control_event_rows
    ADD INDEX IF NOT EXISTS by_logged logged_at TYPE minmax GRANULARITY 1,
    ADD INDEX IF NOT EXISTS by_type type TYPE set(16) GRANULARITY 1;

ALTER TABLE weir.control_event_rows MATERIALIZE INDEX by_logged, MATERIALIZE INDEX by_type;
