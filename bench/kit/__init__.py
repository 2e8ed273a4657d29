"""Kits for auditors: the time that verifying takes, and what becomes of tampered ones."""
