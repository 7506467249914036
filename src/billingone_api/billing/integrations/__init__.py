"""Connections to the third parties that bill: credentials, schedules, and how each one fares."""
