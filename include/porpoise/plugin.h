/* The porpoise plugin ABI, version 1. C11, no dependencies. README.md beside this file says what is promised.
 *
 * A plugin is a shared library that implements one or more task types ("SHELL", "OPENMLDB", ...). It exports exactly one
 * symbol, `porpoise_plugin_v1`, and carries an ELF note with its metadata (see PORPOISE_PLUGIN_NOTE), which porpoise
 * reads without running any code of the library.
 *
 * Where it runs. Each task has a process of its own that loads one plugin and runs one task. A crash, an exit() or a
 * leak therefore hurts that task alone; the plugin need not be defensive, but it must not expect state to survive.
 *
 * Lifecycle.   init -> create -> prepare -> run -> destroy -> deinit
 *              cancel may come at any time between create and destroy, from another thread.
 *
 * Conventions, valid everywhere below:
 *  - The size rule. `size` is the first member of every struct but porpoise_str. Whoever provides the memory sets it to
 *    sizeof() of its own build, and nobody ever changes it. The other side reads and writes only members that lie inside
 *    `size`, and takes those beyond it for zero. This holds for structs that are filled in by their giver
 *    (porpoise_spawn) and for those that are filled in by the callee (porpoise_exit, porpoise_result) alike.
 *  - Members are only ever appended. None is moved, retyped or given another meaning. `reserved` members are zero.
 *  - Texts are UTF-8, given by pointer and length, without a terminating NUL. A NULL pointer has length 0.
 *  - [borrowed: until X] means the memory stays the giver's and is valid until X. [copied] means the receiver copies
 *    before the call returns. [handed over] means a descriptor is the receiver's, who closes it. Nobody frees what the
 *    other allocated.
 *  - [run thread] is the thread that calls init, create, prepare, run, destroy and deinit. [any thread] may be called
 *    from every thread, at the same time.
 *  - Functions of the host and of its extensions may be called from the call of init until deinit returns; those that
 *    start, signal or await children from the call of run until destroy returns.
 *  - No exception, longjmp, signal handler, exit() or fork() may cross the border; errno is meaningless across it.
 *  - An unknown extension id gives NULL, an unknown flag is ignored, an unknown status counts as PORPOISE_INTERNAL, an
 *    unknown reason of a cancel as PORPOISE_CANCEL_OTHER.
 */
#ifndef PORPOISE_PLUGIN_H
#define PORPOISE_PLUGIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The one place where the version is written: CMake and the note take it from here. */
#define PORPOISE_ABI_MAJOR 1 /* part of the exported symbol's name: a new major is a new symbol */
#define PORPOISE_ABI_MINOR 0 /* grows when members or extensions are appended */

/* Whether a struct of the other side has a member: PORPOISE_HAS(host, cancel_reason). Needed only for members that a
 * later minor than 1.0 brought. */
#define PORPOISE_HAS(object, member) \
  ((uint64_t)((const char *)(&(object)->member + 1) - (const char *)(object)) <= (object)->size)

typedef struct porpoise_str {
  const char *data;
  uint64_t size; /* bytes */
} porpoise_str;

/* Outcome of a call or of a task. */
typedef int32_t porpoise_status;
enum {
  PORPOISE_OK = 0,
  PORPOISE_FAILED = 1,         /* the work was done and did not succeed */
  PORPOISE_CANCELLED = 2,      /* ended because cancel was asked for */
  PORPOISE_TIMED_OUT = 3,      /* ended by the deadline of the request */
  PORPOISE_INVALID_PARAMS = 4, /* the task's parameters are wrong; a retry will not help */
  PORPOISE_UNAVAILABLE = 5,    /* a service cannot be reached; a retry may help */
  PORPOISE_INTERNAL = 6        /* a bug, of the plugin or of porpoise */
};

