"""Proves bounds on the share of wrong labels from random decisions, and watches that they hold."""
