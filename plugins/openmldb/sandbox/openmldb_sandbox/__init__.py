"""A development stand-in for OpenMLDB: its APIServer REST interface and its cluster, over DuckDB."""

__version__ = "0.1"
