/* Uses every type of the plugin ABI, so that its debug information describes them all (test_abidiff.py). */
#include <porpoise/ext/alert.h>
#include <porpoise/ext/branch.h>
#include <porpoise/ext/dry_run.h>
#include <porpoise/ext/process.h>
#include <porpoise/plugin.h>

#define USE(type)               \
  void use_##type(type *value); \
  void use_##type(type *value) { (void)value; }

USE(porpoise_str)
USE(porpoise_status)
USE(porpoise_log_level)
USE(porpoise_cancel_reason)
USE(porpoise_request)
USE(porpoise_spawn)
USE(porpoise_exit)
USE(porpoise_host)
USE(porpoise_result)
USE(porpoise_task)
USE(porpoise_plugin)
USE(porpoise_alert)
USE(porpoise_branch)
USE(porpoise_dry_run)
USE(porpoise_process_spec)
USE(porpoise_child)
USE(porpoise_process)

const porpoise_plugin porpoise_plugin_v1 = {.size = sizeof(porpoise_plugin)};
