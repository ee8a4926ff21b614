"""Answers as text and JSON; the only writer of standard output."""
