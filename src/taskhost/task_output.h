// What a task prints, on its way into the task log; picks out the parameters that it sets.
//
// One thread. Keeps nothing but the part of a line that has not ended yet and the latest value of each declared
// parameter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/property.h"
#include "taskdir/task_log.h"

namespace porpoise {

class TaskOutput {
 public:
  // `declared`: the task's local parameters. `log` is borrowed.
  TaskOutput(TaskLog& log, PropertyList declared) : log_(log), declared_(std::move(declared)) {}
  TaskOutput(const TaskOutput&) = delete;
  TaskOutput& operator=(const TaskOutput&) = delete;

  void from_children(std::string_view bytes) { children_.lines.feed(bytes, children_.sink); }
  // Its own lines: never mixed with a child's unfinished one.
  void from_plugin(std::string_view bytes) { plugin_.lines.feed(bytes, plugin_.sink); }
  void finish();  // no more will come

  void set(const Capture& capture);
  // The value of this parameter is larger than may be. Nobody misses one that was not declared; of one that was, the
  // task is not a success, as what comes after it would run on another value.
  void refuse(std::string_view name);
  // Why the task is to fail, in words; empty: nothing was refused.
  const std::string& refusal() const { return refusal_; }
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

  bool is_declared(std::string_view name) const;
  void take(const LineSplitter::Line& line, PasswordMask& mask);
  void print_in_parts(std::string_view text, PasswordMask& mask);
  void print(const LineSplitter::Line& line, PasswordMask& mask);

  TaskLog& log_;
  const PropertyList declared_;
  Stream children_{*this};
  Stream plugin_{*this};
  std::vector<Capture> captures_;
  std::string refusal_;
  bool has_news_ = false;
  std::string news_;
};

}  // namespace porpoise
