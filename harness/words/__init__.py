"""
What people read, in their language; what machines read (ids, verdict words, JSON keys) is never translated.

English stands in the code; `zh.yaml` says the same in Chinese, keyed by the English. A message is filled in after it
was looked up; the sentence of a finding, which a check has filled in already, is recognised by its pattern. What the
catalogue lacks is said in English: better than nothing, and a test finds it.
"""

from harness.words.words import CATALOGUE, Words

__all__ = ["CATALOGUE", "Words"]
