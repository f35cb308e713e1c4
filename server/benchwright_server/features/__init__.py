"""What an editor shows: hints, lenses, hovers, diagnostics and actions."""
