"""What learning platforms read: Moodle's and Canvas's own files with marks put in, Gradescope's results, a plain CSV.

A platform's file is never made up: the instructor's own download comes in as bytes and goes out as bytes, the same but
for the cells of marks and comments. Each function says in ``told`` what it could not do, and for whom.
"""