/* Why a task is to end. */
typedef int32_t porpoise_cancel_reason;
enum {
  PORPOISE_CANCEL_NONE = 0,      /* it is not */
  PORPOISE_CANCEL_OTHER = 1,     /* the text says it */
  PORPOISE_CANCEL_KILLED = 2,    /* a person or a master asked for it */
  PORPOISE_CANCEL_TIMED_OUT = 3, /* the deadline of the request is over */
  PORPOISE_CANCEL_MEMORY = 4,    /* the plugin's process is above its limit; it is killed at once */
  PORPOISE_CANCEL_UNATTENDED = 5 /* whoever asked for the task is gone, and takes no result */
};

typedef int32_t porpoise_log_level;
enum { PORPOISE_DEBUG = 0, PORPOISE_INFO = 1, PORPOISE_WARN = 2, PORPOISE_ERROR = 3 };

/* ---------------------------------------------------------------------------------------------------------------------
 * What a plugin is given.
 */

enum {
  PORPOISE_REQUEST_DRY_RUN = 1u << 0 /* prepare (and the extension porpoise.dry-run/1) will be called, run will not */
};

/* One task to run. [borrowed: until destroy returns] */
typedef struct porpoise_request {
  uint32_t size;
  uint32_t flags; /* PORPOISE_REQUEST_... */
  int64_t task_instance_id;
  porpoise_str name;          /* of the task, as in the workflow */
  porpoise_str type_id;       /* "SHELL" */
  porpoise_str params_json;   /* the task's parameters (DolphinScheduler `taskParams`), placeholders not replaced */
  porpoise_str config_json;   /* the plugin's own section of porpoise's configuration; "{}" when there is none */
  porpoise_str context_json;  /* everything else that is known of the task: context.schema.json beside this file */
  porpoise_str work_dir;      /* absolute; exists, belongs to this task alone, is removed afterwards */
  porpoise_str file_stem;     /* unique stem for files in work_dir (DolphinScheduler `taskAppId`) */
  porpoise_str app_ids;       /* remote jobs of an earlier attempt, comma-separated; empty on a first run */
  int64_t deadline_mono_ms;   /* CLOCK_MONOTONIC at which the task is ended; 0 = never */
  int32_t attempt;            /* 1-based */
  uint32_t reserved;
} porpoise_request;

/* A child process to start: either argv or a text for bash, never both. [copied] */
typedef struct porpoise_spawn {
  uint32_t size;
  uint32_t flags;           /* none yet */
  const porpoise_str *argv; /* argv[0] is searched in PATH */
  uint64_t argc;
  porpoise_str shell;       /* bash text, run after the task's environment was set up */
} porpoise_spawn;

/* How a child ended. The callee fills it in. */
typedef struct porpoise_exit {
  uint32_t size;
  int32_t code;   /* exit status, or 128 + signal like a shell reports it */
  int32_t signal; /* that ended it, or 0 */
} porpoise_exit;

typedef struct porpoise_host porpoise_host;
struct porpoise_host {
  uint32_t size;
  uint32_t abi_minor;
  void *data; /* the host's own */
  porpoise_str name;
  porpoise_str version;

  /* A line (or several) of the plugin's own words for the task log. [any thread] [copied] */
  void (*log)(const porpoise_host *, porpoise_log_level, porpoise_str text);

  /* Output of the task itself, as if a child had printed it: goes to the task log, and lines that begin with
   * ${setValue(key=value)} set an OUT parameter instead. [any thread] [copied] */
  void (*output)(const porpoise_host *, porpoise_str text);

  /* Sets an OUT parameter by name; it takes effect only if the task declares it. [any thread] [copied] */
  void (*set_var)(const porpoise_host *, porpoise_str name, porpoise_str value);

  /* Adds the id of a remote job. It is on disk when the call returns, so that a later host can find the job again.
   * [any thread] [copied] */
  porpoise_status (*add_app_id)(const porpoise_host *, porpoise_str app_id);

  /* How far the task is, 0..1000, or -1 for unknown, with a few words. [any thread] [copied] */
  void (*progress)(const porpoise_host *, int32_t permille, porpoise_str text);

