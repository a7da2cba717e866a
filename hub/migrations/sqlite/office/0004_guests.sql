-- Expand only: a hub that does not know the column writes rows without it, which are homes.
-- One person known to two districts has one key, and one of the two is his home. In the other he is a guest: there this is
-- his number at home.
ALTER TABLE person ADD COLUMN home_volunteer INTEGER;
CREATE INDEX person_named ON person (name, phone);
