/* Host extension "porpoise.branch/1": a task that decides where the workflow goes on (SWITCH). */
#ifndef PORPOISE_EXT_BRANCH_H
#define PORPOISE_EXT_BRANCH_H

#include <porpoise/plugin.h>

#define PORPOISE_EXT_BRANCH "porpoise.branch/1"

typedef struct porpoise_branch {
  uint32_t size;
  uint32_t reserved;
  /* Chooses a branch; the last call before the task ends counts. `index` is its 0-based position among the conditions,
   * their number for the default. `next_node` is the JSON of the definition: a task code or a list of them.
   * [any thread] [copied] */
  void (*choose)(const porpoise_host *, int32_t index, porpoise_str next_node);
} porpoise_branch;

#endif
