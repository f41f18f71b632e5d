// Drives an Engine event by event and writes down what it wants, one line each.
//
// The disk of this driver answers at once, unless a test holds it up: Store is followed by Stored.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/engine.h"

namespace porpoise {

inline Moment at(std::int64_t ms) { return {1'000'000 + ms, ms}; }

inline AcceptedTask task(std::int64_t id, const std::string& master = "m:1") {
  AcceptedTask task;
  task.dispatch.master = master;
  task.dispatch.context.task_instance_id = id;
  task.dispatch.context.task_type = "SHELL";
  return task;
}

inline AcceptedTask delayed(std::int64_t id) {
  AcceptedTask later = task(id);
  later.dispatch.context.first_submit_time_ms = at(0).wall_ms;
  later.dispatch.context.delay_minutes = 1;
  return later;
}

inline TaskResult result_of(std::int64_t id, TaskState state) {
  TaskResult result;
  result.task_instance_id = id;
  result.state = state;
  return result;
}
inline TaskResult success(std::int64_t id) { return result_of(id, TaskState::kSuccess); }

// Left by an earlier run: accepted, and no more.
inline FoundTask found(std::int64_t id) {
  FoundTask found;
  found.task = task(id);
  found.dispatch_read = true;
  return found;
}
inline FoundTask found_running(std::int64_t id) {
  FoundTask running = found(id);
  running.requested = running.host_began = running.host_lives = true;
  return running;
}
inline FoundTask found_ended(std::int64_t id, const TaskResult& result) {
  FoundTask ended = found(id);
  ended.requested = ended.host_began = true;
  ended.result = result;
  return ended;
}

class Driver {
 public:
  explicit Driver(EngineSettings settings) : engine(std::move(settings)) {}

  Engine engine;
  bool disk_works = true;
  bool disk_waits = false;  // stored() is left to the test

  void on(Event event, std::int64_t ms = 0) { on(std::move(event), at(ms)); }
  void on(Event event, Moment now) {
    for (Action& action : engine.on(std::move(event), now)) {
      const auto* const store = std::get_if<action::Store>(&action);
      if (store == nullptr) note(action);
      actions.push_back(action);
      if (store != nullptr && !disk_waits) on(event::Stored{store->task.id(), disk_works}, now);
    }
  }

  void dispatch(AcceptedTask task, std::int64_t ms = 0) { on(event::Dispatched{std::move(task), ""}, ms); }
  void stored(std::int64_t id, std::int64_t ms = 0) { on(event::Stored{id, disk_works}, ms); }
  void end(const TaskResult& result, std::int64_t ms = 0) { on(event::Ended{result.task_instance_id, result}, ms); }
  void kill(std::int64_t id, ReplyTo asker, std::int64_t ms = 0, const std::string& who = "") {
    on(event::KillAsked{id, asker, who}, ms);
  }
  void acknowledge(std::int64_t id, MessageKind kind, std::int64_t ms = 0) {
    on(event::Acked{Outbox::Key{id, kind}}, ms);
  }
  void wake(std::int64_t ms) { on(event::Woken{}, ms); }
  // Registered, with what an earlier run of the worker left.
  void register_with(std::vector<FoundTask> tasks, bool resumed = true, Moment now = at(0)) {
    on(event::Registered{resumed}, now);
    on(event::Scanned{std::move(tasks)}, now);
  }

  std::vector<std::string> take() { return std::exchange(notes_, {}); }
  std::vector<Action> actions;  // all so far

 private:
  void note(const Action& action) {
    std::string text = std::visit([](const auto& one) { return describe(one); }, action);
    if (!text.empty()) notes_.push_back(std::move(text));
  }

  static std::string of(std::int64_t id) { return " " + std::to_string(id); }
  static std::string describe(const action::Scan&) { return "scan"; }
  static std::string describe(const action::Look& a) { return "look" + of(a.task_instance_id); }
  static std::string describe(const action::StoreMaster& a) {
    return "keep master of" + of(a.task.id()) + " " + a.task.dispatch.master;
  }
  static std::string describe(const action::StoreResult& a) {
    return "record" + of(a.task.id()) + " " + std::string(to_string(a.result.state));
  }
  static std::string describe(const action::StoreAlerted& a) { return "alerted" + of(a.task_instance_id); }
  static std::string describe(const action::Abandon& a) { return "abandon" + of(a.task_instance_id); }
  static std::string describe(const action::Forget& a) { return "forget" + of(a.task_instance_id); }
  static std::string describe(const action::Launch& a) { return "start" + of(a.task.id()); }
  static std::string describe(const action::Adopt& a) { return "adopt" + of(a.task.id()); }
  static std::string describe(const action::Cancel& a) {
    return (a.given_up ? "kill" : "cancel") + of(a.task_instance_id);
  }
  static std::string describe(const action::Send& a) {
    return std::visit([](const auto& m) { return told(m); }, a.message);
  }
  static std::string told(const wire::TaskRunning& m) {
    return "RUNNING" + of(m.task_instance_id) + " to " + m.addressing.receiver;
  }
  static std::string told(const wire::TaskEnded& m) {
    return "RESULT" + of(m.task_instance_id) + of(m.status) + " to " + m.addressing.receiver;
  }
  static std::string told(const wire::TaskRejected& m) { return "REJECT" + of(m.task_instance_id); }
  static std::string describe(const action::AnswerKill& a) {
    return "answer " + std::to_string(a.asker) + " " + a.answer.status;
  }
  static std::string describe(const action::AllowTakeover& a) { return a.allowed ? "save session" : "forget session"; }
  static std::string describe(const action::OpenPort&) { return "listen"; }
  static std::string describe(const action::RegisterAgain&) { return "register"; }
  static std::string describe(const action::Exit&) { return "exit"; }
  static std::string describe(const action::GaveUp& a) { return "gave up" + of(a.key.task_instance_id); }
  template <typename Other>
  static std::string describe(const Other&) {  // for people
    return "";
  }

  std::vector<std::string> notes_;
};

inline EngineSettings small_settings() {
  EngineSettings settings;
  settings.address = "w:1234";
  settings.slots = 2;
  settings.max_waiting = 2;
  settings.drain_limit = std::chrono::milliseconds(60'000);
  return settings;
}

// An engine that is registered, with nothing left from before.
class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    driver.register_with({});
    (void)driver.take();
  }
  void accept(std::int64_t id, std::int64_t ms = 0) { driver.dispatch(task(id), ms); }
  std::vector<std::string> take() { return driver.take(); }

  Driver driver{small_settings()};
};

}  // namespace porpoise
