"""Workbooks to try the import with, and the script that builds them."""
