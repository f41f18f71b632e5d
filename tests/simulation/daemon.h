// One process of the worker: the real Engine and ActionOrder, with simulated adapters around them.
//
// Owned by World, which makes a new one after each crash. It carries out actions on a simulated disk, simulated hosts
// and a simulated net, each of which may be slow, hang or fail, and decides nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/action_order.h"
#include "engine/engine.h"
#include "simulation/machine.h"
#include "simulation/masters.h"
#include "simulation/network.h"
#include "simulation/registration.h"

namespace porpoise::simulation {

// Thrown where the process is killed; nothing of it runs on.
struct Crash {};

// What a worker of 0.1.0 did, for the proof that the checker sees it.
enum class Defect {
  kNone,
  kDiskLies,       // it says that dispatches are written, and writes none
  kPutsAsideTorn,  // a folder with a torn dispatch is put aside, whatever runs there
  kLoopWaits,      // while a name service does not answer
  kTrustsHosts,    // a host that hangs is left to itself
  kSharesFolder,   // a second worker may use the data folder of one that lives
};

struct DaemonDeps {
  Random& random;
  Timeline& timeline;
  History& history;
  Machine& machine;
  Network& network;
  Masters& masters;
  Zookeeper& zookeeper;
  Defect defect = Defect::kNone;
  EngineSettings settings{};
  // Called before and after everything that leaves a trace outside of the process; may throw Crash.
  std::function<void()> step{};
  // Whether the disk takes what is new now, and how long it takes for one thing.
  std::function<bool()> disk_works{};
  std::function<std::int64_t()> disk_ms{};
  // Runs it later as part of this process, if it lives then.
  std::function<void(std::int64_t ms, std::function<void()>)> later{};
  std::function<void()> on_gone{};
  int address = 0;  // of several that a worker on this machine may have
};

class Daemon final : public HostFollower {
 public:
  explicit Daemon(DaemonDeps parts);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon() override;

  void start() { registration_.start(); }
  bool listens() const { return listens_; }
  Registration& registration() { return registration_; }
  const Engine& engine() const { return engine_; }

  // From masters.
  void take_dispatch(int master, std::int64_t id, int delay_minutes);
  void take_kill(std::int64_t id);
  void take_host_update(std::int64_t id, int master);
  void take_ack(Outbox::Key key);
  // From the operating system.
  void sigterm();

  void host_tells_app_id(std::int64_t id, const std::string& app_id) override;
  void host_ended(std::int64_t id, const std::optional<TaskResult>& result) override;

 private:
  void on(porpoise::Event event);
  void take(porpoise::Event event);
  void carry_out();
  void arm();

  // --- Disk ---
  void perform(const action::Scan&);
  void perform(const action::Store& store);
  void perform(const action::Look& look);
  void perform(const action::StoreMaster& store);
  void perform(const action::StoreResult& store);
  void perform(const action::StoreAlerted& alerted);
  void perform(const action::Abandon& abandon);
  void perform(const action::Forget& forget);
  // What the disk does when it gets round to it; then the action about `id` is done.
  void on_disk(std::int64_t id, std::function<std::optional<porpoise::Event>()> work);
  event::Stored store(const action::Store& store);
  FoundTask found(std::int64_t id) const;
  void write_result(const TaskResult& result);

  // --- Hosts ---
  void perform(const action::Launch& launch);
  void perform(const action::Adopt& adopt);
  void perform(const action::Cancel& cancel);
  void end_without_host(std::int64_t id, TaskState state = TaskState::kFailure);
  // Asks a name service who the task's user is: now, late, or never, then the task fails.
  void look_up(std::int64_t id, std::int64_t ms);
  void launch(std::int64_t id);
  void watch_host(std::int64_t id);

  // --- Masters, the registry, the process ---
  void perform(const action::Send& send);
  void perform(const action::AnswerKill& answer);
  void perform(const action::AllowTakeover& takeover);
  void perform(const action::OpenPort&);
  void perform(const action::RegisterAgain&) { registration_.register_again(); }
  void perform(const action::RefreshHeartbeat&) {}
  void perform(const action::Exit&) { parts_.on_gone(); }
  void put_on_wire(std::optional<Outbox::Key> key, std::int64_t id, int master);

  // --- Only said ---
  void perform(const action::Accepted&) {}
  void perform(const action::Known& known) { note(What::kKnown, known.task_instance_id); }
  void perform(const action::Refused& refused);
  void perform(const action::Finished&) {}
  void perform(const action::Told&) {}
  void perform(const action::Recovered&) {}
  void perform(const action::GaveUp& gave_up);
  void perform(const action::Say& say) { note(What::kNote, say.task_instance_id, 0, say.text); }

  void note(What what, std::int64_t id = 0, std::int64_t number = 0, std::string text = "", std::string peer = "");

  DaemonDeps parts_;
  Machine::Follower follower_ = 0;
  Engine engine_;
  ActionOrder order_;
  Registration registration_;
  std::set<std::int64_t> followed_;  // hosts, and whether they were started here
  std::set<std::int64_t> adopted_;
  std::map<std::int64_t, std::string> giving_back_;  // to whom
  std::int64_t next_wakeup_ = -1;
  ReplyTo next_asker_ = 1;
  std::map<std::int64_t, bool> looking_up_;  // task -> it was cancelled meanwhile
  std::int64_t waits_until_ = 0;             // the whole loop, with Defect::kLoopWaits
  bool carrying_out_ = false;
  bool listens_ = false;
};

}  // namespace porpoise::simulation
