"""What `extract_data` reads: ready classes, checks of sums, evidence. No model is asked here."""
