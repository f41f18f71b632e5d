/* A whole porpoise plugin in C: the task type HELLO logs its greeting and sets the OUT parameter `greeting` to it. */
#include <porpoise/plugin.h>
#include <string.h>

#define TEXT(literal) ((porpoise_str){literal, sizeof(literal) - 1})

typedef struct hello {
  porpoise_task task;
  const porpoise_host* host;
  const porpoise_request* request;
} hello;

/* The host provides the result and sets its `size`; a plugin fills in the rest. */
static porpoise_status invalid(porpoise_result* result, porpoise_str message) {
  result->status = PORPOISE_INVALID_PARAMS;
  result->exit_code = -1;
  result->message = message;
  return PORPOISE_INVALID_PARAMS;
}

/* The value of "greeting" in the parameters. A real plugin would use a JSON library. */
static porpoise_str greeting_of(porpoise_str json) {
  static const char key[] = "\"greeting\":\"";
  for (uint64_t i = 0; i + sizeof key <= json.size; ++i) {
    if (memcmp(json.data + i, key, sizeof key - 1) != 0) continue;
    const char* begin = json.data + i + sizeof key - 1;
    const char* end = memchr(begin, '"', json.size - (uint64_t)(begin - json.data));
    if (end != NULL) return (porpoise_str){begin, (uint64_t)(end - begin)};
  }
  return (porpoise_str){NULL, 0};
}

static porpoise_status prepare(porpoise_task* task, const porpoise_request* request, porpoise_result* result) {
  ((hello*)task->data)->request = request;
  if (greeting_of(request->params_json).size == 0) return invalid(result, TEXT("HELLO needs a \"greeting\""));
  return PORPOISE_OK;
}

static void run(porpoise_task* task, porpoise_result* result) {
  const hello* self = task->data;
  result->status = self->host->expand(self->host, greeting_of(self->request->params_json), &result->message);
  if (result->status != PORPOISE_OK) return; /* then the message says why */
  self->host->output(self->host, result->message);
  self->host->output(self->host, TEXT("\n"));
  self->host->set_var(self->host, TEXT("greeting"), result->message);
}

/* `run` is short here. A longer one watches host->cancel_fd, or sleeps by host->wait, which returns 1 at a cancel. */
static void cancel(porpoise_task* task, porpoise_cancel_reason reason, porpoise_str text) {
  const hello* self = task->data;
  (void)reason; /* PORPOISE_CANCEL_KILLED, PORPOISE_CANCEL_TIMED_OUT, … */
  self->host->log(self->host, PORPOISE_WARN, text);
}

static void destroy(porpoise_task* task) { (void)task; }

static porpoise_task* create(const porpoise_host* host, porpoise_str type_id) {
  static hello only; /* one process runs one task */
  (void)type_id;
  only.host = host;
  only.task = (porpoise_task){.size = sizeof(porpoise_task),
                              .data = &only,
                              .prepare = prepare,
                              .run = run,
                              .cancel = cancel,
                              .destroy = destroy};
  return &only.task;
}

PORPOISE_EXPORT const porpoise_plugin porpoise_plugin_v1 = {
    .size = sizeof(porpoise_plugin), .abi_minor = PORPOISE_ABI_MINOR, .create = create};
