"""What a formula is: text, exact numbers, linear forms, evaluation in any number system.

Everything here is shared by models and fields and knows neither.  SymPy expressions are the common
currency; `evaluate` carries one into any arithmetic, `parse` makes one from untrusted text.
"""
