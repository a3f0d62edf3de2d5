"""Java's regular expressions, as REGEX() uses them: reader, program and machine with a step limit.

Owns its dialect and its guard; knows nothing of formulas.
"""
