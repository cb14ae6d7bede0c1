"""Open-Meteo: ERA5 weather of a place in each price area, by hour."""
