"""What slang knows of a design, as the product's own words: read `elaborate` first."""
