/* Task extension "porpoise.dry-run/1": what run would do, for a dry run. */
#ifndef PORPOISE_EXT_DRY_RUN_H
#define PORPOISE_EXT_DRY_RUN_H

#include <porpoise/plugin.h>

#define PORPOISE_EXT_DRY_RUN "porpoise.dry-run/1"

typedef struct porpoise_dry_run {
  uint32_t size;
  uint32_t reserved;
  /* A text for people: the script, the rendered SQL, the request. No side effects. Called after prepare.
   * [run thread] [text borrowed: until destroy returns] */
  porpoise_status (*plan)(porpoise_task *, porpoise_str *text);
} porpoise_dry_run;

#endif
