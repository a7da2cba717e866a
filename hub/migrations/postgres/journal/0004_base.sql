-- Expand only; but a hub of the version before drops this snapshot like any other: archive when all are replaced.
-- A log whose old commits were archived begins with a state instead of nothing: that snapshot stays as long as the log begins there.
ALTER TABLE snapshot ADD COLUMN is_base BOOLEAN NOT NULL DEFAULT FALSE;
