-- Says what `job` checks in words that cost less.
--
-- For a list of more than two, `IN` in a check makes SQLite 3.40 build a b-tree at each row that is
-- written, and throw it away: half of what it did for an insert, and for an update of the state. `OR`
-- means the same. What is stored, and what is allowed, is as before, so the words of the table may be
-- changed where they are: https://www.sqlite.org/lang_altertable.html#otheralter

PRAGMA writable_schema = ON;

UPDATE sqlite_schema
   SET sql = replace(replace(replace(replace(sql,
       'CHECK (state IN (''scheduled'', ''ready'', ''leased'', ''succeeded'', ''dead'', ''cancelled''))',
       'CHECK (state = ''ready'' OR state = ''leased'' OR state = ''succeeded''
           OR state = ''scheduled'' OR state = ''dead'' OR state = ''cancelled'')'),
       'CHECK ((state IN (''succeeded'', ''dead'', ''cancelled'')) = (finished_at_ms IS NOT NULL))',
       'CHECK ((state = ''succeeded'' OR state = ''dead'' OR state = ''cancelled'')
           = (finished_at_ms IS NOT NULL))'),
       'CHECK (unique_scope IN (''waiting'', ''unfinished'', ''window''))',
       'CHECK (unique_scope = ''unfinished'' OR unique_scope = ''waiting''
           OR unique_scope = ''window'')'),
       'CHECK (runs_when IN (''succeeded'', ''finished'', ''failed''))',
       'CHECK (runs_when = ''succeeded'' OR runs_when = ''finished'' OR runs_when = ''failed'')')
 WHERE type = 'table' AND name = 'job';

PRAGMA writable_schema = RESET;
