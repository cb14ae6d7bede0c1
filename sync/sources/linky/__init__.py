"""Linky: the gateway's API, the Enedis exports, meters and their tokens."""
