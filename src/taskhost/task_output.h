// What a task prints, on its way into the task log; picks out the parameters that it sets.
//
// One thread. Keeps nothing but the part of a line that has not ended yet and the latest value of each declared
// parameter.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/property.h"
#include "taskdir/task_log.h"

namespace porpoise {

class TaskOutput {
 public:
  using OnSet = std::function<void(const Capture&)>;

  // `declared`: the task's local parameters; `on_set` hears of each parameter set. `log` is borrowed.
  TaskOutput(TaskLog& log, PropertyList declared, OnSet on_set)
      : log_(log), declared_(std::move(declared)), on_set_(std::move(on_set)) {}
  TaskOutput(const TaskOutput&) = delete;
  TaskOutput& operator=(const TaskOutput&) = delete;

  void from_children(std::string_view bytes) { children_.lines.feed(bytes, children_.sink); }
  // Its own lines: never mixed with a child's unfinished one.
  void from_plugin(std::string_view bytes) { plugin_.lines.feed(bytes, plugin_.sink); }
  void finish();  // no more will come

  void set(const Capture& capture);
  PropertyList var_pool(const PropertyList& incoming) const {
    return finished_var_pool(incoming, declared_, captures_);
  }

  // For requesters that follow: the last line printed, at most 4 KiB of it.
  bool has_news() const { return has_news_; }
  std::string take_news();

 private:
  struct Stream {
    explicit Stream(TaskOutput& output)
        : sink([this, &output](const LineSplitter::Line& line) { output.take(line, mask); }) {}

    const LineSplitter::Sink sink;
    LineSplitter lines;
    PasswordMask mask;
  };

  void take(const LineSplitter::Line& line, PasswordMask& mask);
  void print(const LineSplitter::Line& line, PasswordMask& mask);

  TaskLog& log_;
  const PropertyList declared_;
  const OnSet on_set_;
  Stream children_{*this};
  Stream plugin_{*this};
  std::vector<Capture> captures_;
  bool has_news_ = false;
  std::string news_;
};

}  // namespace porpoise
