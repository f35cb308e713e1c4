"""Data sets of samples: Parquet shards with a data card, written whole, read with verification."""
