"""The OPTIONS of LOAD DATA and SELECT INTO OUTFILE: names, types, defaults, and what Spark makes of a delimiter.

The batch engine ignores what it does not know, a misspelled name among it; here such an option is refused by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeVar

from .files import JobFailure, requirement_failure

WRITE_MODES = ("error_if_exists", "overwrite", "append")

# known to the engine and without a meaning here: either statement has those of the other, too
_WITHOUT_EFFECT = {
    "deep_copy": bool, "load_mode": str, "thread": int, "writer_type": str, "put_if_absent": bool, "skip_cvt": bool,
    "coalesce": int, "create_if_not_exists": bool, "sql": str,
}
_KINDS = {bool: "true or false", int: "an integer", str: "a text"}

# what Spark takes for one character behind a backslash in a delimiter
_SPARK_ESCAPES = {"t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


@dataclass
class FileOptions:
    """What both statements have; the defaults are those of the batch engine."""

    format: str = "csv"
    delimiter: str = ","
    quote: str = '"'
    null_value: str = "null"
    header: bool = True
    mode: str = "error_if_exists"


@dataclass
class LoadOptions(FileOptions):
    """LOAD DATA; `load_mode` is whose work it is."""

    deep_copy: bool = True
    load_mode: str = "cluster"


@dataclass
class ExportOptions(FileOptions):
    """SELECT INTO; `coalesce` is the largest number of files, 0 for any."""

    coalesce: int = 0


Options = TypeVar("Options", bound=FileOptions)


def batch_options(given: dict[str, Any], options: Options) -> Options:
    """Those of a job, over the defaults in `options`; a failure is the job's, not the statement's."""
    _take(given, options)
    if isinstance(options, LoadOptions) and given.get("sql"):
        raise requirement_failure("requirement failed: option sql is Spark's SQL, which the sandbox does not have")
    options.mode, options.format = options.mode.lower(), options.format.lower()
    if options.mode not in WRITE_MODES:
        raise JobFailure(
            "com._4paradigm.hybridse.sdk.UnsupportedHybridSeException", f"unsupported write mode {options.mode}")
    if options.format not in ("csv", "parquet"):
        raise requirement_failure(f"requirement failed: unsupported format {options.format} in the sandbox")
    if len(options.quote) > 1:
        raise JobFailure("java.lang.RuntimeException", "quote cannot be more than one character")
    if options.format == "csv":
        options.delimiter = spark_delimiter(options.delimiter)
    return options


def local_options(given: dict[str, Any], options: Options) -> Options:
    """Those of a statement that runs without a job: names in any case, CSV alone, and a delimiter as it is."""
    _take({name.lower(): value for name, value in given.items()}, options)
    options.mode, options.format = options.mode.lower(), options.format.lower()
    if options.format != "csv":
        raise requirement_failure("local load format must be csv")
    if options.mode not in WRITE_MODES:
        raise requirement_failure("mode must be error_if_exists, overwrite or append")
    if not options.delimiter:
        raise requirement_failure("delimiter can't be empty")
    if len(options.quote) > 1:
        raise requirement_failure("quote must be empty or one char")
    return options


def _take(given: dict[str, Any], options: FileOptions) -> None:
    for name, value in given.items():
        is_field = name in options.__dataclass_fields__
        if not is_field and name not in _WITHOUT_EFFECT:
            lower = name.lower()
            known = lower in options.__dataclass_fields__ or lower in _WITHOUT_EFFECT
            hint = f" (the engine knows it as {lower} alone, and ignores this)" if known else ""
            raise requirement_failure(f"requirement failed: unknown option {name}{hint}")
        kind = type(getattr(options, name)) if is_field else _WITHOUT_EFFECT[name]
        if type(value) is not kind:
            raise requirement_failure(f"requirement failed: option {name} must be {_KINDS[kind]}, but is {value!r}")
        if is_field:
            setattr(options, name, value)


def spark_delimiter(text: str) -> str:
    """As Spark reads the option: a backslash begins one of its own escapes, and there may be several characters."""
    if not text:
        raise JobFailure("org.apache.spark.SparkException", "Delimiter cannot be empty string")
    if text == "\\":
        raise JobFailure(
            "java.lang.IllegalArgumentException", "Single backslash is prohibited. It has special meaning as beginning of an "
            "escape sequence. To get the backslash character, pass a string with two backslashes as the delimiter.")

    def character(match: re.Match) -> str:
        escape = match[1]
        if escape not in _SPARK_ESCAPES:
            raise JobFailure(
                "java.lang.IllegalArgumentException", f"Unsupported special character for delimiter: \\{escape}")
        return _SPARK_ESCAPES[escape]

    return re.sub(r"\\(.?)", character, text, flags=re.DOTALL)
