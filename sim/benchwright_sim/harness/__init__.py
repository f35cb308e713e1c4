"""A design compiled once, stimuli run on it at MHz in a bounded worker process."""
