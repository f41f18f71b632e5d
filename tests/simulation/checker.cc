#include "simulation/checker.h"

#include <algorithm>
#include <map>
#include <utility>

namespace porpoise::simulation {
namespace {

constexpr int kTriesAfterKill = 3;
constexpr std::int64_t kPongMs = 1'000;

// One task instance since it was last accepted.
struct Life {
  bool accepted = false;
  bool live = false;     // something of it runs
  bool spawned = false;  // since it was accepted
  bool began = false;
  bool on_disk = false;
  bool killed = false;
  bool unwanted = false;
  int told_after_kill = 0;  // times
  bool kill_answered = false;
  bool rejected = false;
  bool stale = false;  // masters run it elsewhere
  bool abandoned = false;
  bool fenced = false;   // it ended only because of that
  bool excused = false;  // a power cut may have taken it away, or the trace that it ran
  bool torn = false;     // a file of it
  bool heard = false;    // a master knows its end
  bool acknowledged = false;
  bool given_up = false;
  bool forgotten = false;
  bool asked_again = false;  // since it was accepted
  std::string result;        // as it was told first
  std::string told_to;
  std::string master;            // who is told; empty: a power cut may have taken that away
  std::string refused_for;       // who has to hear a REJECT
  std::int64_t told_since = -1;  // by this process

  bool open() const { return accepted && !forgotten; }
  bool settled() const { return (acknowledged && heard) || rejected || stale || excused || given_up; }
};

class Checker {
 public:
  explicit Checker(const Promises& promises) : promises_(promises) {}

  // What is broken, or empty.
  std::string look_at(const Event& event) {
    Life& task = lives_[event.id];
    switch (event.what) {
      case What::kAccepted: return accept(task, event);
      case What::kMaster: task.master = event.peer; return "";
      case What::kKnown: task.asked_again = true; return "";
      case What::kRefused: task.refused_for = event.peer; return "";
      case What::kRejected: give_back(task, event); return "";
      case What::kHeardReject:
      case What::kRejectAcknowledged: task.refused_for.clear(); return "";
      case What::kSpawned: return spawn(task);
      case What::kBegan: return begin(task);
      case What::kDied: task.live = false; return "";
      case What::kLost: return lose(task);
      case What::kResult:
        task.on_disk = true;
        task.fenced = event.number != 0;
        // It has ended by itself before the worker gave it up: telling that may spare a rerun.
        if (!task.fenced) task.stale = task.abandoned;
        return "";
      case What::kToldRunning: return told_running(task, event);
      case What::kToldResult: return told_result(task, event);
      case What::kHeard: task.heard = true; return "";
      case What::kAcknowledged: task.acknowledged = true; return "";
      case What::kForgotten: return forget(task);
      case What::kAbandoned: task.stale = task.abandoned = true; return "";
      case What::kTorn:
        task.torn = true;
        if (event.number == kTornResult) task.on_disk = false;  // what it said cannot be told any more
        return "";
      case What::kPong: return event.number > kPongMs ? "the worker answers whatever its adapters wait for" : "";
      case What::kGaveUp: return give_up(task, event);
      case What::kKill: order_kill(task, event); return "";
      case What::kUnwanted: task.unwanted = true; return "";
      case What::kKillAnswer: return answer_kill(task, event);
      case What::kStarts: fresh_ = true; return "";
      case What::kCrash:
      case What::kLeft: process_ends(); return "";
      case What::kPowerCut: power_cut(); return "";
      case What::kRegistered: return registered(event.number != 0);
      case What::kFence:
        fencing_ = true;
        give_up_all();
        return "";
      case What::kExpired:
        if (!promises_.keep_tasks) mark_stale();
        return "";
      case What::kSaved:
      case What::kOpen: return goes_on();
      case What::kSettled: return settled(event);
      case What::kEnd: return end(event);
      case What::kToldDelay:
      case What::kToldReject:
      case What::kTurnedAway:
      case What::kNote: return "";
    }
    return "";
  }

 private:
  std::string accept(Life& task, const Event& event) {
    if (task.open() && !task.excused) return "a task is accepted once";
    Life anew;
    anew.accepted = true;
    anew.master = event.peer;
    anew.live = task.live;
    anew.unwanted = task.unwanted;
    anew.killed = std::any_of(kills_.begin(), kills_.end(), [&](const auto& kill) { return kill.second == event.id; });
    anew.stale = fencing_;  // written after its masters had given it to others
    task = anew;
    return "";
  }

  void give_back(Life& task, const Event& event) {
    task.rejected = task.rejected || task.open();
    task.refused_for = event.peer;
  }

  std::string lose(const Life& task) const {
    if (resumed_ && !task.spawned && !task.excused && !task.torn) return "what never ran is started, not lost";
    return "";
  }

  std::string spawn(Life& task) {
    if (task.live) return "at most one execution of a task is alive";
    if (!task.open()) return "only accepted tasks are executed";
    if (task.stale) return "what masters run elsewhere is not executed here";
    if (task.rejected) return "what was rejected is not executed";
    if (task.kill_answered) return "nothing of a task lives after its kill was answered";
    task.spawned = true;
    return "";
  }

  std::string begin(Life& task) {
    if (task.live) return "at most one execution of a task is alive";
    if (task.began && !task.excused) return "a task is executed once";
    if (!task.open() || task.kill_answered) return "nothing of a task lives after its end";
    task.live = task.began = true;
    return "";
  }

  static bool to_another(const Life& task, const Event& event) {
    return task.open() && !task.master.empty() && task.master != event.peer;
  }

