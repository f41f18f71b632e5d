# Writes HEADER: the commit of the repository FOLDER and its date. COMMIT, when given, is believed instead.
set(date)
if(NOT COMMIT)
  execute_process(COMMAND git log -1 --format=%h%n%cs --abbrev=12 WORKING_DIRECTORY ${FOLDER}
    OUTPUT_VARIABLE lines OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    string(REPLACE "\n" ";" lines "${lines}")
    list(GET lines 0 COMMIT)
    list(GET lines 1 date)
  else()
    set(COMMIT unknown)
  endif()
endif()
if(NOT date)
  string(TIMESTAMP date %Y-%m-%d UTC)  # or that of SOURCE_DATE_EPOCH
endif()
file(CONFIGURE OUTPUT ${HEADER} @ONLY CONTENT [[
#define PORPOISE_COMMIT "@COMMIT@"
#define PORPOISE_DATE "@date@"
]])