  /* 1 when the task is to end now. [any thread] */
  int32_t (*cancel_requested)(const porpoise_host *);

  /* A descriptor that becomes readable when the task is to end now; for poll(). Do not read or close it. [any thread]
   * [borrowed: until deinit returns] */
  int32_t (*cancel_fd)(const porpoise_host *);

  /* Sleeps; returns 1 at once when the task is to end, 0 when the time is over. [any thread] */
  int32_t (*wait)(const porpoise_host *, int64_t timeout_ms);

  /* Replaces ${name} and $[time] in `text` by the task's parameters, as DolphinScheduler 3.1 does. On success `out` is
   * the text, else a message. [run thread] [out borrowed: until destroy returns] */
  porpoise_status (*expand)(const porpoise_host *, porpoise_str text, porpoise_str *out);

  /* Starts a child in work_dir, with the task's environment, no input, and its output going to the task log. Plugins
   * start processes in this way and by the extension porpoise.process/1 alone: only these are certain to be ended with
   * the task. On failure `error` says why. [run thread] [error borrowed: until the next child is started] */
  porpoise_status (*spawn)(const porpoise_host *, const porpoise_spawn *, int64_t *pid, porpoise_str *error);

  /* Waits until a child ended. A cancelled task's children are ended by the host, so this returns then too.
   * PORPOISE_INVALID_PARAMS when there is no such child, or it has been waited for before. [run thread] */
  porpoise_status (*wait_child)(const porpoise_host *, int64_t pid, porpoise_exit *out);

  int64_t (*now_mono_ms)(const porpoise_host *); /* CLOCK_MONOTONIC [any thread] */
  int64_t (*now_wall_ms)(const porpoise_host *); /* epoch [any thread] */

  /* An extension struct by id, or NULL. See porpoise/ext/. [any thread] [borrowed: until deinit returns] */
  const void *(*get_extension)(const porpoise_host *, porpoise_str id);

  /* Why the task is to end, and a text for people; PORPOISE_CANCEL_NONE and an empty text when it is not. `text` may be
   * NULL. [any thread] [text borrowed: until deinit returns] */
  porpoise_cancel_reason (*cancel_reason)(const porpoise_host *, porpoise_str *text);
};

/* ---------------------------------------------------------------------------------------------------------------------
 * What a plugin gives.
 */

/* How a task ended. The host provides it, the plugin fills it in; the host takes it over, with a copy of the message,
 * when the call returns. */
typedef struct porpoise_result {
  uint32_t size;
  porpoise_status status;
  int32_t exit_code; /* of the script or program, else 0 for PORPOISE_OK and -1 otherwise */
  uint32_t reserved;
  porpoise_str message;
} porpoise_result;

typedef struct porpoise_task porpoise_task;
struct porpoise_task {
  uint32_t size;
  uint32_t reserved;
  void *data; /* the plugin's own */

  /* Parses and checks the parameters. No side effects outside memory: it is what a dry run calls. Fills `result` when
   * it does not return PORPOISE_OK. [run thread] */
  porpoise_status (*prepare)(porpoise_task *, const porpoise_request *, porpoise_result *result);

  /* Does the work. [run thread] */
  void (*run)(porpoise_task *, porpoise_result *result);

  /* Asks run to end soon, and says why; `text` is for people. Returns within 100 ms and may come before, during and
   * after run, and more than once. When run does not return within the task's grace period, the process is killed. May
   * be NULL. [not the run thread] [text borrowed: until cancel returns] */
  void (*cancel)(porpoise_task *, porpoise_cancel_reason, porpoise_str text);

  void (*destroy)(porpoise_task *); /* [run thread] */

  /* An extension struct by id, or NULL. May be NULL itself. [run thread] [borrowed: until destroy returns] */
  const void *(*get_extension)(porpoise_task *, porpoise_str id);
};

