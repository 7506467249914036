-- What the simulation adds to its own database: a clock that it sets, and witnesses of what no
-- transaction may do. They write down what they see and stop nobody.
CREATE SCHEMA simulated;

-- Each transaction of a simulated program says at its BEGIN what the server's clock shows.
CREATE FUNCTION simulated.now() RETURNS timestamptz STABLE LANGUAGE sql
RETURN current_setting('simulated.at')::timestamptz;
CREATE FUNCTION simulated.clock_timestamp() RETURNS timestamptz STABLE LANGUAGE sql
RETURN current_setting('simulated.at')::timestamptz;

CREATE UNLOGGED TABLE simulated.seen_wrong (organisation_id uuid, what text);
CREATE UNLOGGED TABLE simulated.buried (organisation_id uuid, kind text, source_id text);
CREATE INDEX ON simulated.seen_wrong (organisation_id);
CREATE INDEX ON simulated.buried (organisation_id);

-- What belongs to a run is written under the lease that its due work carries at this moment.
CREATE FUNCTION simulated.needs_lease() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM public.due_work
    WHERE organisation_id = NEW.organisation_id AND kind = 'sync'
      AND lease::text = current_setting('simulated.lease', true)
  ) THEN
    INSERT INTO simulated.seen_wrong
    VALUES (NEW.organisation_id, format('%s written without the lease', TG_TABLE_NAME));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER needs_lease AFTER INSERT OR UPDATE ON public.subscriptions
FOR EACH ROW EXECUTE FUNCTION simulated.needs_lease();
CREATE TRIGGER needs_lease AFTER INSERT OR UPDATE ON public.pax8_companies
FOR EACH ROW EXECUTE FUNCTION simulated.needs_lease();
CREATE TRIGGER needs_lease AFTER INSERT ON public.sync_seen
FOR EACH ROW EXECUTE FUNCTION simulated.needs_lease();
CREATE TRIGGER needs_lease AFTER UPDATE ON public.sync_steps
FOR EACH ROW EXECUTE FUNCTION simulated.needs_lease();

CREATE FUNCTION simulated.stays_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.finished_at IS NOT NULL AND OLD IS DISTINCT FROM NEW THEN
    INSERT INTO simulated.seen_wrong
    VALUES (OLD.organisation_id, format('a run that had %s became %s', OLD.status, NEW.status));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER stays_ended AFTER UPDATE OR DELETE ON public.sync_runs
FOR EACH ROW EXECUTE FUNCTION simulated.stays_ended();

CREATE FUNCTION simulated.note_burial() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO simulated.buried VALUES (NEW.organisation_id, TG_ARGV[0], NEW.source_id);
  RETURN NULL;
END $$;
CREATE TRIGGER note_burial AFTER UPDATE ON public.subscriptions FOR EACH ROW
WHEN (OLD.gone_at IS NULL AND NEW.gone_at IS NOT NULL)
EXECUTE FUNCTION simulated.note_burial('subscriptions');
CREATE TRIGGER note_burial AFTER UPDATE ON public.pax8_companies FOR EACH ROW
WHEN (OLD.gone_at IS NULL AND NEW.gone_at IS NOT NULL)
EXECUTE FUNCTION simulated.note_burial('companies');

GRANT USAGE ON SCHEMA simulated TO billingone_app;
GRANT INSERT ON ALL TABLES IN SCHEMA simulated TO billingone_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA simulated TO billingone_app;
