"""A development stand-in for OpenMLDB: its APIServer REST interface over DuckDB."""

__version__ = "0.1"
