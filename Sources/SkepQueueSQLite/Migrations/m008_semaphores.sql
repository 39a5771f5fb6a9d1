-- Locks and semaphores: who holds permits, and who waits for one. And what maintenance looks for.

-- Those that are held or waited for.
CREATE TABLE semaphore (
  name TEXT NOT NULL PRIMARY KEY,
  permits INTEGER NOT NULL CHECK (permits >= 1)
) STRICT, WITHOUT ROWID;

CREATE TABLE semaphore_holder (
  -- AUTOINCREMENT: permits are numbered for ever, over all semaphores, so that a number grows even
  -- when nothing is left of the semaphore in between.
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL REFERENCES semaphore (name),
  holder TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  -- What somebody holds, to be given back with their end.
  UNIQUE (holder, name)
) STRICT;

-- The holders of a semaphore.
CREATE INDEX semaphore_holder_name ON semaphore_holder (name, number);

CREATE TABLE semaphore_waiter (
  -- Its place in the line.
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL REFERENCES semaphore (name),
  holder TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  -- Where somebody waits, to be left with their end.
  UNIQUE (holder, name)
) STRICT;

-- The line of a semaphore, in order.
CREATE INDEX semaphore_waiter_line ON semaphore_waiter (name, id);

-- The events for all who wait for a name, by age: they are kept for a time only.
CREATE INDEX queue_event_age ON queue_event (at_ms)
  WHERE job IS NULL;
