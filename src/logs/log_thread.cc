#include "logs/log_thread.h"

#include <sys/resource.h>
#include <unistd.h>

#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace porpoise {
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
  struct Reader {
    Reader(LogRoot root, const wire::Profile& profile)
        : service(std::move(root), profile, [this](const Error& one) { problems.push_back(one); }) {}

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
                     LogService::Report on_problem, std::chrono::milliseconds limit)
    : profile_(std::move(profile)),
      readers_(std::make_shared<Readers>(std::move(root), profile_)),
      on_problem_(std::move(on_problem)),
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
          if (on_problem_) on_problem_(turn.error());
          return on_piece(fail(turn.error()));
        }
        for (const Error& problem : turn->problems)
          if (on_problem_) on_problem_(problem);
        on_piece(std::move(turn->piece));
      });
}

}  // namespace porpoise
