// What masters think of this worker, and what follows from it for the tasks: when those of an earlier run are its own
// still, when masters have given them to others, when new ones may come.
//
// Pure: what is to be done is an effect. Owned by Membership; one thread. Promises: nothing is started or accepted
// before it is known whose the tasks are; tasks that masters have given up are verified dead before the worker
// registers again, and before it takes new ones; no crash in between makes a later run take them for its own.
#pragma once

#include <string>

#include "engine/recovery.h"

namespace porpoise {

class MembershipEffects {
 public:
  virtual ~MembershipEffects() = default;
  // Put what is on disk into the table; nothing is started or told yet.
  virtual void recover(Ownership ownership) = 0;
  // Whether a later run of the worker may take the session over, and with it the tasks. On disk when this returns.
  virtual void allow_takeover(bool allowed) = 0;
  // TaskTable::fence; fenced() must follow as soon as it is idle.
  virtual void fence(const std::string& reason) = 0;
  virtual void open() = 0;    // TaskTable::open
  virtual void listen() = 0;  // once: peers may connect
  virtual void register_again() = 0;
};

class MembershipState {
 public:
  // `keep_tasks`: they go on when masters have given them up (on-session-expired: keep).
  MembershipState(bool keep_tasks, MembershipEffects& effects) : keep_tasks_(keep_tasks), effects_(effects) {}

  // `resumed`: the session of an earlier run goes on, no master has seen the worker go.
  void registered(bool resumed);
  // The session has ended, or may have: also that of an earlier run, before this one was registered.
  void expired();
  void fenced();
  // From now on nothing new is taken.
  void leave() { leaving_ = true; }
  // What still runs is about to be ended, although its session has not: no later run may go on with it.
  void end();

  bool is_registered() const { return registered_; }
  bool leaving() const { return leaving_; }

 private:
  void fence(const std::string& reason);
  void go_on();

  const bool keep_tasks_;
  MembershipEffects& effects_;
  bool registered_ = false;
  bool recovered_ = false;
  bool fencing_ = false;
  bool listening_ = false;
  bool leaving_ = false;
  bool ending_ = false;
};

}  // namespace porpoise
