"""What the tests share: waiting for states, and knowing what this machine can do."""

from tests.helpers.needs import missing_part, require
from tests.helpers.settle import asettle, settle

__all__ = ["asettle", "missing_part", "require", "settle"]
