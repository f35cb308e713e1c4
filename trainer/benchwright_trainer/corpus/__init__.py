"""Designs from folders, data sets and our own generator, checked, as one file of rows."""