  std::string told_running(const Life& task, const Event& event) {
    if (to_another(task, event)) return "its master of now is told of a task";
    if (task.stale) return "nothing is told of what masters run elsewhere";
    if (!task.result.empty()) return "RUNNING is never told after RESULT";
    if (!task.open()) return "nothing is told of a task after its end was acknowledged";
    return "";
  }

  std::string told_result(Life& task, const Event& event) {
    if (to_another(task, event)) return "its master of now is told of a task";
    if (task.stale || task.fenced) return "nothing is told of what masters run elsewhere";
    if (task.live) return "after a terminal state nothing of the task lives";
    // What was told before may be told again though its file has been torn since: the worker that lives remembers it.
    const bool repeated = !task.result.empty() && task.result == event.text;
    if (!task.on_disk && !repeated) return "a result is on disk before anybody is told";
    if (task.forgotten && !task.asked_again) return "nothing is told of a task after its end was acknowledged";
    if (!task.result.empty() && task.result != event.text && !task.torn)
      return "a result is the same to the byte whenever it is told";
    task.result = event.text;
    task.told_to = event.peer;
    ++task.told_after_kill;
    if (task.told_since < 0) task.told_since = event.at;
    return "";
  }

  std::string forget(Life& task) {
    task.forgotten = true;
    // A master that has killed it may never acknowledge its end; and no file may be left that names the master.
    if (task.killed && (task.told_after_kill >= kTriesAfterKill || task.torn)) task.given_up = true;
    if (!task.settled()) return "a task is kept until a master has heard and acknowledged its end";
    return "";
  }

  std::string give_up(Life& task, const Event& event) {
    if (event.text != "RESULT") return "";
    if (!task.killed && event.at - task.told_since < promises_.max_age_ms)
      return "a result is told until it is acknowledged or too old";
    task.given_up = true;
    return "";
  }

  void order_kill(Life& task, const Event& event) {
    kills_[event.number] = event.id;
    if (!std::exchange(task.killed, true)) task.told_after_kill = 0;
  }

  std::string answer_kill(Life& task, const Event& event) {
    if (kills_.erase(event.number) == 0) return "every kill is answered once";
    if (task.live) return "nothing of a task lives after its kill was answered";
    task.kill_answered = task.open();
    return "";
  }

  void process_ends() {
    kills_.clear();  // nobody is there to be answered
    resumed_ = false;
    for (auto& [id, task] : lives_) {
      task.told_since = -1;
      task.refused_for.clear();  // REJECT is not on disk
      task.stale = task.abandoned ||
                   (task.stale && !task.open());  // the others may have ended by themselves when the next one looks
    }
  }

  void power_cut() {
    process_ends();
    for (auto& [id, task] : lives_) {
      task.live = false;
      task.master.clear();
      task.excused = task.excused || task.open();
    }
  }

  // An end that was on disk before is worth telling still.
  void give_up_all() {
    giving_up_ = true;
    mark_stale();
  }

  void mark_stale() {
    for (auto& [id, task] : lives_)
      if (task.open() && !task.on_disk) task.stale = true;
  }

  std::string registered(bool resumed) {
    resumed_ = resumed;
    fencing_ = false;
    if (resumed && giving_up_) return "a session is not resumed when its tasks were about to be ended";
    if (resumed || promises_.keep_tasks) return "";
    const bool first = std::exchange(fresh_, false);
    if (!first && any_live()) return "what masters run elsewhere is dead before the worker registers again";
    give_up_all();
    return "";
  }

  // Those of before are dead.
  std::string goes_on() {
    giving_up_ = fencing_ = false;
    for (const auto& [id, task] : lives_)
      if (task.live && task.stale && !promises_.keep_tasks)
        return "what masters run elsewhere is dead before the worker goes on";
    return "";
  }

  std::string settled(const Event& event) const {
    for (const auto& [id, task] : lives_)
      if (task.open() && !task.settled() && !task.killed && !task.unwanted &&
          event.text.find(" " + task.told_to + " ") != event.text.npos)
        return "a master that is there gets every result soon: task " + std::to_string(id);
    for (const auto& [id, task] : lives_)
      if (!task.refused_for.empty() && !task.unwanted)
        return "a master hears of every rejection: task " + std::to_string(id);
    return "";
  }

  std::string end(const Event& event) const {
    for (const auto& [id, task] : lives_)
      if (task.accepted && !task.settled()) return "every accepted task has an end: task " + std::to_string(id);
    if (!kills_.empty()) return "every kill is answered: task " + std::to_string(kills_.begin()->second);
    if (any_live()) return "nothing lives in the end";
    if (event.number != 0) return "the worker holds nothing in the end";
    return "";
  }

  bool any_live() const {
    for (const auto& [id, task] : lives_)
      if (task.live) return true;
    return false;
  }

  const Promises& promises_;
  std::map<std::int64_t, Life> lives_;
  std::map<std::int64_t, std::int64_t> kills_;  // who asked -> task
  bool fresh_ = true;
  bool resumed_ = false;
  bool fencing_ = false;    // until it is registered again, or goes on
  bool giving_up_ = false;  // tasks of a session
};

}  // namespace

std::optional<Violation> find_violation(const History& history, const Promises& promises) {
  Checker checker(promises);
  for (std::size_t i = 0; i < history.size(); ++i)
    if (std::string promise = checker.look_at(history[i]); !promise.empty()) return Violation{i, std::move(promise)};
  return std::nullopt;
}

}  // namespace porpoise::simulation
