"""The readings out of the record into files, tables and topics: read in columns, written, counted and summed there."""
