/* Host extension "porpoise.process/1": child processes that a plugin talks to, signals and watches.
 *
 * Like children of `spawn`, they belong to the task: they run in its environment and as its user (through sudo where the
 * host itself is another), each in a process group of its own, and none outlives the task. */
#ifndef PORPOISE_EXT_PROCESS_H
#define PORPOISE_EXT_PROCESS_H

#include <porpoise/plugin.h>

#define PORPOISE_EXT_PROCESS "porpoise.process/1"

enum {
  PORPOISE_PROCESS_STDIN = 1u << 0,  /* a pipe to its input; without it there is none (/dev/null) */
  PORPOISE_PROCESS_STDOUT = 1u << 1, /* a pipe from its output; without it the task log */
  PORPOISE_PROCESS_STDERR = 1u << 2, /* a pipe from its errors; without it the task log */
  /* It starts with SIGTERM ignored, which programs and what they start inherit: it outlives a cancel, for last words to
   * a service, and ends with the task's grace period at the latest. */
  PORPOISE_PROCESS_IGNORES_CANCEL = 1u << 3
};

/* What to start: either argv or a text for bash, never both. [copied] */
typedef struct porpoise_process_spec {
  uint32_t size;
  uint32_t flags;           /* PORPOISE_PROCESS_... */
  const porpoise_str *argv; /* argv[0] is searched in PATH */
  uint64_t argc;
  porpoise_str shell;      /* bash text */
  const porpoise_str *env; /* "NAME=value" each, set after the task's environment was set up */
  uint64_t env_count;
  porpoise_str directory; /* absolute, or below work_dir; work_dir when empty */
} porpoise_process_spec;

/* A child that was started. The callee fills it in. */
typedef struct porpoise_child {
  uint32_t size;
  int32_t poll_fd;   /* becomes readable when it has ended; for poll() alone. [borrowed: until wait gave its end] */
  int64_t pid;       /* of it and its process group. Where sudo is the way to the task's user, it is sudo's */
  int32_t stdin_fd;  /* the writing end of its input, or -1. [handed over] */
  int32_t stdout_fd; /* the reading ends of its output and errors, or -1. [handed over] */
  int32_t stderr_fd;
  uint32_t reserved;
} porpoise_child;

typedef struct porpoise_process {
  uint32_t size;
  uint32_t reserved;

  /* Starts a child. What the task's environment prints while it is set up never gets into the pipe of its output, but
   * where its errors go, and nothing of its input is read by it. PORPOISE_CANCELLED after a cancel,
   * PORPOISE_INVALID_PARAMS for a spec that makes no sense; on failure `error` says why.
   * [run thread] [error borrowed: until the next call of spawn or signal] */
  porpoise_status (*spawn)(const porpoise_host *, const porpoise_process_spec *, porpoise_child *out,
                           porpoise_str *error);

  /* Sends a signal to a child's process group, also after a cancel. Sudo may take its time: up to 30 s where the service
   * of users does not answer. PORPOISE_INVALID_PARAMS for an unknown child, or one that has been waited for.
   * [run thread] [error borrowed: until the next call of spawn or signal] */
  porpoise_status (*signal)(const porpoise_host *, int64_t pid, int32_t signal, porpoise_str *error);

  /* Waits until a child has ended, at most `timeout_ms` (-1: without limit), then forgets it. PORPOISE_TIMED_OUT when it
   * still runs. A cancel does not end the wait, but it ends children. [run thread] */
  porpoise_status (*wait)(const porpoise_host *, int64_t pid, int64_t timeout_ms, porpoise_exit *out);
} porpoise_process;

#endif
