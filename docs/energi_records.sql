-- The older form of one table, as a view on what `python -m sync export --source energidata --to postgresql://…` keeps.
CREATE OR REPLACE VIEW energi_records AS
SELECT start_utc AS timestamp,
       id AS area,
       wh / 1000000.0 AS production_mwh,
       eur_mwh AS price_eur,
       CASE flow WHEN 'price' THEN flow ELSE "group" END AS type,
       'energidata.' || flow AS source_topic,
       jsonb_strip_nulls(to_jsonb(readings)) AS raw_payload
FROM readings
WHERE source = 'energidata';

-- By local day and area: the energy of each day, and the mean price by time of what is known.
CREATE OR REPLACE VIEW energi_days AS
SELECT left(start_local, 10)::date AS day,
       id AS area,
       sum(wh) / 1000000.0 AS production_mwh,
       sum(eur_mwh * seconds) / sum(seconds) FILTER (WHERE eur_mwh IS NOT NULL) AS mean_price_eur
FROM readings
WHERE source = 'energidata'
GROUP BY 1, 2;
