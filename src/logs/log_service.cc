#include "logs/log_service.h"

#include <sys/resource.h>
#include <unistd.h>

#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace porpoise {
namespace {

// A frame of 43 MiB as base64. Peers of 3.1 have no cap of their own, but hold an answer in memory several times.
constexpr std::size_t kMaxBytes = 32U << 20U;

// Each byte may become three, a lone LF two: at most 30 MiB of text. No API server of 3.1 asks for it.
constexpr std::size_t kMaxWholeBytes = 10U << 20U;

// Neither the path nor the cause: the viewer shows the path itself, and errno texts are for the worker's own log.
std::string explain(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
      return "[porpoise] This worker has no log of this task: it was not written or has been removed.\r\n";
    case ErrorCode::kDenied: return "[porpoise] Refused: this is not the path of a task log of this worker.\r\n";
    default: return "[porpoise] This log cannot be read now; the log of the worker says why.\r\n";
  }
}

// What is sent instead of a log.
struct Unread {
  ErrorCode why;

  wire::Outgoing operator()(const wire::ViewLogPage& request) const {
    return wire::LogPage{request.skip_lines <= 0 ? explain(why) : ""};
  }
  wire::Outgoing operator()(const wire::ViewWholeLog&) const { return wire::WholeLog{explain(why)}; }
  wire::Outgoing operator()(const wire::GetLogBytes&) const { return wire::LogBytes{}; }
  wire::Outgoing operator()(const wire::RemoveLog&) const { return wire::LogRemoved{false}; }
  wire::Outgoing operator()(const wire::GetAppIds&) const { return wire::AppIds{}; }
};

std::string left_out(std::uint64_t bytes) {
  if (bytes == 0) return "";
  return "[porpoise] This log is too large to be sent as a whole: its first " + std::to_string(bytes) +
         " bytes are left out.\n";
}

}  // namespace

std::string LogService::unread(const LogRequest& request, const wire::Profile& profile, std::int64_t opaque) {
  return wire::encode(profile.encode(std::visit(Unread{ErrorCode::kTimeout}, request), opaque));
}

std::unique_ptr<LogAnswer> LogService::begin(const LogRequest& request, std::int64_t opaque) {
  auto answer = noted(std::visit([&](const auto& one) { return this->answer(one, opaque); }, request));
  if (answer) return *std::move(answer);
  return ready(std::visit(Unread{answer.error().code()}, request), opaque);
}

std::unique_ptr<LogAnswer> LogService::ready(const wire::Outgoing& message, std::int64_t opaque) const {
  return std::make_unique<ReadyAnswer>(wire::encode(profile_.encode(message, opaque)));
}

Result<std::unique_ptr<LogAnswer>> LogService::answer(const wire::ViewLogPage& request, std::int64_t opaque) {
  if (request.limit <= 0) return ready(wire::LogPage{}, opaque);
  PORPOISE_TRY(UniqueFd log, root_.open_log(request.path));
  return std::make_unique<PageAnswer>(std::move(log), request, profile_, opaque);
}

Result<std::unique_ptr<LogAnswer>> LogService::answer(const wire::ViewWholeLog& request, std::int64_t opaque) {
  return content(wire::LogContent::kText, request.path, kMaxWholeBytes, opaque);
}

Result<std::unique_ptr<LogAnswer>> LogService::answer(const wire::GetLogBytes& request, std::int64_t opaque) {
  return content(wire::LogContent::kBytes, request.path, kMaxBytes, opaque);
}

Result<std::unique_ptr<LogAnswer>> LogService::content(wire::LogContent kind, const std::string& path, std::size_t most,
                                                       std::int64_t opaque) {
  PORPOISE_TRY(UniqueFd log, root_.open_log(path));
  PORPOISE_TRY(const LogTail tail, find_tail(log.get(), most));
  return std::make_unique<ContentAnswer>(kind, std::move(log), tail, left_out(tail.begin), profile_, opaque);
}

