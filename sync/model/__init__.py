"""What everything else speaks of: readings and their document, local time, windows, errors. Imports nothing of ours."""
