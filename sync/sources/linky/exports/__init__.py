"""The files Enedis hands out: load curves and daily totals, read into points and Wh without any call to the API."""
