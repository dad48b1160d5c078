"""How a partner's text becomes a value: numbers, times, words, units, identifiers. One module each.

Pure functions of the text and of what the contract declares. Nothing is guessed: a text with two readings has none.
Imported by the rules; imports nothing of ours but contract, codes and pattern.
"""

__all__ = ["identifiers", "number", "personal", "times", "units", "words"]
