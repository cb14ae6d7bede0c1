"""api-couleur-tempo.fr: the colour of each Tempo day. A calendar, no time series: it has no entry in `SOURCES`."""

URL = "https://www.api-couleur-tempo.fr/api"
