"""labcheck grades deep-learning lab work: it runs a submission in a sandbox, and judges the evidence outside.

This module imports nothing, on purpose: the sandbox imports ``checker.protocol`` and must not drag the grader in.
"""

__version__ = "0.1.0"
