"""The commands of `python -m sandbox`, each as a person meets it.

Owns what is printed and asked; the work is done by the org, over HTTP like any other client's.
"""
