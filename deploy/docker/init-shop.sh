#!/bin/sh
# Makes the shop's database and the one role that Weirkeeper uses for it.
set -eu
psql -v ON_ERROR_STOP=1 -U postgres -v password="$SHOP_PASSWORD" <<'SQL'
CREATE ROLE shop_service LOGIN PASSWORD :'password';
CREATE DATABASE shop OWNER shop_service;
\connect shop
SET ROLE shop_service;
CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, email text NOT NULL, ssn text);
INSERT INTO customers VALUES
  (1, 'Ada Abel', 'ada.abel@example.com', '123-45-6789'),
  (2, 'Ben Brandt', 'ben.brandt@example.com', '234-56-7890');
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer REFERENCES customers, total numeric(10, 2));
INSERT INTO orders VALUES (1, 1, 19.90), (2, 2, 45.00);
SQL
