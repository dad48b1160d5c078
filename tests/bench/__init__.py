"""Figures as ratios to a bare floor taken in the same run: `make bench`, or `python -m tests.bench series` for a part.

A part is a module of this folder with `figures(work) -> Iterator[Figure]`; it raises Absent, with the reason, where it
can't run. Parts are listed in `__main__.PARTS`. Imported by nothing of the product.
"""
