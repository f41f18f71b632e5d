/* Host extension "porpoise.alert/1": a task that has something to tell people, by way of an alert group (SQL). */
#ifndef PORPOISE_EXT_ALERT_H
#define PORPOISE_EXT_ALERT_H

#include <porpoise/plugin.h>

#define PORPOISE_EXT_ALERT "porpoise.alert/1"

typedef struct porpoise_alert {
  uint32_t size;
  uint32_t reserved;
  /* Asks for an alert to be sent when the task has ended, as a success or a failure like the task itself; the last call
   * counts. `group_id` is that of an alert group. It may come to nothing: the task's end does not wait for it.
   * [any thread] [copied] */
  void (*request)(const porpoise_host *, int32_t group_id, porpoise_str title, porpoise_str content);
} porpoise_alert;

#endif
