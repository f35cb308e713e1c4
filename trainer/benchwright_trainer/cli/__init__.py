"""`benchwright train`: parses and prints."""
