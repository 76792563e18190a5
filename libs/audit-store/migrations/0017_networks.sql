-- Tables that a statement does not name: what a view that it names selects from, what a table that it names is a partition or child of.
ALTER TABLE weir.session_event_rows
    ADD COLUMN IF NOT EXISTS tables_through Array(LowCardinality(String)) AFTER tables_written;

CREATE OR REPLACE VIEW weir.session_events
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * REPLACE (base64Encode(raw) AS raw)
FROM weir.session_event_rows FINAL;

ALTER TABLE weir.activity_rows
    ADD COLUMN IF NOT EXISTS tables_through Array(LowCardinality(String)) AFTER tables_written;

-- Where somebody came from, beside the address: `network`, from which addresses are given out as a rule (/24, /64), and `site`, by two of
-- its four bytes what is one place's. What is no address (the record of another house may have anything) is both.
ALTER TABLE weir.activity_rows
    ADD COLUMN IF NOT EXISTS network LowCardinality(String) MATERIALIZED multiIf(
        isIPv4String(source_host), replaceRegexpOne(toString(source_host), '[.][0-9]+$', '.0/24'),
        isIPv6String(source_host), concat(toString(tupleElement(IPv6CIDRToRange(toIPv6OrDefault(toString(source_host)), 64), 1)), '/64'),
        toString(source_host)),
    ADD COLUMN IF NOT EXISTS site LowCardinality(String) MATERIALIZED if(
        isIPv4String(source_host), extract(toString(source_host), '^[0-9]+[.][0-9]+'), toString(network));

CREATE OR REPLACE VIEW weir.activity
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT *, network, site FROM weir.activity_rows FINAL;

-- At most 20. Rows from before have those of the hosts that they name.
ALTER TABLE weir.identity_hour_rows
    ADD COLUMN IF NOT EXISTS networks Array(String) DEFAULT arrayDistinct(arrayMap(h -> multiIf(
        isIPv4String(h), replaceRegexpOne(h, '[.][0-9]+$', '.0/24'),
        isIPv6String(h), concat(toString(tupleElement(IPv6CIDRToRange(toIPv6OrDefault(h), 64), 1)), '/64'),
        h), hosts)) AFTER hosts;

CREATE OR REPLACE VIEW weir.identity_hours
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * EXCEPT (version) FROM weir.identity_hour_rows FINAL;

ALTER TABLE weir.identity_day_rows
    ADD COLUMN IF NOT EXISTS networks Array(String) DEFAULT arrayDistinct(arrayMap(h -> multiIf(
        isIPv4String(h), replaceRegexpOne(h, '[.][0-9]+$', '.0/24'),
        isIPv6String(h), concat(toString(tupleElement(IPv6CIDRToRange(toIPv6OrDefault(h), 64), 1)), '/64'),
        h), hosts)) AFTER hosts;

CREATE OR REPLACE VIEW weir.identity_days
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * EXCEPT (version) FROM weir.identity_day_rows FINAL;

-- Of a `network` the site that it is in; of anything else nothing.
ALTER TABLE weir.first_use_rows
    ADD COLUMN IF NOT EXISTS site LowCardinality(String) MATERIALIZED multiIf(
        kind != 'network', '',
        match(value, '^[0-9.]+/24$'), extract(value, '^[0-9]+[.][0-9]+'),
        value);

CREATE OR REPLACE VIEW weir.first_uses
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT *, site FROM weir.first_use_rows FINAL;
