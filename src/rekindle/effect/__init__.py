"""Does it help: which people are held out, and what may be said of the difference.

Only this package imports scipy and statsmodels, and only once something is calculated.
"""
