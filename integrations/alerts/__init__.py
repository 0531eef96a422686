"""Alerts: what is wrong is noticed, told once where somebody wants to hear it, and told to be over."""
