"""The org itself: schema, formulas, rules, store. Nothing here sees HTTP."""
