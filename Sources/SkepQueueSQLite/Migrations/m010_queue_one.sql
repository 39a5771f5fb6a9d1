-- One tick of a schedule may wait behind the former one's job.

ALTER TABLE schedule ADD COLUMN overlap_policy TEXT NOT NULL DEFAULT 'skip'
  CHECK (overlap_policy IN ('allow', 'skip', 'queue_one'));

UPDATE schedule SET overlap_policy = overlap;

-- A check can't be changed; it goes with its column.
ALTER TABLE schedule DROP COLUMN overlap;
ALTER TABLE schedule RENAME COLUMN overlap_policy TO overlap;
