/* A plugin of ABI 1.0: built from the headers of 1.0 as they were when it was frozen (the folder 1.0), and from nothing
 * else. It uses everything that 1.0 has, and fails with the number of the line where something is not as promised. Each
 * later porpoise must run it. */
#include <poll.h>
#include <porpoise/ext/alert.h>
#include <porpoise/ext/branch.h>
#include <porpoise/ext/dry_run.h>
#include <porpoise/ext/process.h>
#include <porpoise/plugin.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

PORPOISE_PLUGIN_NOTE(
    "\"needs\":[\"porpoise.process/1\",\"porpoise.branch/1\",\"porpoise.alert/1\"],"
    "\"types\":[{\"id\":\"FROZEN\",\"version\":\"1.0\",\"vendor\":\"Example\",\"summary\":\"Uses all of ABI 1.0\","
    "\"flags\":[\"SPAWNS\"],\"params\":{\"type\":\"object\",\"properties\":{\"wait\":{\"type\":\"boolean\"}}}}]");

#define TEXT(literal) ((porpoise_str){literal, sizeof(literal) - 1})
#define MUST(condition) \
  if (!(condition)) return __LINE__

typedef struct frozen {
  porpoise_task task;
  porpoise_dry_run dry_run;
  const porpoise_host *host;
  const porpoise_request *request;
  volatile porpoise_cancel_reason reason;
  char message[64];
} frozen;

static int initialised = 0;

static int same(porpoise_str a, const char *b) { return a.size == strlen(b) && memcmp(a.data, b, a.size) == 0; }
static int contains(porpoise_str text, const char *part) {
  const size_t size = strlen(part);
  for (uint64_t i = 0; i + size <= text.size; ++i)
    if (memcmp(text.data + i, part, size) == 0) return 1;
  return 0;
}

static int check_request(const porpoise_request *request) {
  MUST(request->size >= sizeof(porpoise_request));
  MUST(request->task_instance_id > 0 && request->attempt == 1);
  MUST(same(request->name, "a task") && same(request->type_id, "FROZEN"));
  MUST(request->params_json.size >= 2 && contains(request->config_json, "{"));
  MUST(contains(request->context_json, "\"schema\":\"porpoise.context/1\""));
  MUST(request->work_dir.data[0] == '/' && request->file_stem.size > 0 && request->app_ids.size == 0);
  MUST(request->deadline_mono_ms == 0 && request->reserved == 0);
  return 0;
}

static int use_words(const frozen *self) {
  const porpoise_host *host = self->host;
  porpoise_str text;
  host->log(host, PORPOISE_INFO, TEXT("frozen plugin at work"));
  host->output(host, TEXT("printed by the plugin\n"));
  host->set_var(host, TEXT("out"), TEXT("set by 1.0"));
  host->progress(host, 500, TEXT("half"));
  MUST(host->add_app_id(host, TEXT("job_1")) == PORPOISE_OK);
  MUST(host->expand(host, TEXT("${name}!"), &text) == PORPOISE_OK && same(text, "value!"));
  MUST(host->now_mono_ms(host) > 0 && host->now_wall_ms(host) > 1000000000000);
  MUST(host->wait(host, 1) == 0 && host->cancel_requested(host) == 0 && host->cancel_fd(host) >= 0);
  MUST(host->cancel_reason(host, &text) == PORPOISE_CANCEL_NONE && text.size == 0);
  MUST(host->cancel_reason(host, NULL) == PORPOISE_CANCEL_NONE);
  MUST(host->get_extension(host, TEXT("com.example.unknown/1")) == NULL);
  const porpoise_branch *branch = host->get_extension(host, TEXT(PORPOISE_EXT_BRANCH));
  MUST(branch != NULL && branch->size >= sizeof *branch);
  branch->choose(host, 1, TEXT("[42]"));
  const porpoise_alert *alert = host->get_extension(host, TEXT(PORPOISE_EXT_ALERT));
  MUST(alert != NULL && alert->size >= sizeof *alert);
  alert->request(host, 7, TEXT("title"), TEXT("content"));
  return 0;
}

static int use_children(const frozen *self) {
  const porpoise_host *host = self->host;
  const porpoise_str argv[] = {TEXT("bash"), TEXT("-c"), TEXT("exit 4")};
  porpoise_spawn spawn = {.size = sizeof spawn, .argv = argv, .argc = 3};
  porpoise_exit end = {.size = sizeof end};
  porpoise_str error;
  int64_t pid = 0;
  MUST(host->spawn(host, &spawn, &pid, &error) == PORPOISE_OK && pid > 0);
  MUST(host->wait_child(host, pid, &end) == PORPOISE_OK && end.code == 4 && end.signal == 0 && end.size == sizeof end);
  MUST(host->wait_child(host, pid, &end) == PORPOISE_INVALID_PARAMS);
  spawn = (porpoise_spawn){.size = sizeof spawn, .shell = TEXT("echo printed by a child")};
  MUST(host->spawn(host, &spawn, &pid, &error) == PORPOISE_OK);
  MUST(host->wait_child(host, pid, &end) == PORPOISE_OK && end.code == 0);
  spawn = (porpoise_spawn){.size = sizeof spawn};
  MUST(host->spawn(host, &spawn, &pid, &error) == PORPOISE_INVALID_PARAMS && error.size > 0);
  return 0;
}

