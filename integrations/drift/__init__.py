"""Drift watch: fields that are new, gone or of another type, and addresses that refuse where they worked."""
