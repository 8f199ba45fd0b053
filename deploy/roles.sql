-- The database of the records, and its roles: the owner, the gateway's and the one that erases (docs/records.md).
-- Run by psql as a superuser, with the folder of owner.password, gateway.password and erasure.password:
--     HOKS_SECRETS=/etc/hoks-gateway/secrets psql --dbname postgres --file roles.sql
-- Again it does no harm, and takes over passwords that have changed. Then `hoks-gateway records prepare` makes the tables.
\set ON_ERROR_STOP on
\set owner `cat "$HOKS_SECRETS/owner.password"`
\set gateway `cat "$HOKS_SECRETS/gateway.password"`
\set erasure `cat "$HOKS_SECRETS/erasure.password"`

-- No password may come into the server's log.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';

SELECT format('CREATE ROLE %I LOGIN', name)
FROM (VALUES ('hoks_owner'), ('hoks_gateway'), ('hoks_erasure')) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE hoks_owner PASSWORD :'owner';
ALTER ROLE hoks_gateway PASSWORD :'gateway';
ALTER ROLE hoks_erasure PASSWORD :'erasure';

SELECT 'CREATE DATABASE hoks OWNER hoks_owner TEMPLATE template0 ENCODING ''UTF8'''
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'hoks') \gexec
REVOKE ALL ON DATABASE hoks FROM PUBLIC;
GRANT CONNECT ON DATABASE hoks TO hoks_gateway, hoks_erasure;
