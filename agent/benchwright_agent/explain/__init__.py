"""Why a bin is not covered: conditions, what they depend on, and the values that those took."""
