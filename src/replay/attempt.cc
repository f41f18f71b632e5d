#include "replay/attempt.h"

#include <utility>

namespace porpoise {
namespace {

class HostAttempt final : public Attempt, private TaskListener {
 public:
  HostAttempt(AttemptLine on_line, AttemptDone on_done) : on_line_(std::move(on_line)), on_done_(std::move(on_done)) {}

  Status start(boost::asio::io_context& io, const HostSettings& settings, const TaskRequest& request,
               const std::filesystem::path& state_folder) {
    PORPOISE_TRY(process_, TaskProcess::start(io, settings, request, state_folder, *this));
    return {};
  }

  void stop(const std::string& reason, bool at_once) override {
    if (process_ == nullptr) return;
    if (at_once)
      process_->kill(reason);
    else
      process_->cancel(reason);
  }

 private:
  void on_line(std::string_view text) override { on_line_(text); }
  void on_progress(int permille, std::string_view text) override {
    on_line_(permille < 0 ? std::string(text) : std::to_string(permille / 10) + " % " + std::string(text));
  }
  void on_finished(const TaskResult& result) override {
    const TaskResult copy = result;  // it is the process's own, whose descriptors are not to outlast the task
    process_.reset();
    on_done_(copy);
  }

  AttemptLine on_line_;
  AttemptDone on_done_;
  std::unique_ptr<TaskProcess> process_;
};

}  // namespace

HostStarter make_host_starter(boost::asio::io_context& io, HostSettings settings) {
  return [&io, settings = std::move(settings)](const TaskRequest& request, const std::filesystem::path& state_folder,
                                               AttemptLine on_line,
                                               AttemptDone on_done) -> Result<std::unique_ptr<Attempt>> {
    auto attempt = std::make_unique<HostAttempt>(std::move(on_line), std::move(on_done));
    PORPOISE_TRY_VOID(attempt->start(io, settings, request, state_folder));
    return attempt;
  };
}

}  // namespace porpoise
