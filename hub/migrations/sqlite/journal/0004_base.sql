-- Expand only (0003 is for several hubs and has no twin here).
-- A log whose old commits were archived begins with a state instead of nothing: that snapshot stays as long as the log begins there.
ALTER TABLE snapshot ADD COLUMN is_base INTEGER NOT NULL DEFAULT 0;
