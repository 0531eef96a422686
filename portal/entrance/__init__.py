"""Logging in: password, second factor, passkey or identity provider; guesses counted; who one is, asked again."""