/* The one exported symbol: `extern const porpoise_plugin porpoise_plugin_v1;` */
typedef struct porpoise_plugin {
  uint32_t size;
  uint32_t abi_minor; /* PORPOISE_ABI_MINOR of the plugin's build */

  /* Once, before anything else; not PORPOISE_OK means the plugin cannot work here. May be NULL. [run thread]
   * [host borrowed: until deinit returns] */
  porpoise_status (*init)(const porpoise_host *);
  void (*deinit)(void); /* once, last. May be NULL. [run thread] */

  /* A new task of a type that the note names, or NULL for an unknown one. [run thread] [borrowed: until destroy
   * returns] */
  porpoise_task *(*create)(const porpoise_host *, porpoise_str type_id);

  /* An extension struct by id, or NULL: what the plugin can do without a task. Called between init and deinit. May be
   * NULL itself. [run thread] [borrowed: until deinit returns] */
  const void *(*get_extension)(porpoise_str id);
} porpoise_plugin;

#if defined(__GNUC__)
#define PORPOISE_EXPORT __attribute__((visibility("default")))
#else
#define PORPOISE_EXPORT
#endif

extern PORPOISE_EXPORT const porpoise_plugin porpoise_plugin_v1;

/* Extension ids are "<owner>.<name>/<revision>"; porpoise's own begin with "porpoise.", everybody else's with a reversed
 * domain name. A revision never changes; a new one gets a new id. */

/* ---------------------------------------------------------------------------------------------------------------------
 * Metadata, as an ELF note of name "porpoise" and type 1 whose content is JSON:
 *   {"abi":[1,0],"needs":["porpoise.process/1"],"types":[{"id":"HELLO","version":"1.0.0","vendor":"Example Inc.",
 *    "summary":"Says hello","flags":["SPAWNS","NEEDS_NET","REMOTE"],"params":{ JSON Schema of taskParams }}]}
 * `needs` are the host extensions without which the plugin cannot work; a porpoise that lacks one refuses the plugin by
 * that name, before any task. `abi` is written by the macro. `members` is a string literal: the rest, from "needs" or
 * "types" on. A type may also have "config": the JSON Schema of the plugin's section in porpoise.yaml. porpoise config
 * check knows the section's keys by it; without one it looks at none of them.
 * A task whose parameters do not fit "params" FAILs, by JSON pointer, before the plugin is asked to prepare. They are
 * read as leniently as by DolphinScheduler: "7" is a number, null is absent, more members are fine unless
 * additionalProperties is false.
 * porpoise_add_plugin() in CMake writes the note from its arguments and schema files; this macro is for a plugin built
 * without it.
 */
#define PORPOISE_NOTE_NAME "porpoise"
#define PORPOISE_NOTE_TYPE_METADATA 1
#define PORPOISE_TEXT_OF_(value) #value
#define PORPOISE_TEXT_OF(value) PORPOISE_TEXT_OF_(value)
#define PORPOISE_NOTE_ABI "\"abi\":[" PORPOISE_TEXT_OF(PORPOISE_ABI_MAJOR) "," PORPOISE_TEXT_OF(PORPOISE_ABI_MINOR) "]"
#define PORPOISE_NOTE_TEXT(members) "{" PORPOISE_NOTE_ABI "," members "}"
#define PORPOISE_PLUGIN_NOTE(members)                                                              \
  __attribute__((used, aligned(4), section(".note.porpoise"))) static const struct {               \
    uint32_t name_size, content_size, type;                                                        \
    char name[12]; /* padded to a multiple of 4 */                                                 \
    char content[sizeof(PORPOISE_NOTE_TEXT(members))];                                             \
  } porpoise_plugin_note = {sizeof PORPOISE_NOTE_NAME, sizeof(PORPOISE_NOTE_TEXT(members)),        \
                            PORPOISE_NOTE_TYPE_METADATA, PORPOISE_NOTE_NAME,                       \
                            PORPOISE_NOTE_TEXT(members)}

#ifdef __cplusplus
}
#endif

#endif
