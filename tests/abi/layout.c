/* The binary layout of plugin ABI 1, frozen: if this file stops compiling, plugins built earlier stop working.
 * Members may only be appended; then a line is added here and PORPOISE_ABI_MINOR grows. */
#include <porpoise/ext/alert.h>
#include <porpoise/ext/branch.h>
#include <porpoise/ext/dry_run.h>
#include <porpoise/plugin.h>
#include <stddef.h>

#define FROZEN(type, member, offset) \
  _Static_assert(offsetof(type, member) == (offset), #type "." #member " moved")

_Static_assert(sizeof(porpoise_str) == 16, "porpoise_str grew");
FROZEN(porpoise_request, size, 0);
FROZEN(porpoise_request, flags, 4);
FROZEN(porpoise_request, task_instance_id, 8);
FROZEN(porpoise_request, name, 16);
FROZEN(porpoise_request, type_id, 32);
FROZEN(porpoise_request, params_json, 48);
FROZEN(porpoise_request, config_json, 64);
FROZEN(porpoise_request, context_json, 80);
FROZEN(porpoise_request, work_dir, 96);
FROZEN(porpoise_request, file_stem, 112);
FROZEN(porpoise_request, app_ids, 128);
FROZEN(porpoise_request, deadline_mono_ms, 144);
FROZEN(porpoise_request, attempt, 152);
FROZEN(porpoise_spawn, argv, 8);
FROZEN(porpoise_spawn, argc, 16);
FROZEN(porpoise_spawn, shell, 24);
FROZEN(porpoise_exit, code, 4);
FROZEN(porpoise_exit, signal, 8);
FROZEN(porpoise_host, data, 8);
FROZEN(porpoise_host, name, 16);
FROZEN(porpoise_host, version, 32);
FROZEN(porpoise_host, log, 48);
FROZEN(porpoise_host, output, 56);
FROZEN(porpoise_host, set_var, 64);
FROZEN(porpoise_host, add_app_id, 72);
FROZEN(porpoise_host, progress, 80);
FROZEN(porpoise_host, cancel_requested, 88);
FROZEN(porpoise_host, cancel_fd, 96);
FROZEN(porpoise_host, wait, 104);
FROZEN(porpoise_host, expand, 112);
FROZEN(porpoise_host, spawn, 120);
FROZEN(porpoise_host, wait_child, 128);
FROZEN(porpoise_host, now_mono_ms, 136);
FROZEN(porpoise_host, now_wall_ms, 144);
FROZEN(porpoise_host, get_extension, 152);
FROZEN(porpoise_result, status, 4);
FROZEN(porpoise_result, exit_code, 8);
FROZEN(porpoise_result, message, 16);
FROZEN(porpoise_task, data, 8);
FROZEN(porpoise_task, prepare, 16);
FROZEN(porpoise_task, run, 24);
FROZEN(porpoise_task, cancel, 32);
FROZEN(porpoise_task, destroy, 40);
FROZEN(porpoise_task, get_extension, 48);
FROZEN(porpoise_plugin, abi_minor, 4);
FROZEN(porpoise_plugin, init, 8);
FROZEN(porpoise_plugin, deinit, 16);
FROZEN(porpoise_plugin, create, 24);
FROZEN(porpoise_dry_run, plan, 8);
FROZEN(porpoise_branch, choose, 8);
FROZEN(porpoise_alert, request, 8);

_Static_assert(PORPOISE_OK == 0 && PORPOISE_FAILED == 1 && PORPOISE_CANCELLED == 2 && PORPOISE_TIMED_OUT == 3 &&
                   PORPOISE_INVALID_PARAMS == 4 && PORPOISE_UNAVAILABLE == 5 && PORPOISE_INTERNAL == 6,
               "a status changed its number");
