"""Every question that the pages put to the database, answered by aggregation on the server."""
