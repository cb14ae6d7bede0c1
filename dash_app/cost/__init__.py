"""What it costs under each tariff."""
