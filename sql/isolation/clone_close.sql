-- What it does: keeps everybody but the owner from connecting to a copy.
-- Minimum version: 13
revoke all on database {database} from public