static int use_process(const frozen *self) {
  const porpoise_host *host = self->host;
  const porpoise_process *process = host->get_extension(host, TEXT(PORPOISE_EXT_PROCESS));
  MUST(process != NULL && process->size >= sizeof *process);
  const porpoise_str argv[] = {TEXT("cat")};
  const porpoise_str env[] = {TEXT("A=1")};
  const porpoise_process_spec spec = {.size = sizeof spec,
                                      .flags = PORPOISE_PROCESS_STDIN | PORPOISE_PROCESS_STDOUT,
                                      .argv = argv,
                                      .argc = 1,
                                      .env = env,
                                      .env_count = 1,
                                      .directory = TEXT("/")};
  porpoise_child child = {.size = sizeof child};
  porpoise_exit end = {.size = sizeof end};
  porpoise_str error;
  char echo[4] = {0};
  MUST(process->spawn(host, &spec, &child, &error) == PORPOISE_OK);
  MUST(child.pid > 0 && child.poll_fd >= 0 && child.stdin_fd >= 0 && child.stdout_fd >= 0 && child.stderr_fd == -1);
  MUST(write(child.stdin_fd, "ping", 4) == 4 && read(child.stdout_fd, echo, 4) == 4 && memcmp(echo, "ping", 4) == 0);
  MUST(process->wait(host, child.pid, 0, &end) == PORPOISE_TIMED_OUT);
  MUST(process->signal(host, child.pid, SIGKILL, &error) == PORPOISE_OK);
  struct pollfd ended = {.fd = child.poll_fd, .events = POLLIN};
  MUST(poll(&ended, 1, 20000) == 1);
  MUST(process->wait(host, child.pid, -1, &end) == PORPOISE_OK && end.signal == SIGKILL && end.code == 128 + SIGKILL);
  MUST(close(child.stdin_fd) == 0 && close(child.stdout_fd) == 0);
  return 0;
}

static int wait_for_cancel(const frozen *self) {
  const porpoise_host *host = self->host;
  porpoise_str text;
  host->log(host, PORPOISE_INFO, TEXT("waiting"));
  MUST(host->wait(host, 60000) == 1);
  MUST(host->cancel_requested(host) == 1);
  MUST(host->cancel_reason(host, &text) == PORPOISE_CANCEL_KILLED && contains(text, "because"));
  while (self->reason == PORPOISE_CANCEL_NONE) usleep(1000);
  MUST(self->reason == PORPOISE_CANCEL_KILLED);
  return 0;
}

static porpoise_status prepare(porpoise_task *task, const porpoise_request *request, porpoise_result *result) {
  frozen *self = task->data;
  self->request = request;
  const int line = initialised ? check_request(request) : __LINE__;
  if (line == 0) return PORPOISE_OK;
  result->exit_code = line;
  result->message = TEXT("the request is not as 1.0 promises; the exit code is a line of plugin_1_0.c");
  return PORPOISE_INVALID_PARAMS;
}

static void run(porpoise_task *task, porpoise_result *result) {
  const frozen *self = task->data;
  const int waits = contains(self->request->params_json, "\"wait\":true");
  int line = result->size >= sizeof *result ? 0 : __LINE__;
  if (line == 0) line = use_words(self);
  if (line == 0) line = use_children(self);
  if (line == 0) line = use_process(self);
  if (line == 0 && waits) line = wait_for_cancel(self);
  result->exit_code = line;
  result->status = line != 0 ? PORPOISE_FAILED : waits ? PORPOISE_CANCELLED : PORPOISE_OK;
  if (line != 0) result->message = TEXT("something is not as 1.0 promises; the exit code is a line of plugin_1_0.c");
}

static void cancel(porpoise_task *task, porpoise_cancel_reason reason, porpoise_str text) {
  if (text.size > 0) ((frozen *)task->data)->reason = reason;
}

static void destroy(porpoise_task *task) {
  const frozen *self = task->data;
  self->host->log(self->host, PORPOISE_INFO, TEXT("destroyed"));
}

static porpoise_status plan(porpoise_task *task, porpoise_str *text) {
  (void)task;
  *text = TEXT("use all of ABI 1.0");
  return PORPOISE_OK;
}

static const void *task_extension(porpoise_task *task, porpoise_str id) {
  return same(id, PORPOISE_EXT_DRY_RUN) ? &((frozen *)task->data)->dry_run : NULL;
}

static const void *plugin_extension(porpoise_str id) {
  (void)id;
  return NULL;
}

static porpoise_status init(const porpoise_host *host) {
  if (host->size < sizeof *host) return PORPOISE_UNAVAILABLE;
  initialised = 1;
  return PORPOISE_OK;
}

static void deinit(void) { initialised = 0; }

static porpoise_task *create(const porpoise_host *host, porpoise_str type_id) {
  static frozen only;
  if (!same(type_id, "FROZEN")) return NULL;
  only.host = host;
  only.dry_run = (porpoise_dry_run){.size = sizeof(porpoise_dry_run), .plan = plan};
  only.task = (porpoise_task){.size = sizeof(porpoise_task),
                              .data = &only,
                              .prepare = prepare,
                              .run = run,
                              .cancel = cancel,
                              .destroy = destroy,
                              .get_extension = task_extension};
  return &only.task;
}

PORPOISE_EXPORT const porpoise_plugin porpoise_plugin_v1 = {.size = sizeof(porpoise_plugin),
                                                            .abi_minor = PORPOISE_ABI_MINOR,
                                                            .init = init,
                                                            .deinit = deinit,
                                                            .create = create,
                                                            .get_extension = plugin_extension};
