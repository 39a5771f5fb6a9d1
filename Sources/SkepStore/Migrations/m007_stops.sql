-- Sessions that people stopped: that is no failure, whoever settles it, and however late.

-- What becomes of the run once the session's step is settled; NULL: nobody stopped it.
ALTER TABLE session ADD COLUMN stop TEXT CHECK (stop IN ('wait', 'go_on'));
