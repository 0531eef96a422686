"""Webhooks, both ways: hints that come in (`inbox`), and what happened going out (`outbox`)."""
