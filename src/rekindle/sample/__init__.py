"""A sample peer-support programme for trying Rekindle, and the files that a team starts from."""

from rekindle.sample.init_files import write_init_files
from rekindle.sample.programme import MAX_RECIPIENTS, Statement, make_programme, statements

__all__ = ["MAX_RECIPIENTS", "Statement", "make_programme", "statements", "write_init_files"]
