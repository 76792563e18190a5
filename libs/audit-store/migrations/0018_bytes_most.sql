-- Bytes beside rows: a row may hold a table. `approved_bytes`: of statements that a person approved; they are in `bytes`, too.
ALTER TABLE weir.table_hour_rows ADD COLUMN IF NOT EXISTS approved_bytes UInt64 AFTER bytes;

CREATE OR REPLACE VIEW weir.table_hours
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * EXCEPT (version) FROM weir.table_hour_rows FINAL;

-- The most of an hour, of everything together that nobody approved. Baselines of before have none: zero says nothing there.
ALTER TABLE weir.baseline_rows ADD COLUMN IF NOT EXISTS bytes_most UInt64;

CREATE OR REPLACE VIEW weir.baselines
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * EXCEPT (version) FROM weir.baseline_rows FINAL;
