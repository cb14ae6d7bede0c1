"""Energi Data Service, Denmark: prices and production of the price areas."""
