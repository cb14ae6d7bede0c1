"""The daily run without Atlas: a user's systemd timer, or lines of a crontab."""
