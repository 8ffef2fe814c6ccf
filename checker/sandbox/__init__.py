"""The untrusted side: TensorFlow is imported here, and student code runs here, never in the grader.

Started as ``python -m checker.sandbox``, never imported by the grader. The fork server listens on a Unix socket
for ``protocol.Control`` messages and forks one child a request; a child talks ``protocol.Request`` and ``Reply``
over its own socket. Where there is no fork, each child is a process of its own that talks over descriptors 0 and 1.
A child writes only in its scratch folder, dies with the fork server, and is ended by it or by its own grader.
What a child says is a claim: only ``checker.protocol``, ``checker.evidence`` and ``checker.errors`` are shared.
"""
