"""The local MongoDB that is used where no address is given."""
