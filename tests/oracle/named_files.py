"""Cases of files with a name, over the tables of `named`: what SELECT INTO writes, and what LOAD DATA reads."""

from __future__ import annotations

from files import OUT
from queries import Query

CASES = {
    "a whole table in a file": f"SELECT * FROM t INTO OUTFILE '{OUT}'",
    "a whole table in parquet": f"SELECT * FROM t INTO OUTFILE '{OUT}' OPTIONS(format='parquet')",
    "names that parquet does not take": f"SELECT id AS `a b` FROM t INTO OUTFILE '{OUT}' OPTIONS(format='parquet')",
    "a column twice in a file": f"SELECT id AS a, i AS a FROM t INTO OUTFILE '{OUT}'",
    "what top joins is one cell": "SELECT id, top(s, 3) OVER w AS a, topn_frequency(i, 2) OVER w AS b FROM t WINDOW w AS (PARTITION BY k ORDER BY ts ROWS BETWEEN "
                                  f"UNBOUNDED PRECEDING AND CURRENT ROW) INTO OUTFILE '{OUT}'",
    "no rows in a file": f"SELECT id, s FROM t WHERE id > 99 INTO OUTFILE '{OUT}'",
    "no rows and no header in a file": f"SELECT id, s FROM t WHERE id > 99 INTO OUTFILE '{OUT}' OPTIONS(header=false)",
    "no rows in parquet": f"SELECT id, s FROM t WHERE id > 99 INTO OUTFILE '{OUT}' OPTIONS(format='parquet')",
    "cells with the escape": r"SELECT 'a\\b,c' AS a, 'a,b\\' AS b, '\\,' AS c, '\\\\\",' AS d, '\\' AS e, '\"\\' AS f FROM t LIMIT 1 "
                             f"INTO OUTFILE '{OUT}'",
    "cells that are trimmed": r"SELECT ' x\t ' AS a, '\n' AS b, 'a\n' AS c, '   ' AS d, '\ta' AS e, ' #a' AS f FROM t LIMIT 1 " f"INTO OUTFILE '{OUT}'",
    "a first cell like a comment": f"SELECT '#x' AS `#a`, '#y' AS `#b` FROM t LIMIT 1 INTO OUTFILE '{OUT}'",
    "a first cell like a comment behind a blank": f"SELECT ' #x' AS a FROM t LIMIT 1 INTO OUTFILE '{OUT}'",
    "no quote is a NUL": f"SELECT id, 'a,b' AS a, 'c\"d' AS b FROM t INTO OUTFILE '{OUT}' OPTIONS(quote='')",
    "a delimiter of two characters": f"SELECT id, 'a||b' AS a, 'c|' AS b FROM t INTO OUTFILE '{OUT}' OPTIONS(delimiter='||')",
    "Spark's escape in a delimiter": rf"SELECT id, s FROM t INTO OUTFILE '{OUT}' OPTIONS(delimiter='a\\tb')",
    "no escape of Spark's in a delimiter": rf"SELECT id, s FROM t INTO OUTFILE '{OUT}' OPTIONS(delimiter='\\q')",
    "a backslash alone as a delimiter": rf"SELECT id, s FROM t INTO OUTFILE '{OUT}' OPTIONS(delimiter='\\')",
    "no delimiter": f"SELECT id, s FROM t INTO OUTFILE '{OUT}' OPTIONS(delimiter='')",
    "a quote of two characters": f"SELECT id, s FROM t INTO OUTFILE '{OUT}' OPTIONS(quote='ab')",
    "an unknown mode": f"SELECT id FROM t INTO OUTFILE '{OUT}' OPTIONS(mode='errorifexists')",
    "an option twice": f"SELECT id FROM t INTO OUTFILE '{OUT}' OPTIONS(header=false, header=true)",
}

# The engine ignores the first two, and takes the third for false.
REFUSED = {
    "an unknown option": f"SELECT id FROM t INTO OUTFILE '{OUT}' OPTIONS(delimeter='|')",
    "an option in capitals": f"SELECT id FROM t INTO OUTFILE '{OUT}' OPTIONS(HEADER=false)",
    "an option of another type": f"SELECT id FROM t INTO OUTFILE '{OUT}' OPTIONS(header='true')",
}

# statements that write to a folder twice
TWICE = {
    "append": ("SELECT id, s FROM t", "mode='append'"),
    "overwrite": ("SELECT id FROM t", "mode='OVERWRITE', header=false"),
    "error_if_exists": ("SELECT id FROM t", ""),
}
_T = "c0 string, c1 int, c2 double, c3 bool, c4 date, c5 timestamp"
# the text of a file, its columns, and what of the options is not as it is by default
LOADS = {
    "quotes of a file": (r'"x,y","q""r","s\"t"' "\n" r'"\\","\n","a\\\"b"' "\n" 'a"b,"c"d,e"\n x , " y ","z" \n', "c0 string, c1 string, c2 string", {}),
    "nothing and NULL in a file": ('null,"null", null \n"",,NULL\n1,2\n1,2,3,4\n\n,,\n', "c0 string, c1 string, c2 string", {}),
    "a quote that does not end": ('"abc,1\n"a\nb",2,3\r\nd",e,f\n', "c0 string, c1 string, c2 string", {}),
    "two quotes at the end of a cell": ('"open,""\n"a"",b\n"""",""" \n"c"" ,d\n', "c0 string, c1 string, c2 string", {}),
    "no quote in a file": ('1,"a,b"\n"x","y"\n', "c0 string, c1 string, c2 string", {"quote": ""}),
    "another quote and delimiter": ("1||'a||b'||3\n4||'it\\'s'||\"x\"\n", "c0 string, c1 string, c2 string", {"quote": "'", "delimiter": "||"}),
    "an empty text as NULL": ('1,,""\n', "c0 string, c1 string, c2 string", {"null_value": ""}),
    "values of a file": (
        'a,1,1.5,true,2021-01-03,2021-01-03 01:02:03\nb, 1 , 1.5 , true , 2021-01-03 , 2021-01-03 01:02:03 \nc,1.0,x,yes,20210103,foo\n'
        'd,+5,1e3,TRUE,2021-1-3,5\ne,0x1,.5,false,0021-01-03,2021-01-03\nf,1,2d,1,2021-01-03T00:00:00,2021-01-03T01:02:03.456Z\n'
        '"g","1","1.5","true","2021-01-03",""\n', _T, {}),
    "a day that there is not fails the job": ("a,2021-02-30\n", "c0 string, c1 date", {}),
    "times as numbers": ("a,1,NaN,true,2021-01-03,1609603200123\nb,1,-Inf,true,2021-02-03,2021-01-03\n", _T, {}),
}


def queries() -> list[Query]:
    found = [Query(name, sql) for name, sql in CASES.items()]
    found += [Query(name, sql, refuses=True) for name, sql in REFUSED.items()]
    for mode, (select, options) in TWICE.items():
        again = f"{select} INTO OUTFILE '{OUT}' OPTIONS({options})"
        found.append(Query(f"two files with {mode}", again, earlier=f"SELECT id, s FROM t INTO OUTFILE '{OUT}'"))
    for name, (text, columns, options) in LOADS.items():
        named = [column.split() for column in columns.split(", ")]
        found.append(Query(name, "", load=text, options={"header": False, **options}, columns=named))
    return found
