/* The binary layout of plugin ABI 1, frozen: if this file stops compiling, plugins built earlier stop working.
 * Members may only be appended; then a line is added here, the size changes, and PORPOISE_ABI_MINOR grows. This file is
 * compiled with -Wpadded: a hole at the end of a struct would let it grow without its size telling of it, and a hole
 * inside would be somebody's garbage. */
#include <porpoise/ext/alert.h>
#include <porpoise/ext/branch.h>
#include <porpoise/ext/dry_run.h>
#include <porpoise/ext/process.h>
#include <porpoise/plugin.h>
#include <stddef.h>

#define FROZEN(type, member, offset) \
  _Static_assert(offsetof(type, member) == (offset), #type "." #member " moved")
#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " has another size")

SIZE(porpoise_str, 16);
FROZEN(porpoise_str, data, 0);
FROZEN(porpoise_str, size, 8);
SIZE(porpoise_request, 160);
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
FROZEN(porpoise_request, reserved, 156);
SIZE(porpoise_spawn, 40);
FROZEN(porpoise_spawn, size, 0);
FROZEN(porpoise_spawn, flags, 4);
FROZEN(porpoise_spawn, argv, 8);
FROZEN(porpoise_spawn, argc, 16);
FROZEN(porpoise_spawn, shell, 24);
SIZE(porpoise_exit, 12);
FROZEN(porpoise_exit, size, 0);
FROZEN(porpoise_exit, code, 4);
FROZEN(porpoise_exit, signal, 8);
SIZE(porpoise_host, 168);
FROZEN(porpoise_host, size, 0);
FROZEN(porpoise_host, abi_minor, 4);
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
FROZEN(porpoise_host, cancel_reason, 160);
SIZE(porpoise_result, 32);
FROZEN(porpoise_result, size, 0);
FROZEN(porpoise_result, status, 4);
FROZEN(porpoise_result, exit_code, 8);
FROZEN(porpoise_result, reserved, 12);
FROZEN(porpoise_result, message, 16);
SIZE(porpoise_task, 56);
FROZEN(porpoise_task, size, 0);
FROZEN(porpoise_task, reserved, 4);
FROZEN(porpoise_task, data, 8);
FROZEN(porpoise_task, prepare, 16);
FROZEN(porpoise_task, run, 24);
FROZEN(porpoise_task, cancel, 32);
FROZEN(porpoise_task, destroy, 40);
FROZEN(porpoise_task, get_extension, 48);
SIZE(porpoise_plugin, 40);
FROZEN(porpoise_plugin, size, 0);
FROZEN(porpoise_plugin, abi_minor, 4);
FROZEN(porpoise_plugin, init, 8);
FROZEN(porpoise_plugin, deinit, 16);
FROZEN(porpoise_plugin, create, 24);
FROZEN(porpoise_plugin, get_extension, 32);

/* Extensions: these never change at all. A new revision is a new id with a struct of its own. */
SIZE(porpoise_dry_run, 16);
FROZEN(porpoise_dry_run, plan, 8);
SIZE(porpoise_branch, 16);
FROZEN(porpoise_branch, choose, 8);
SIZE(porpoise_alert, 16);
FROZEN(porpoise_alert, request, 8);
SIZE(porpoise_process_spec, 72);
FROZEN(porpoise_process_spec, size, 0);
FROZEN(porpoise_process_spec, flags, 4);
FROZEN(porpoise_process_spec, argv, 8);
FROZEN(porpoise_process_spec, argc, 16);
FROZEN(porpoise_process_spec, shell, 24);
FROZEN(porpoise_process_spec, env, 40);
FROZEN(porpoise_process_spec, env_count, 48);
FROZEN(porpoise_process_spec, directory, 56);
SIZE(porpoise_child, 32);
FROZEN(porpoise_child, size, 0);
FROZEN(porpoise_child, poll_fd, 4);
FROZEN(porpoise_child, pid, 8);
FROZEN(porpoise_child, stdin_fd, 16);
FROZEN(porpoise_child, stdout_fd, 20);
FROZEN(porpoise_child, stderr_fd, 24);
FROZEN(porpoise_child, reserved, 28);
SIZE(porpoise_process, 32);
FROZEN(porpoise_process, spawn, 8);
FROZEN(porpoise_process, signal, 16);
FROZEN(porpoise_process, wait, 24);

_Static_assert(PORPOISE_ABI_MAJOR == 1, "another major is another symbol, and another file like this");
_Static_assert(PORPOISE_OK == 0 && PORPOISE_FAILED == 1 && PORPOISE_CANCELLED == 2 && PORPOISE_TIMED_OUT == 3 &&
                   PORPOISE_INVALID_PARAMS == 4 && PORPOISE_UNAVAILABLE == 5 && PORPOISE_INTERNAL == 6,
               "a status changed its number");
_Static_assert(PORPOISE_CANCEL_NONE == 0 && PORPOISE_CANCEL_OTHER == 1 && PORPOISE_CANCEL_KILLED == 2 &&
                   PORPOISE_CANCEL_TIMED_OUT == 3 && PORPOISE_CANCEL_MEMORY == 4 && PORPOISE_CANCEL_UNATTENDED == 5,
               "a reason of a cancel changed its number");
_Static_assert(PORPOISE_DEBUG == 0 && PORPOISE_INFO == 1 && PORPOISE_WARN == 2 && PORPOISE_ERROR == 3,
               "a log level changed its number");
_Static_assert(PORPOISE_REQUEST_DRY_RUN == 1, "a flag of a request changed");
_Static_assert(PORPOISE_PROCESS_STDIN == 1 && PORPOISE_PROCESS_STDOUT == 2 && PORPOISE_PROCESS_STDERR == 4 &&
                   PORPOISE_PROCESS_IGNORES_CANCEL == 8,
               "a flag of a process changed");
