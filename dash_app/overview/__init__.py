"""The page that is opened first."""