Result<std::unique_ptr<LogAnswer>> LogService::answer(const wire::RemoveLog& request, std::int64_t opaque) {
  PORPOISE_TRY_VOID(root_.remove_log(request.path));
  return ready(wire::LogRemoved{true}, opaque);
}

Result<std::unique_ptr<LogAnswer>> LogService::answer(const wire::GetAppIds& request, std::int64_t opaque) {
  PORPOISE_TRY(UniqueFd log, root_.open_log(request.path));
  return std::make_unique<AppIdsAnswer>(std::move(log), profile_, opaque);
}

// --- LogThread ---

namespace {

constexpr BlockingCallLimits kLimits{
    .threads = 1, .max_hung = 8, .last_wait = std::chrono::milliseconds(1000)};  // one turn at a time

constexpr int kNiceness = 5;

// Linux has a niceness for each thread (setpriority(2)).
void be_nice() {
  thread_local const bool nice = ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness) == 0;
  (void)nice;
}

struct Turn {
  Result<LogPiece> piece;
  std::vector<Error> problems;
};

}  // namespace

// The log service for one call at a time. A call that hangs keeps the one it has; the next call opens another.
class LogThread::Readers {
 public:
  struct Reader final : LogEvents {
    Reader(LogRoot root, const wire::Profile& profile) : service(std::move(root), profile, *this) {}
    void on_log_problem(const Error& problem) override { problems.push_back(problem); }

    std::vector<Error> problems;  // of the request in hand
    LogService service;
  };

  Readers(LogRoot root, std::shared_ptr<const wire::Profile> profile)
      : folder_(root.folder()),
        profile_(std::move(profile)),
        idle_(std::make_unique<Reader>(std::move(root), *profile_)) {}

  Result<std::unique_ptr<Reader>> take() {
    {
      const std::lock_guard lock(mutex_);
      if (idle_) return std::move(idle_);
    }
    PORPOISE_TRY(LogRoot root, LogRoot::open(folder_));
    return std::make_unique<Reader>(std::move(root), *profile_);
  }

  void give_back(std::unique_ptr<Reader> reader) {
    const std::lock_guard lock(mutex_);
    idle_ = std::move(reader);
  }

 private:
  const std::string folder_;
  const std::shared_ptr<const wire::Profile> profile_;
  std::mutex mutex_;
  std::unique_ptr<Reader> idle_;
};

LogThread::LogThread(boost::asio::io_context& control, LogRoot root, std::shared_ptr<const wire::Profile> profile,
                     LogEvents& events, std::chrono::milliseconds limit)
    : profile_(std::move(profile)),
      readers_(std::make_shared<Readers>(std::move(root), profile_)),
      events_(events),
      limit_(limit),
      calls_(control, kLimits) {}

LogThread::~LogThread() = default;

void LogThread::next(const std::shared_ptr<LogJob>& job, bool hurry, std::function<void(Result<LogPiece>)> on_piece) {
  calls_.call(
      "a request for a log", limit_,
      [readers = readers_, job, hurry]() -> Result<Turn> {
        be_nice();
        try {
          PORPOISE_TRY(auto reader, readers->take());
          if (!job->answer) job->answer = reader->service.begin(job->request, job->opaque);
          Turn turn{reader->service.next(*job->answer, hurry), {}};
          turn.problems = std::exchange(reader->problems, {});
          readers->give_back(std::move(reader));
          return turn;
        } catch (const std::bad_alloc&) {
          return fail(ErrorCode::kCancelled, "there is no memory for an answer");
        }
      },
      [this, on_piece = std::move(on_piece)](Result<Turn> turn) {
        if (!turn) {
          events_.on_log_problem(turn.error());
          return on_piece(fail(turn.error()));
        }
        for (const Error& problem : turn->problems) events_.on_log_problem(problem);
        on_piece(std::move(turn->piece));
      });
}

}  // namespace porpoise
